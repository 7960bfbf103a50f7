/** inspect --follow: entries as they come, until somebody stops it. */
import { follow, LogctlError, type FollowOptions, type TailEvent } from '../../engine/index.js';
import { failureReport } from '../failure.js';
import { followedLine } from '../human/follow.js';
import { entryJson } from '../present.js';
import type { Session } from '../session.js';
import type { Outcome } from './command.js';

/**
 * Prints entries until a signal comes, which is the way to end it: nothing more is said then. What
 * happens to the file is told on stderr. Throws LogctlError.
 */
export async function followLogs(
  session: Session,
  targets: string[],
  options: FollowOptions,
  format: 'jsonl' | undefined,
): Promise<Outcome> {
  const { context, where, io } = session;
  const show = (event: TailEvent, logs: number): void | Promise<void> => {
    if (event.event !== 'entry') return context.say?.(0, `${event.path}: ${event.message}`);
    const { event: _, valueOffset: __, ...row } = event;
    const text = format === 'jsonl' ? entryJson(row) : followedLine(row, { named: logs > 1 });
    return io.out.write(`${text}\n`);
  };
  try {
    await follow(context, targets, { ...where, ...options }, show);
  } catch (error) {
    const isAsked = error instanceof LogctlError && /^(interrupted|terminated)$/.test(error.code);
    if (!isAsked) throw error;
    return { report: failureReport(error), stream: 'none' };
  }
  throw new Error('following ended by itself');
}
