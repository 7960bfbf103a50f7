/** codecs: how the lines of each format are read, alone: all that a thread needs that scans. */
import type { Role } from '../model.js';
import type { LineCodec } from '../scan/kernel.js';
import type { Dialect } from './dialect.js';

/** By the dialect's name. One that learns while it reads, or that is told how to, has none. */
const CODECS: Record<string, () => Promise<Dialect['codec']>> = {
  async progressive() {
    const { progressiveCodec } = await import('./progressive/progressive-codec.js');
    return () => progressiveCodec;
  },
  opslog: async () => (await import('./opslog/opslog-snapshot.js')).opslogCodec,
  async jsonldb() {
    const { jsonldbCodec } = await import('./jsonldb/jsonldb-codec.js');
    return () => jsonldbCodec;
  },
  async nedb() {
    const { nedbCodec } = await import('./nedb/nedb-codec.js');
    return () => nedbCodec;
  },
};

/** True where a thread can read lines of a dialect that it knows by name alone. */
export const isReadByName = (dialect: string): boolean => dialect in CODECS;

/** The codec of a dialect for files of a role. Loads no other one. */
export async function codecNamed(dialect: string, role: Role): Promise<LineCodec> {
  return (await CODECS[dialect]())(role);
}
