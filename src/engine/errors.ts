/** The error a world that refuses becomes, and the exit code of every outcome. */

/** Exit codes, the same for every command. Source: README, "Exit codes". */
export const EXIT = {
  ok: 0,
  bug: 1,
  usage: 2,
  attention: 3,
  damaged: 4,
  operational: 8,
  notFound: 10,
  busy: 11,
  recoveredWithLoss: 20,
  refused: 21,
  changedUnderneath: 22,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Every error code and the exit code it ends with. Codes are public. */
const EXIT_OF = {
  usage: EXIT.usage,
  io: EXIT.operational,
  'no-permission': EXIT.operational,
  'no-space': EXIT.operational,
  'too-large': EXIT.operational,
  'bad-intent': EXIT.operational,
  unsupported: EXIT.operational,
  'not-found': EXIT.notFound,
  'not-a-log': EXIT.notFound,
  damaged: EXIT.damaged,
  busy: EXIT.busy,
  refused: EXIT.refused,
  'out-of-range': EXIT.refused,
  differs: EXIT.attention,
  changed: EXIT.changedUnderneath,
  interrupted: EXIT.interrupted,
  terminated: EXIT.terminated,
} as const satisfies Record<string, ExitCode>;

export type ErrorCode = keyof typeof EXIT_OF;

/**
 * The world refused, or a rule did. `hint` is the next step, as a person would say it.
 * `exitCode` follows from `code`. `next` are commands to copy, the first never destroys anything.
 */
export class LogctlError extends Error {
  override readonly name = 'LogctlError';
  readonly exitCode: ExitCode;
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint: string,
    readonly details: { path?: string; next?: string[][]; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.exitCode = EXIT_OF[code];
  }
}

/** The user stopped all of it, not what was at work. */
export const isInterruption = (error: unknown): boolean =>
  error instanceof LogctlError && (error.code === 'interrupted' || error.code === 'terminated');

/** The order in which the worst of several logs wins. */
const WORST_FIRST: readonly number[] = [1, 143, 130, 2, 8, 4, 21, 22, 11, 10, 20, 3, 0];

/** The exit code of a run over several logs. An empty list is 0. */
export function worstExit(codes: Iterable<number>): ExitCode {
  let worst: number = EXIT.ok;
  for (const code of codes) {
    if (WORST_FIRST.indexOf(code) < WORST_FIRST.indexOf(worst)) worst = code;
  }
  return worst as ExitCode;
}
