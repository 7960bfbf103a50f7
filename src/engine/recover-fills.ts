/** recover-fills: two special fills: a whole head from its backup, one value from the mirror. */
import type { CheckedBackup } from './backups.js';
import { backupLog } from './backups.js';
import type { Context } from './context.js';
import type { Damage } from './damage-log.js';
import { findLine, lineAt, type Fill } from './fills.js';
import { withoutSpacing } from './json-equal.js';
import { stringToKey } from './key-bytes.js';
import { openSource } from './log.js';
import { readMirror } from './mirror.js';
import { scanLog, type LogScan } from './scan-log.js';
import { readRange } from './values.js';

/**
 * A damaged first line that was a checkpoint: the backup it was made from holds the same state,
 * entry by entry. What the compaction carried behind the checkpoint is taken from the log.
 */
export async function headFill(
  context: Context,
  scan: LogScan,
  damage: Damage,
  backups: readonly CheckedBackup[],
): Promise<Fill | undefined> {
  const start = scan.log.dialect.checkpointStart;
  if (start === undefined || damage.offset !== 0 || !damage.ended) return undefined;
  const looksSo = damage.head.startsWith(start) || similar(damage.head, start);
  const base = backups.find(({ verdict }) => verdict === 'ok');
  if (!looksSo || base === undefined || base.compressed) return undefined;
  const source = openSource(context, base.path);
  try {
    const carried = await lineAt(scan.sources[0], damage.length + 1, scan.bytes);
    const at = carried === undefined ? -1 : await findLine(source, carried, 0);
    const length = at < 0 ? base.bytes : at;
    const counted = await scanLog(context, backupLog(scan.log, base.path), {
      fold: false,
      until: length,
    });
    counted.close();
    const entries = counted.counter.ops.reduce((sum, count) => sum + count, 0);
    return counted.tail === 'unended' ? undefined : { path: base.path, offset: 0, length, entries };
  } finally {
    source.close();
  }
}

/** True when at most two bytes differ: a flipped bit in the first bytes hides nothing. */
function similar(head: string, start: string): boolean {
  let different = 0;
  for (let i = 0; i < start.length; i++) if (head[i] !== start[i]) different++;
  return different <= 2;
}

/** An entry that sets `key` to the mirror's value, newline included; undefined without one. */
export async function mirrorFill(
  context: Context,
  scan: LogScan,
  mirrorPath: string,
  key: string,
): Promise<string | undefined> {
  const entry = scan.log.dialect.putEntry;
  if (entry === undefined || context.disk.stat(mirrorPath) === undefined) return undefined;
  const mirror = await readMirror(context, mirrorPath);
  try {
    const index = mirror.errorAt === undefined ? mirror.keydir.find(stringToKey(key)) : -1;
    if (index < 0) return undefined;
    const value = await readRange(mirror.keydir.at(index), [mirror.source], mirror.keydir);
    const text = Buffer.from(withoutSpacing(value)).toString('utf8');
    return `${entry({ key, value: text, now: context.now() })}\n`;
  } finally {
    mirror.source.close();
  }
}
