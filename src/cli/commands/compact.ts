/** logctl compact: make logs small again, beside whoever writes them. */
import { Option, type Command } from 'commander';
import { compact, loadKernelLocks, type CompactOptions } from '../../engine/index.js';
import type { Session } from '../session.js';
import { parseDuration, parsePeriod, parseRatio, parseSize, wholeNumber } from '../values.js';
import type { Outcome } from './command.js';
import { addMetrics, withMetrics } from './metrics.js';
import { addTargets } from './targets.js';

interface CompactFlags extends Omit<CompactOptions, 'countLive'> {
  metricsTextfile?: string;
}

export function define(command: Command): void {
  addTargets(command, '')
    .option('--min-size <size>', 'leave smaller logs alone (default: 1MiB)', parseSize)
    .option('--min-garbage <ratio>', 'leave logs alone with less to reclaim: 0.5, 50%', parseRatio)
    .option(
      '--every <period>',
      'compact also below the size when the newest backup is older: daily, weekly, 12h',
      parsePeriod,
    )
    .option('--force', 'ignore these thresholds, never a safety rule')
    .option('--backups <n>', 'backups kept (default: 3)', wholeNumber(1))
    .addOption(
      // A bare one becomes `=1d` before it is parsed, so that it never takes a target for its age.
      new Option(
        '--gzip-backups <age>',
        'compress backups older than =AGE (alone: 1d), never the newest two',
      ).argParser(parseDuration),
    )
    .option('-n, --dry-run', 'say what would be done, write nothing')
    .option('--lock-wait <duration>', 'wait for another compaction to end', parseDuration)
    .option('--offline', 'no writer runs: for systems without file leases');
  addMetrics(command);
}

export async function run(session: Session, command: Command): Promise<Outcome> {
  const { metricsTextfile, ...flags } = command.opts<CompactFlags>();
  return withMetrics(session, command, async () => {
    const { disk, io, where } = session;
    const locks = await loadKernelLocks(disk);
    const context = { ...session.context, disk, locks, random: () => io.random() };
    const options = { ...flags, ...where, countLive: metricsTextfile !== undefined };
    return { report: await compact(context, command.args, options), stream: 'out' };
  });
}
