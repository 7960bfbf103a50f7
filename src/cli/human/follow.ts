/** One line for one entry, as inspect --follow prints it. */
import { basename } from 'node:path';
import type { EntryRow } from '../../engine/index.js';
import { escape } from '../escape.js';
import { count } from './units.js';

const timeWidth = 24;
const opWidth = 6;

/** Its value and its whole line stand below, where they were asked for. `named`: with its file. */
export function followedLine(row: EntryRow, { named }: { named: boolean }): string {
  const { time, op, key, bytes, path, line, value, raw } = row;
  const cells = [
    (time ?? '-').padEnd(timeWidth),
    escape(op).padEnd(opWidth),
    escape(key ?? '-'),
    count(bytes, 'byte'),
    `${named ? `${escape(basename(path))} ` : ''}line ${line}`,
  ];
  const below = [value, raw].flatMap((text) => (text === undefined ? [] : [`    ${escape(text)}`]));
  return [cells.join('  '), ...below].join('\n');
}
