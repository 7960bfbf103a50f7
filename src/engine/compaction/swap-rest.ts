/** swap-rest: what the end of a log is that no newline ends, by the rules for all other lines. */
import { scanLastLine } from '../checks/scan-tail.js';
import type { Context } from '../context.js';
import { partOf } from '../bytes/source-part.js';
import { unfinishedBatch } from '../damage/unfinished-batch.js';
import { isWholeEntry } from '../damage/whole-entry.js';
import type { SyncSource } from '../disk.js';
import { LogctlError } from '../errors.js';
import type { Finding } from '../findings.js';
import type { Log } from '../log.js';
import { scanSource } from '../recovery/recover-state.js';
import type { Stretch } from './swap-late.js';

/** A whole entry; the start of one, or nothing; what verify calls damage. */
export type RestKind = { kind: 'whole' } | { kind: 'torn' } | { kind: 'damaged'; damage: Finding };

/** Judges the bytes of an open log after its last newline. `timeBefore`: of the entry before. */
export async function judgeRest(
  context: Context,
  log: Log,
  file: SyncSource,
  { from, to, timeBefore }: Stretch & { timeBefore: number },
): Promise<RestKind> {
  // The end of a batch that was cut counts for nobody, whatever it looks like.
  if ((await unfinishedBatch(file, to, log.dialect)) !== undefined) {
    return { kind: isWholeEntry(file, from, to) ? 'whole' : 'torn' };
  }
  const scan = await scanSource(context, log, partOf(file, from, to), { fold: false, timeBefore });
  scan.close();
  const damage = scan.findings.all.find(({ severity }) => severity === 'error');
  if (damage !== undefined) return { kind: 'damaged', damage };
  return { kind: scan.tail === 'unended' ? 'whole' : 'torn' };
}

/**
 * The judge of what a writer leaves without a newline while a log is replaced: true for a whole
 * entry. Throws LogctlError `changed` for damage: nobody knows yet what of it is whole.
 */
export function restJudge(context: Context, log: Log) {
  return async (file: SyncSource, { from, to }: Stretch): Promise<boolean> => {
    const before = await scanLastLine(context, log, partOf(file, 0, from));
    before.close();
    const { lastTime: timeBefore } = before.counter;
    const rest = await judgeRest(context, log, file, { from, to, timeBefore });
    if (rest.kind !== 'damaged') return rest.kind === 'whole';
    const { path } = log;
    const words = `a writer left a damaged line at its end (${rest.damage.code}) meanwhile`;
    const next = [['logctl', 'recover', '--dry-run', path]];
    throw new LogctlError('changed', `${path}: ${words}`, next[0].join(' '), { path, next });
  };
}
