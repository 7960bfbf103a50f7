/** jsonldb: the store of @alcalzone/jsonl-db (ioBroker, Z-Wave JS). Sources: jsonldb.md. */
import { basename } from 'node:path';
import type { LogFile } from '../../model.js';
import type { Dialect, Probe } from '../dialect.js';
import { jsonldbCodec } from './jsonldb-codec.js';
import { isLogName } from '../opslog/opslog-layout.js';

const work = () => import('./jsonldb-work.js');

const START = '{"k":"';

/** The dialect of a key-value store whose lines are `{"k":…,"v":…}`. */
export const jsonldb: Dialect = {
  name: 'jsonldb',
  looksLike: 'lines that begin with {"k":"',
  recognises,
  layout: (_disk, path): LogFile[] => [{ path, role: 'segment' }],
  codec: () => jsonldbCodec,
  resync: ['{"k":'],
  checkpointStart: undefined,
  checkpointOps: [],
  companionSuffixes: ['.bak', '.dump'],
  predecessorSuffix: '.bak',
  emptiesInPlace: true,
  checkStore: async (...all) => (await work()).checkJsonldb(...all),
  notChecked: [
    'writes that jsonl-db held back (throttleFS) when it ended: they are in no file',
    'a lock in another folder (lockfile.directory): only an open file tells of its holder',
  ],
  lock: {
    look: async (context, path) => {
      const { lookAtLock } = await work();
      const { state, words } = await lookAtLock(context, path, { patient: false });
      return { state: state === 'odd' ? 'stale' : state, words };
    },
    take: async (context, path) => (await work()).takeLock(context, path, { waitMs: 0 }),
  },
  compaction: 'lines',
  upstream: {
    reader: 'jsonl-db',
    refusesBadLines: false,
    trimsFile: false,
    losesKeys: [],
    mergesState: false,
    cutsLines:
      'with Node 24 and later jsonl-db cuts it there, and refuses the store or loses the key',
    ignoresLogs: [],
    load: async (context, { path }, until) => (await work()).loadUpstream(context, path, until),
  },
  sequenced: false,
};

/**
 * The first line that is left begins as its lines do. An empty or zeroed file is known by its name
 * alone: no other store has one that ends so, but for the logs of opslog.
 */
function recognises({ head, names, path, kind }: Probe): boolean {
  const text = Buffer.from(head.buffer, head.byteOffset, head.length).toString('latin1');
  if (/^(\xef\xbb\xbf)?[\s\0]*\{"k":/.test(text) || /[\n\r\0]\{"k":"/.test(text)) return true;
  const base = basename(path);
  if (kind === 'directory' || !base.endsWith('.jsonl') || isLogName(base)) return false;
  const isBesideOurs = ['.bak', '.dump', '.lock'].some((suffix) => names.includes(base + suffix));
  return /^\0*$/.test(text) || (isBesideOurs && (/^[\s\0]*$/.test(text) || START.startsWith(text)));
}
