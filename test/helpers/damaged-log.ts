/** Random logs of several formats, and random damage of the kinds that disks and people do. */
import { crc32 } from 'node:zlib';
import { checkpoint, clock, numbered, remove, set } from './bot-log.js';

/** Numbers of a seed: the same in every run. */
export interface Random {
  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number;
  /** True in one of so many cases. */
  oneIn(cases: number): boolean;
  pick<T>(from: readonly T[]): T;
}

/** A generator for one scene (mulberry32). */
export function randomly(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return { below, oneIn: (cases) => below(cases) === 0, pick: (from) => from[below(from.length)] };
}

/** Sound lines of a log, each with its newline; some repeat, some are blank. */
export function randomLines(random: Random, dialect: string): string[] {
  const count = 3 + random.below(25);
  const lines =
    dialect === 'progressive' ? botLines(random, count) : storeLines(random, dialect, count);
  const blanks = random.oneIn(4);
  return lines.flatMap((line) => (blanks && random.oneIn(6) ? [`${line}\n`, '\n'] : [`${line}\n`]));
}

function botLines(random: Random, count: number): string[] {
  const isNumbered = random.oneIn(2);
  const repeats = random.oneIn(4);
  const lines: string[] = [];
  if (random.oneIn(5)) lines.push(checkpoint({ k0: 1, k1: 'x' }, 0));
  for (let i = 1; lines.length < count; i++) {
    const second = repeats ? random.below(3) : i;
    const line = oneEntry(random, second);
    if (isNumbered && random.oneIn(5)) lines.push(...batchOf(random, i, lines.length + 1));
    else lines.push(isNumbered ? numbered(line, lines.length + 1) : line);
  }
  return lines;
}

function oneEntry(random: Random, second: number): string {
  const key = `k${random.below(6)}`;
  if (random.oneIn(6)) return remove(key, second);
  const value = random.pick<unknown>([second, 'text', { n: second, a: [1, 2] }, 'é', null]);
  return set(key, value, second);
}

/** Entries of one write, as our writer marks them. */
function batchOf(random: Random, second: number, first: number): string[] {
  const of = 2 + random.below(3);
  return Array.from({ length: of }, (_, i) => {
    const open = `${oneEntry(random, second).slice(0, -1)},"batch":${first},"of":${of}`;
    return numbered(`${open}}`, first + i);
  });
}

function storeLines(random: Random, dialect: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const value = random.pick<unknown>([i, 'text', { n: i }, 'é', 'a\u2028b']);
    const key = `k${random.below(6)}`;
    if (dialect === 'jsonldb')
      return JSON.stringify(random.oneIn(6) ? { k: key } : { k: key, v: value });
    if (dialect === 'nedb') return JSON.stringify({ _id: key, value });
    return JSON.stringify({ time: clock(i), key, value });
  });
}

type Damage = (random: Random, lines: Buffer[]) => void;

const anywhere = (random: Random, lines: Buffer[]) => random.below(lines.length);
const splice = (line: Buffer, at: number, bytes: Uint8Array, removed = 0) =>
  Buffer.concat([line.subarray(0, at), bytes, line.subarray(at + removed)]);

const kinds: Record<string, Damage> = {
  flip(random, lines) {
    const at = anywhere(random, lines);
    const line = Buffer.from(lines[at]);
    line[random.below(line.length)] ^= 1 << random.below(8);
    lines[at] = line;
  },
  zero(random, lines) {
    const at = anywhere(random, lines);
    const line = Buffer.from(lines[at]);
    line.fill(0, random.below(line.length), line.length - random.below(2));
    lines[at] = line;
  },
  badUtf8(random, lines) {
    const at = anywhere(random, lines);
    const place = lines[at].lastIndexOf(0x22);
    if (place > 0) lines[at] = splice(lines[at], place, Buffer.from([0xff, 0xfe]));
  },
  rawBreak(random, lines) {
    const at = anywhere(random, lines);
    const place = lines[at].lastIndexOf(0x22);
    if (place > 0) lines[at] = splice(lines[at], place, Buffer.from('\u2028'));
  },
  tornGlue(random, lines) {
    const at = anywhere(random, lines);
    lines[at] = lines[at].subarray(0, 1 + random.below(lines[at].length));
  },
  glueBefore(random, lines) {
    const at = anywhere(random, lines);
    lines[at] = Buffer.concat([
      Buffer.from(random.pick(['{"timest', '{"k":"b","v', '{', '{A} x'])),
      lines[at],
    ]);
  },
  remove(random, lines) {
    if (lines.length > 2) lines.splice(anywhere(random, lines), 1);
  },
  dup(random, lines) {
    const at = anywhere(random, lines);
    lines.splice(random.below(lines.length), 0, lines[at]);
  },
  move(random, lines) {
    const [line] = lines.splice(anywhere(random, lines), 1);
    lines.splice(random.below(lines.length + 1), 0, line);
  },
  foreign(random, lines) {
    lines.splice(anywhere(random, lines), 0, Buffer.from(`${set('foreign', 1, 99)}\n`));
  },
  conflict(random, lines) {
    const text = random.pick([
      '<<<<<<< HEAD\n',
      '=======\n',
      'not JSON at all\n',
      '{"op":5}\n',
      '[]\n',
    ]);
    lines.splice(anywhere(random, lines), 0, Buffer.from(text));
  },
  blank(random, lines) {
    lines.splice(anywhere(random, lines), 0, Buffer.from(random.pick(['\n', '  \n', '\r\n'])));
  },
  tornEnd(random, lines) {
    const last = lines.at(-1)!;
    lines[lines.length - 1] = last.subarray(0, 1 + random.below(last.length));
  },
  zeroEnd(random, lines) {
    lines.push(Buffer.from(`${'\0'.repeat(1 + random.below(60))}${random.pick(['', '\n'])}`));
  },
  cutStart(random, lines) {
    lines.splice(0, 1 + random.below(Math.max(1, lines.length - 1)));
  },
  mark(_, lines) {
    lines[0] = Buffer.concat([Buffer.from('\ufeff'), lines[0]]);
  },
  crcMark(random, lines) {
    const at = anywhere(random, lines);
    const text = lines[at].toString().trimEnd();
    if (!text.endsWith('}') || text.includes('"crc"')) return;
    const open = text.slice(0, -1);
    lines[at] = Buffer.from(`${open},"crc":"${crc32(open).toString(16).padStart(8, '0')}"}\n`);
  },
};

/** One to four kinds of damage; says which. */
export function damagedAtRandom(random: Random, texts: readonly string[]) {
  const lines = texts.map((text) => Buffer.from(text));
  const done: string[] = [];
  for (let left = 1 + random.below(4); left > 0 && lines.length > 0; left--) {
    const name = random.pick(Object.keys(kinds));
    kinds[name](random, lines);
    done.push(name);
  }
  return { bytes: Buffer.concat(lines), done };
}
