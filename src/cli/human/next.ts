/** The next steps: commands that can be copied into a shell. */
import type { NextStep } from '../../engine/index.js';
import { shellQuote } from '../../engine/reading.js';
import { escape } from '../escape.js';
import { wrap, widthOf } from './text.js';

const labels = ['Next: ', 'then: '];
const indent = ' '.repeat(6);

/** Gives the lines of all steps; a long command goes on behind a backslash. */
export function nextSteps(steps: readonly NextStep[], columns: number): string[] {
  return steps.flatMap(({ argv, why }, at) => {
    const [first, ...more] = commandLines(argv, columns - indent.length);
    const label = labels[Math.min(at, labels.length - 1)];
    const reason = why === '' ? [] : wrap(escape(why), columns - indent.length);
    return [`${label}${first}`, ...[...more, ...reason].map((line) => `${indent}${line}`)];
  });
}

/** Gives a command quoted for the shell, in lines; a long one goes on behind a backslash. */
export function commandLines(argv: string[], widthMax: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of argv.map(shellQuote)) {
    if (line === '') line = word;
    // Two columns stay free for the space and the backslash.
    else if (widthOf(line) + 1 + widthOf(word) <= widthMax - 2) line += ` ${word}`;
    else {
      lines.push(`${line} \\`);
      line = `  ${word}`;
    }
  }
  return [...lines, line];
}
