/** logctl verify: is it sound? and what could not be checked? */
import { Option, type Command } from 'commander';
import { verify } from '../../engine/reading.js';
import type { Session } from '../session.js';
import { parseDuration, wholeNumber } from '../values.js';
import type { Outcome } from './command.js';
import { addMetrics, withMetrics } from './metrics.js';
import { addTargets } from './targets.js';

interface VerifyFlags {
  quick?: boolean;
  maxFindings?: number;
  failOn?: 'attention' | 'damage';
  maxBackupAge?: number;
}

export function define(command: Command): void {
  addTargets(command)
    .option('--quick', 'tail, size and newest backup only')
    .option('--max-findings <n>', 'findings listed at most', wholeNumber(0))
    .addOption(
      new Option('--fail-on <severity>', 'from where on the exit code is not 0').choices([
        'attention',
        'damage',
      ]),
    )
    .option('--max-backup-age <duration>', 'an older newest backup is a finding', parseDuration);
  addMetrics(command);
}

export async function run(session: Session, command: Command): Promise<Outcome> {
  const options = { ...session.where, ...command.opts<VerifyFlags>() };
  return withMetrics(session, command, async () => {
    return { report: await verify(session.context, command.args, options), stream: 'out' };
  });
}
