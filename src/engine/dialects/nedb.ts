/** nedb: the datafile of @seald-io/nedb. Format, versions and sources: nedb.md. */
import type { LogFile } from '../model.js';
import type { Dialect, UpstreamLoad } from './dialect.js';
import { nedbCodec } from './nedb-codec.js';
import { checkNedb } from './nedb-checks.js';
import { recognisesNedb } from './nedb-recognise.js';
import { loadAsLibrary } from './nedb-upstream.js';

/** The dialect of a datafile without a serialization hook. */
export const nedb: Dialect = {
  name: 'nedb',
  looksLike: 'documents with an "_id", and lines with "$$deleted" or "$$indexCreated"',
  recognises: recognisesNedb,
  layout: (_disk, path): LogFile[] => [{ path, role: 'segment' }],
  codec: () => nedbCodec,
  // A document may begin with any member, and its _id stands last where the library made it up.
  resync: ['{"'],
  checkpointStart: undefined,
  checkpointOps: [],
  companionSuffixes: ['~'],
  compaction: 'lines',
  checkStore: checkNedb,
  upstream: {
    reader: 'nedb',
    refusesBadLines: false,
    trimsFile: false,
    losesKeys: [],
    mergesState: false,
    ignoresLogs: [],
    async load(context, log, until): Promise<UpstreamLoad> {
      const { refusal, keydir, sources } = await loadAsLibrary(context, log.path, { until });
      if (refusal === undefined) return { keydir, sources };
      const { message, line, offset } = refusal;
      return { keydir, sources, refusal: { message, path: log.path, line, offset } };
    },
  },
  sequenced: false,
};
