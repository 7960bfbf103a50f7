/** jsonl: any file of which the lines are JSON values. Rules and options: jsonl.md. */
import type { LogScan } from '../../checks/scan-log.js';
import type { FormatOptions } from '../../context.js';
import type { FindingList } from '../../finding-list.js';
import type { LogFile } from '../../model.js';
import type { Dialect } from '../dialect.js';
import { jsonlCodec, linesWithoutEffect } from './jsonl-codec.js';
import { placesOf } from './jsonl-places.js';
import { recognisesLines } from './jsonl-recognise.js';
import { plural } from '../../text.js';

/** What is taken where no format of its own is recognised; keys only where they are named. */
export const jsonl: Dialect = dialectOf({});

function dialectOf(options: FormatOptions): Dialect {
  const codec = jsonlCodec(placesOf(options));
  const isKeyless = options.keyAt === undefined;
  return {
    name: 'jsonl',
    looksLike: 'any lines of JSON',
    about: 'no format of its own: lines of JSON',
    ...(isKeyless && { needsForKeys: '--key-at POINTER, as --key-at /id' }),
    isFallback: true,
    recognises: recognisesLines,
    takes: ['keyAt', 'valueAt', 'timeAt', 'deleteAt'],
    withOptions: dialectOf,
    layout: (_disk, path): LogFile[] => [{ path, role: 'segment' }],
    codec: () => codec,
    resync: ['{"', '[', '{}'],
    checkpointStart: undefined,
    checkpointOps: [],
    compaction: 'lines',
    checkStore: async (_context, scan, findings) => sayKeyless(scan, findings, options),
    upstream: {
      reader: 'a reader that parses each line',
      refusesBadLines: true,
      trimsFile: false,
      losesKeys: [],
      mergesState: false,
      ignoresLogs: [],
    },
    sequenced: false,
  };
}

/** One notice for all of them: such lines are usual where entries of several kinds share a file. */
function sayKeyless(
  { log, counter }: LogScan,
  findings: FindingList,
  options: FormatOptions,
): void {
  const lines = linesWithoutEffect(counter.ops);
  if (options.keyAt === undefined || lines === 0) return;
  const words = `${plural(lines, 'line')} without a key at ${options.keyAt}, or without a value`;
  findings.add('ignored-entry', log.path, `${words}: kept, no part of the state`);
}
