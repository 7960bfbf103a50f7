/** Runs a parsed command: session, report, exit code; and turns every failure into a report. */
import type { Invocation } from './arguments.js';
import type { Outcome } from './commands/command.js';
import { chalkFor } from './color.js';
import { escape } from './escape.js';
import { failureReport } from './failure.js';
import type { Globals } from './globals.js';
import { lookOf } from './human/look.js';
import type { Io } from './io.js';
import { toJson, toText } from './present.js';
import { repeated } from './repeated.js';
import { openSession } from './session.js';

/** Gives the exit code of the command. Throws nothing. */
export async function execute(io: Io, invocation: Invocation): Promise<number> {
  const { command, module, globals } = invocation;
  try {
    const session = await openSession(io, globals, command.args);
    let outcome;
    try {
      outcome = await module.run(session, command);
      session.context.say?.(2, `${command.name()} took ${outcome.report.durationMs} ms`);
    } finally {
      session.progress.stop();
    }
    return await show(io, globals, outcome);
  } catch (error) {
    return await fail(io, globals, error, command.name());
  }
}

/** Prints what `error` means and gives its exit code. */
export async function fail(
  io: Io,
  globals: Globals,
  error: unknown,
  commandName?: string,
): Promise<number> {
  const report = failureReport(error, commandName);
  const exitCode = await show(io, globals, { report, stream: 'err' });
  if ((globals.verbose ?? 0) >= 2 && error instanceof Error) {
    const lines = (error.stack ?? '').split('\n').map((line) => `${escape(line)}\n`);
    await io.err.write(lines.join(''));
  }
  return exitCode;
}

async function show(io: Io, globals: Globals, outcome: Outcome): Promise<number> {
  const { stream } = outcome;
  const report = { ...outcome.report, next: repeated(outcome.report.next, globals) };
  const { exitCode } = report;
  if (stream === 'none') return exitCode;
  if (globals.json) {
    await io.out.write(`${toJson(report)}\n`);
  } else if (!globals.quiet || exitCode !== 0) {
    const target = io[stream];
    const look = lookOf(target.columns, chalkFor(target, io.env, globals.color));
    // A quiet run is one whose output is mailed: the mail has no other place for the exit code.
    const end = globals.quiet ? `exit ${exitCode}\n` : '';
    await target.write(toText(report, look) + end);
  }
  return exitCode;
}
