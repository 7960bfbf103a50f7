/** System calls of a process and its threads, in the order in which they began and ended. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** strace is there and may trace; where not, tests that need it say so and are skipped. */
export const hasStrace = spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']).status === 0;

/** A call that has begun or ended: `text` is the call with its arguments, `path` its file. */
export interface CallEvent {
  what: 'begins' | 'ends';
  name: string;
  path: string;
  text: string;
  /** What it gave; undefined where it has only begun. */
  result?: number;
}

/** strace and its arguments, to be put before a program; `only`: names of calls. */
export const tracing = (trace: string, only: string): string[] => {
  return ['strace', '-f', '-qq', '-y', '-s', '65536', '-o', trace, '-e', `trace=${only}`];
};

/** Reads what `tracing` wrote. A call that nothing interrupted begins and ends at one place. */
export function callEvents(trace: string): CallEvent[] {
  const begun = new Map<string, string>();
  const events: CallEvent[] = [];
  for (const line of readFileSync(trace, 'latin1').split('\n')) {
    const found = /^(\d+) +(.*)$/.exec(line);
    if (found === null) continue;
    const [, thread, rest] = found;
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const text = resumed === null ? rest : `${begun.get(thread) ?? ''}${resumed[1]}`;
    const call = /^(\w+)\(\d+(?:<([^>]*)>)?/.exec(text);
    if (call === null) continue;
    const [, name, path = ''] = call;
    if (resumed === null) events.push({ what: 'begins', name, path, text });
    if (text.endsWith('<unfinished ...>')) begun.set(thread, text.slice(0, -16));
    else {
      const result = Number(/ = (-?\d+)[^=]*$/.exec(text)?.[1] ?? NaN);
      events.push({ what: 'ends', name, path, text, result });
    }
  }
  return events;
}
