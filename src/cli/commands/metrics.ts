/** The option --metrics-textfile, and the file it asks for: written however a run ends. */
import type { Command } from 'commander';
import { bugOf, EXIT, LogctlError, verdictOf, worstExit } from '../../engine/reading.js';
import type { ExitCode, Report } from '../../engine/index.js';
import type { Session } from '../session.js';
import type { Outcome } from './command.js';

/** Adds the option. */
export function addMetrics(command: Command): Command {
  return command.option(
    '--metrics-textfile <file>',
    "write the run's figures for node_exporter, also when it fails",
  );
}

/**
 * Runs `work` and writes its metrics to the file that `command` names, if it names one. A file
 * that is not ours is refused before the work; one that cannot be written makes the report fail,
 * for what was not told to the monitoring has to be told to somebody.
 */
export async function withMetrics(
  session: Session,
  command: Command,
  work: () => Promise<Outcome>,
): Promise<Outcome> {
  const { metricsTextfile: file } = command.opts<{ metricsTextfile?: string }>();
  if (file === undefined) return work();
  const { readMetrics } = await import('../../engine/index.js');
  readMetrics(session.disk, file);
  let outcome: Outcome;
  try {
    outcome = await work();
  } catch (error) {
    await tell(session, command, file, { exitCode: exitCodeOf(error) }).catch((again: unknown) => {
      session.context.say?.(0, `metrics: ${(again as Error).message}`);
    });
    throw error;
  }
  const { report } = outcome;
  try {
    await tell(session, command, file, { exitCode: report.exitCode, report });
    return outcome;
  } catch (error) {
    return { ...outcome, report: failed(report, error) };
  }
}

async function tell(
  { disk, context, io, where }: Session,
  command: Command,
  file: string,
  run: { exitCode: ExitCode; report?: Report },
): Promise<void> {
  const { now, say } = context;
  const world = { disk, now, say, random: () => io.random() };
  const { backupDir } = where;
  const { writeMetrics } = await import('../../engine/index.js');
  return writeMetrics(world, file, { command: command.name(), ...run, backupDir });
}

const exitCodeOf = (error: unknown) => (error instanceof LogctlError ? error.exitCode : EXIT.bug);

/** What the run has found is shown all the same. */
function failed<Kind extends Report>(report: Kind, thrown: unknown) {
  const worst = worstExit([report.exitCode, exitCodeOf(thrown)]);
  const { code, message, hint } = thrown instanceof LogctlError ? thrown : bugOf(thrown);
  return { ...report, exitCode: worst, verdict: verdictOf(worst), error: { code, message, hint } };
}
