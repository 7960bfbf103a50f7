/** nedb: the datafile of @seald-io/nedb. Format, versions and sources: nedb.md. */
import type { Log } from '../../log.js';
import type { Context, TargetOptions } from '../../context.js';
import type { LogFile } from '../../model.js';
import type { Dialect, UpstreamLoad } from '../dialect.js';
import { nedbCodec } from './nedb-codec.js';
import { recognisesNedb } from './nedb-recognise.js';

const work = () => import('./nedb-work.js');

/** The dialect of a datafile as the library writes it without a serialization hook. */
export const nedb: Dialect = nedbDialect({ lineFeeds: false });

/** Behind a hook's other half: it was given lines, so no character in what it gave ends one. */
const decodedNedb: Dialect = nedbDialect({ lineFeeds: true });

function nedbDialect(framing: { lineFeeds: boolean }): Dialect {
  const { shape } = nedbCodec;
  const codec = framing.lineFeeds
    ? { ...nedbCodec, shape: { ...shape, breaks: undefined } }
    : nedbCodec;
  return {
    name: 'nedb',
    looksLike: 'documents with an "_id", and lines with "$$deleted" or "$$indexCreated"',
    recognises: recognisesNedb,
    takes: ['decode'],
    withOptions: ({ decode }: TargetOptions) => (decode === undefined ? nedb : decodedNedb),
    layout: (_disk, path): LogFile[] => [{ path, role: 'segment' }],
    codec: () => codec,
    // A document may begin with any member, and its _id stands last where the library made it up.
    resync: ['{"'],
    checkpointStart: undefined,
    checkpointOps: [],
    companionSuffixes: ['~'],
    compaction: 'lines',
    async checkStore(context, scan, findings) {
      const { checkNedb } = await work();
      return checkNedb(context, scan, findings, framing);
    },
    upstream: {
      reader: 'nedb',
      refusesBadLines: false,
      trimsFile: false,
      losesKeys: [],
      mergesState: false,
      cutsLines: 'nedb cuts it there at its next start, and loses the document',
      ignoresLogs: [],
      load: (context, log, until) => load(context, log, { ...framing, until }),
    },
    sequenced: false,
    notChecked: [
      'whether a program has this store in its memory: nedb takes no lock and keeps no file open',
    ],
  };
}

async function load(
  context: Context,
  { path }: Log,
  options: { until?: number; lineFeeds: boolean },
): Promise<UpstreamLoad> {
  const { loadAsLibrary } = await work();
  const { refusal, keydir, sources } = await loadAsLibrary(context, path, options);
  if (refusal === undefined) return { keydir, sources };
  const { message, line, offset } = refusal;
  return { keydir, sources, refusal: { message, path, line, offset } };
}
