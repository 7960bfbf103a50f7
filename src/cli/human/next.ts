/** The next steps: commands that can be copied into a shell. */
import type { NextStep } from '../../engine/index.js';
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

/**
 * Quotes a word for the shell. A word with characters that no terminal should see is written as
 * $'...', which bash, zsh and ksh understand.
 */
export function shellQuote(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (escape(word) === word) return `'${word.replaceAll("'", `'\\''`)}'`;
  const chars = [...word].map((char) => {
    if (char === '\\' || char === "'") return `\\${char}`;
    return escape(char) === char ? char : ansiC(char);
  });
  return `$'${chars.join('')}'`;
}

function ansiC(char: string): string {
  const hex = char.codePointAt(0)!.toString(16);
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
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
