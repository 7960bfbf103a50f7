/** codecs: how the lines of each format are read, alone: all that a thread needs that scans. */
import type { Role } from '../model.js';
import type { LineCodec } from '../scan/kernel.js';
import type { Dialect } from './dialect.js';
import { jsonldbCodec } from './jsonldb/jsonldb-codec.js';
import { nedbCodec } from './nedb/nedb-codec.js';
import { opslogCodec } from './opslog/opslog-snapshot.js';
import { progressiveCodec } from './progressive/progressive-codec.js';

/** By the dialect's name. One that learns while it reads, or that is told how to, has none. */
const CODECS: Record<string, Dialect['codec']> = {
  progressive: () => progressiveCodec,
  opslog: opslogCodec,
  jsonldb: () => jsonldbCodec,
  nedb: () => nedbCodec,
};

/** True where a thread can read lines of a dialect that it knows by name alone. */
export const isReadByName = (dialect: string): boolean => Object.hasOwn(CODECS, dialect);

/** The codec of such a dialect for files of a role. */
export const codecNamed = (dialect: string, role: Role): LineCodec => CODECS[dialect](role);
