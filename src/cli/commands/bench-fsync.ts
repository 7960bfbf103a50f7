/** logctl bench-fsync: can this disk keep my promises? */
import type { Command } from 'commander';
import { benchFsync } from '../../engine/index.js';
import type { Session } from '../session.js';
import { wholeNumber } from '../values.js';
import type { Outcome } from './command.js';
import { addTargets } from './targets.js';

export function define(command: Command): void {
  addTargets(command, '').option(
    '--rounds <n>',
    'rounds of each method (default: 2000, or as many as fit into 10 s)',
    wholeNumber(1),
  );
}

export async function run(session: Session, command: Command): Promise<Outcome> {
  const { disk, io, where } = session;
  const clockMs = () => performance.now();
  const context = { ...session.context, disk, clockMs, random: () => io.random() };
  const options = { ...where, ...command.opts<{ rounds?: number }>() };
  return { report: await benchFsync(context, command.args, options), stream: 'out' };
}
