/** How far a long read has come: a spinner for people, status lines for programs. */
import type { Ora } from 'ora';
import type { Progress } from '../engine/index.js';
import { escape, safeJson } from './escape.js';
import { shorten } from './human/text.js';
import { briefBytes, seconds } from './human/units.js';
import type { Io } from './io.js';
import { require } from './require.js';

/** A place that shows the newest Progress. */
export interface ProgressLine {
  show(at: Progress): void;
  /** Takes the spinner off the screen until the next `show`, so that other text can be written. */
  clear(): void;
  stop(): void;
}

/** A run shorter than this shows no spinner. */
const patienceMs = 1_000;
/** Status lines of one phase of a file come no closer than this, but for its first and last. */
const statusEveryMs = 200;

/** `auto` (the default): a spinner on a TTY. `json`: status lines on stderr. */
export function openProgress(io: Io, how: 'auto' | 'json' | 'none' = 'auto'): ProgressLine {
  if (how === 'json') return statusLines(io);
  const { isTTY, stream, columns } = io.err;
  // Dumb terminals cannot go back in a line; without a width ora would clear lines for ever.
  const draws = isTTY && stream !== undefined && columns !== undefined && io.env.TERM !== 'dumb';
  return how === 'auto' && draws ? spinner(io) : { show() {}, clear() {}, stop() {} };
}

/** How fast, and how long to go; null where it cannot be known. */
export function paceOf({ done, total }: Progress, elapsedMs: number) {
  const bytesPerSecond = elapsedMs > 0 ? Math.round((done * 1_000) / elapsedMs) : null;
  const known = bytesPerSecond !== null && bytesPerSecond > 0 && total > 0;
  const etaMs = known ? Math.max(0, Math.round(((total - done) * 1_000) / bytesPerSecond)) : null;
  return { bytesPerSecond, etaMs };
}

/** One line of words, at most `columns` wide. */
export function progressText(at: Progress, elapsedMs: number, columns: number): string {
  const { bytesPerSecond, etaMs } = paceOf(at, elapsedMs);
  const of = at.total > 0 ? ` of ${briefBytes(at.total)}` : '';
  const rate = bytesPerSecond === null ? '' : `, ${briefBytes(bytesPerSecond)}/s`;
  const eta = etaMs === null ? '' : `, ${seconds(etaMs)} left`;
  const pace = `${briefBytes(at.done)}${of}${rate}${eta}`;
  const room = Math.max(8, columns - at.phase.length - pace.length - 3);
  return `${at.phase} ${shorten(escape(at.path), room)}  ${pace}`;
}

function statusLines(io: Io): ProgressLine {
  const clock = phaseClock(io);
  let nextAt = 0;
  return {
    show(at) {
      const elapsedMs = clock(at);
      if (elapsedMs > 0 && at.done !== at.total && io.now() < nextAt) return;
      nextAt = io.now() + statusEveryMs;
      const line = JSON.stringify({ ...at, ...paceOf(at, elapsedMs) });
      void io.err.write(`${safeJson(line)}\n`);
    },
    clear() {},
    stop() {},
  };
}

function spinner(io: Io): ProgressLine {
  const clock = phaseClock(io);
  const startedAt = io.now();
  let stopped = false;
  let drawn: Ora | undefined;
  const start = (text: string) => {
    const { default: ora } = require('ora') as typeof import('ora');
    // discardStdin would put the terminal's input into raw mode, where Ctrl-C is only a byte.
    // The `line` spinner is plain ASCII, for terminals without UTF-8.
    const still = { discardStdin: false, color: false } as const;
    return ora({ text, stream: io.err.stream, spinner: 'line', ...still }).start();
  };
  return {
    show(at) {
      const elapsedMs = clock(at);
      if (stopped || io.now() - startedAt < patienceMs) return;
      // Two columns for the spinner, one so that the line never wraps.
      const text = progressText(at, elapsedMs, (io.err.columns ?? 80) - 3);
      if (drawn === undefined) drawn = start(text);
      else drawn.text = text;
    },
    clear: () => void drawn?.clear(),
    stop() {
      stopped = true;
      drawn?.stop();
    },
  };
}

/** Milliseconds since this phase of this file began. */
function phaseClock(io: Io): (at: Progress) => number {
  let phase = '';
  let startedAt = 0;
  return (at) => {
    const now = `${at.phase} ${at.path}`;
    if (now !== phase) startedAt = io.now();
    phase = now;
    return io.now() - startedAt;
  };
}
