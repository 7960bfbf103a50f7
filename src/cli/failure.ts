/** Makes the report of what stopped a command. */
import { CommanderError } from 'commander';
import { bugOf, EXIT, LogctlError, verdictOf } from '../engine/reading.js';
import type { ExitCode, Failure, FailureReport, NextStep } from '../engine/index.js';
import { version } from './version.js';

/**
 * Gives the report for anything thrown. What is neither a LogctlError nor a usage error is our own
 * mistake: exit code 1, never a verdict. `commandName` is whose help a usage error names.
 */
export function failureReport(thrown: unknown, commandName?: string): FailureReport {
  const { failure, exitCode, next } = explain(thrown, commandName);
  return {
    schema: 'logctl/error@1',
    report: 'error',
    version,
    verdict: verdictOf(exitCode),
    exitCode,
    durationMs: 0,
    logs: [],
    findings: [],
    notChecked: [],
    next,
    error: failure,
  };
}

interface Explanation {
  failure: Failure;
  exitCode: ExitCode;
  next: NextStep[];
}

function explain(thrown: unknown, commandName: string | undefined): Explanation {
  if (thrown instanceof CommanderError) return explainUsage(thrown, commandName);
  if (thrown instanceof LogctlError) {
    const { code, message, hint, exitCode, details } = thrown;
    const usageNext = code === 'usage' ? helpOf(commandName) : [];
    const next = details.next?.map(stepOf) ?? usageNext;
    return { failure: { code, message, hint }, exitCode, next };
  }
  return { failure: bugOf(thrown), exitCode: EXIT.bug, next: [] };
}

function explainUsage(error: CommanderError, commandName: string | undefined): Explanation {
  // Commander writes `error: what` and, in a second line, `(Did you mean this?)`.
  const [first, ...more] = error.message.split('\n');
  const noCommand = error.code === 'commander.help';
  const message = noCommand ? 'no command was named' : first.replace(/^error: /, '');
  const hint = more.join(' ').replace(/^\((.*)\)$/, '$1');
  const failure = { code: 'usage', message, hint };
  return { failure, exitCode: EXIT.usage, next: helpOf(commandName) };
}

function helpOf(commandName: string | undefined): NextStep[] {
  const name = commandName === undefined ? [] : [commandName];
  return [stepOf(['logctl', ...name, '--help'])];
}

const stepOf = (argv: string[]): NextStep => ({ argv, why: '', writes: false });
