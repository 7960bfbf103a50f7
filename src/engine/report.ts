/** report: the envelope around every verb's result, exit codes, verdict words, next steps. */
import type { Context } from './context.js';
import { EXIT, isInterruption, LogctlError, worstExit, type ExitCode } from './errors.js';
import { FINDINGS, type Finding, type Remedy } from './findings.js';
import type { Envelope, Failure, NextStep, Verdict } from './model.js';
import { plural } from './text.js';

const VERDICT: Record<number, Verdict> = {
  [EXIT.ok]: 'ok',
  [EXIT.attention]: 'attention',
  [EXIT.damaged]: 'damaged',
  [EXIT.operational]: 'no verdict',
  [EXIT.notFound]: 'not found',
  [EXIT.busy]: 'busy',
  [EXIT.refused]: 'refused',
  [EXIT.changedUnderneath]: 'changed underneath',
  [EXIT.recoveredWithLoss]: 'recovered with loss',
};

/** The word for an exit code. */
export const verdictOf = (exitCode: ExitCode): Verdict => VERDICT[exitCode] ?? 'no verdict';

/** The exit code findings ask for: error 4, attention 3 (0 where only damage shall fail). */
export function exitOf(findings: Iterable<Finding>, failOn: 'attention' | 'damage' = 'attention') {
  const codes: ExitCode[] = [];
  for (const { severity } of findings) {
    if (severity === 'error') codes.push(EXIT.damaged);
    else if (severity === 'attention' && failOn === 'attention') codes.push(EXIT.attention);
  }
  return worstExit(codes);
}

/** Fills the envelope: the worst exit code of the logs, the verdict, how long it took. */
export function envelope<Name extends string, Part extends { exitCode: ExitCode }>(
  context: Context,
  name: Name,
  startedAt: number,
  logs: Part[],
  rest: { findings: Finding[]; notChecked?: string[]; next: NextStep[]; exitCode?: ExitCode },
): Envelope<Name, Part> {
  const exitCode = rest.exitCode ?? worstExit(logs.map((log) => log.exitCode));
  return {
    schema: `logctl/${name}@1`,
    version: context.version,
    verdict: verdictOf(exitCode),
    exitCode,
    durationMs: Math.max(0, Math.round(context.now() - startedAt)),
    logs,
    findings: rest.findings,
    notChecked: rest.notChecked ?? [],
    next: rest.next,
  };
}

/**
 * What was thrown as data, for the part of a log that failed alone: a mistake of ours as well, with
 * exit code 1, for it keeps no other log from being looked at; `-vv` shows where it was. An
 * interruption is rethrown.
 */
export function failureOf(
  error: unknown,
  { say }: Pick<Context, 'say'>,
): Failure & { exitCode: ExitCode } {
  if (isInterruption(error)) throw error;
  if (error instanceof LogctlError) {
    const { code, message, hint, exitCode } = error;
    return { code, message, hint, exitCode };
  }
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  for (const line of stack.split('\n')) say?.(2, line);
  return { ...bugOf(error), exitCode: EXIT.bug };
}

/** What is said of a mistake of ours: never a verdict. */
export function bugOf(thrown: unknown): Failure {
  const words = thrown instanceof Error ? thrown.message : String(thrown);
  return {
    code: 'bug',
    message: `a mistake in logctl, not in your log: ${words}`,
    hint:
      'Nothing was concluded about the data. Please report it, with the command, ' +
      'logctl --version, and what -vv prints.',
  };
}

/** What helps most first. */
const REMEDIES: readonly Remedy[] = ['salvage', 'recover', 'mirror', 'compact', 'look'];
const CUT = new Set<string>(['truncated-log', 'log-missing', 'unfinished-compaction']);

/** A line that its own reader cuts is whole, and salvage writes it so that no reader does. */
const remedyOf = ({ code, severity }: Finding): Remedy =>
  code === 'reader-differs' && severity !== 'notice' ? 'salvage' : FINDINGS[code].remedy;

/** The next step for findings about `target`; empty when nothing needs doing. */
export function nextFor(findings: readonly Finding[], target: string): NextStep[] {
  const acting = findings.filter(({ severity }) => severity !== 'notice');
  const remedies = new Set(acting.map(remedyOf));
  const first = REMEDIES.find((remedy) => remedies.has(remedy));
  // A salvage brings back entries that the mirror may have already: then it differs no more.
  const mends = acting.filter(({ code }) => first !== 'salvage' || code !== 'mirror-differs');
  const mirror = mends.some(({ code }) => FINDINGS[code].remedy === 'mirror') ? ['--mirror'] : [];
  const plan = ['logctl', 'recover', '--dry-run'];
  const why = 'this only shows what it would do';
  switch (first) {
    case 'salvage': {
      // A cut log gets its base from a backup before any policy: no choice to make.
      const onlyCut = acting.every(({ code, severity }) => severity !== 'error' || CUT.has(code));
      const isSalvage = acting.some((one) => {
        return remedyOf(one) === 'salvage' && one.severity !== 'error';
      });
      const policy = onlyCut && !isSalvage ? [] : ['--policy', 'salvage'];
      return [{ argv: [...plan, ...policy, ...mirror, target], why, writes: false }];
    }
    case 'recover':
    case 'mirror':
      return [{ argv: [...plan, ...mirror, target], why, writes: false }];
    case 'compact':
      return [{ argv: ['logctl', 'compact', '--dry-run', target], why, writes: false }];
    default:
      return [];
  }
}

/** What verify cannot know about a log, in words. */
export function uncheckedWords(entries: number, checksummed: number): string[] {
  if (entries === 0 || checksummed === entries) return [];
  const unseen = 'about 1 in 4 single bit flips would go unseen';
  if (checksummed === 0) return [`per-entry checksum: this log has none, ${unseen}`];
  const without = plural(entries - checksummed, 'entry', 'entries');
  return [`per-entry checksum: ${without} without one, where ${unseen}`];
}
