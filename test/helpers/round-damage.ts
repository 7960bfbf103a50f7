/** What crashes, disks and people do to a log, as random changes of its bytes. */
import type { Dice } from './round-formats.js';

const NUL = Buffer.alloc(1);
const newline = Buffer.from('\n');

type OnLines = (lines: Buffer[], dice: Dice) => void;
type OnBytes = (bytes: Buffer, dice: Dice) => Buffer;

/** Changes of lines, in place; each line is without its newline. */
const onLines: Record<string, OnLines> = {
  tornGlue: at((lines, i, dice) => {
    const cut = lines[i].subarray(0, 1 + dice.below(Math.max(1, lines[i].length - 1)));
    lines.splice(i, 2, Buffer.concat([cut, lines[i + 1] ?? Buffer.alloc(0)]));
  }),
  glue: at((lines, i) => void lines.splice(i, 2, Buffer.concat(lines.slice(i, i + 2)))),
  glueSpaced: at((lines, i, dice) => {
    const between = Buffer.from(dice.of([' ', ',', '\r', '; ', '\\n', '\t']));
    const pair = [lines[i], between, ...lines.slice(i + 1, i + 2)];
    lines.splice(i, 2, Buffer.concat(pair));
  }),
  nulRun: at((lines, i, dice) => {
    const line = Buffer.from(lines[i]);
    const from = dice.below(line.length);
    lines[i] = line.fill(0, from, Math.min(line.length, from + 1 + dice.below(40)));
  }),
  nulLines: at((lines, i, dice) => {
    const gone = lines.splice(i, 1 + dice.below(3));
    const length = gone.reduce((sum, line) => sum + line.length + 1, 0);
    lines[i] = Buffer.concat([Buffer.alloc(length), lines[i] ?? Buffer.alloc(0)]);
  }),
  bitFlip: at((lines, i, dice) => {
    const line = Buffer.from(lines[i]);
    if (line.length > 0) line[dice.below(line.length)] ^= 1 << dice.below(8);
    lines[i] = line;
  }),
  badUtf8: at((lines, i, dice) => {
    const line = Buffer.from(lines[i]);
    const text = line.lastIndexOf('"n"');
    const from = text < 0 ? 0 : text;
    line[from + dice.below(Math.max(1, line.length - from))] = 0x80 + dice.below(128);
    lines[i] = line;
  }),
  remove: at((lines, i, dice) => void lines.splice(i, 1 + dice.below(3))),
  duplicateBlock: at((lines, i, dice) => {
    const block = lines.slice(i, i + 1 + dice.below(4));
    lines.splice(i + block.length, 0, ...block);
  }),
  repeat: at((lines, i, dice) => void lines.splice(dice.below(lines.length), 0, lines[i])),
  interleave: at((lines, i, dice) => {
    const [first, second] = lines.slice(i, i + 2);
    if (second === undefined) return;
    const cut = dice.below(first.length);
    lines.splice(i, 2, Buffer.concat([first.subarray(0, cut), second]), first.subarray(cut));
  }),
  conflict: at((lines, i, dice) => {
    const length = dice.below(3);
    const marks = ['<<<<<<< HEAD', '=======', '>>>>>>> theirs'].map((text) => Buffer.from(text));
    lines.splice(i + length, 0, marks[1], ...lines.slice(i, i + 1), marks[2]);
    lines.splice(i, 0, marks[0]);
  }),
  blank: at((lines, i, dice) => {
    lines.splice(i, 0, ...Array.from({ length: 1 + dice.below(3) }, () => Buffer.alloc(0)));
  }),
  lineBreak: at((lines, i, dice) => {
    const text = lines[i].toString('utf8');
    const at = text.lastIndexOf('"}');
    if (at < 0) return;
    const mark = dice.of(['\u2028', '\u2029', '\u0085']);
    lines[i] = Buffer.from(text.slice(0, at) + mark + text.slice(at));
  }),
  fragment: at((lines, i, dice) => {
    const line = lines[i];
    lines[i] = line.subarray(dice.below(Math.max(1, line.length)));
  }),
};

/** Changes of the whole file. */
const onBytes: Record<string, OnBytes> = {
  truncate: (bytes, dice) => bytes.subarray(0, dice.below(bytes.length + 1)),
  cutTail: (bytes, dice) => bytes.subarray(0, Math.max(0, bytes.length - 1 - dice.below(120))),
  unended: (bytes) => (bytes.at(-1) === 0x0a ? bytes.subarray(0, -1) : bytes),
  nulTail: (bytes, dice) => Buffer.concat([bytes, Buffer.alloc(1 + dice.below(300))]),
  zeroHead: (bytes, dice) =>
    Buffer.from(bytes).fill(0, 0, dice.below(1 + Math.min(400, bytes.length))),
  nulByte: (bytes, dice) => {
    const at = dice.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), NUL, bytes.subarray(at)]);
  },
  bom: (bytes) => Buffer.concat([Buffer.from('\ufeff'), bytes]),
  crlf: (bytes) => Buffer.from(bytes.toString('latin1').replaceAll('\n', '\r\n'), 'latin1'),
};

/** Names of all kinds of damage. */
export const damageNames: readonly string[] = [...Object.keys(onLines), ...Object.keys(onBytes)];

/** Does damage of these kinds, those of lines first, to a file of whole lines. */
export function damaged(lines: readonly string[], names: readonly string[], dice: Dice): Buffer {
  const work = lines.map((line) => Buffer.from(line));
  for (const name of names) onLines[name]?.(work, dice);
  let bytes: Buffer = Buffer.concat(work.flatMap((line) => [line, newline]));
  for (const name of names) bytes = onBytes[name]?.(bytes, dice) ?? bytes;
  return bytes;
}

/** Changes a file at a random line; nothing where there is none left. */
function at(act: (lines: Buffer[], i: number, dice: Dice) => void): OnLines {
  return (lines, dice) => {
    if (lines.length > 0) act(lines, dice.below(lines.length), dice);
  };
}
