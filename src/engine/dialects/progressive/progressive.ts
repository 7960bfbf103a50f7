/** progressive: the game bot's append log. Format, versions and sources: progressive.md. */
import type { LogFile } from '../../model.js';
import type { Dialect, Probe } from '../dialect.js';
import { progressiveCodec } from './progressive-codec.js';
import { progressiveWriting } from './progressive-writing.js';

/** The dialect of Name-That-Artist's services/append-log.js, and of what we write ourselves. */
export const progressive: Dialect = {
  name: 'progressive',
  looksLike: 'lines with "op":"SET", "DELETE" or "CHECKPOINT"',
  recognises,
  layout: (_disk, path): LogFile[] => [{ path, role: 'segment' }],
  codec: () => progressiveCodec,
  resync: ['{"timestamp":"', '{"op":"'],
  checkpointStart: '{"op":"CHECKPOINT"',
  checkpointOps: ['CHECKPOINT'],
  compaction: 'checkpoint',
  ...progressiveWriting,
  upstream: {
    reader: "the bot's own reader",
    writer: 'the bot',
    refusesBadLines: true,
    trimsFile: true,
    losesKeys: ['__proto__'],
    mergesState: true,
    ignoresLogs: ['game_state.log'],
  },
  sequenced: true,
};

function recognises({ head, path }: Probe): boolean {
  const text = Buffer.from(head.buffer, head.byteOffset, head.length).toString('latin1');
  if (/"op"\s*:\s*"(SET|DELETE|CHECKPOINT)"/.test(text)) return true;
  // Other programs' lines begin with a timestamp too: the operation follows, or the line is torn.
  if (/^(\xef\xbb\xbf)?\s*\{\s*("timestamp"\s*:\s*"[^"]*"\s*,\s*)?"op"\s*:/.test(text)) return true;
  if (/^\{"timestamp":("[^"]*("(,("(o(p"?)?)?)?)?)?)?$/.test(text)) return true;
  // Nothing left to recognise it by: torn in its first member, empty, or lost sectors.
  const isTorn = ['{"timestamp":', '{"op":'].some((start) => start.startsWith(text));
  return (/^\0*$/.test(text) || isTorn) && /(^|\/)logs\/[^/]+\.log$/.test(path);
}
