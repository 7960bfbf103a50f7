/** glob: `*`, `?`, `[set]` in key filters and in quoted paths (cron expands nothing nicely). */
import { join } from 'node:path';
import type { DiskReader } from './disk.js';
import { LogctlError } from './errors.js';

/** One place of a glob: any run of characters, any one of them, this one, one of a set. */
type Piece =
  | { kind: 'run' }
  | { kind: 'one' }
  | { kind: 'char'; code: number }
  | { kind: 'set'; isNegated: boolean; ranges: CodeRange[] };

/** Code points, both ends included. */
interface CodeRange {
  first: number;
  last: number;
}

/** True when a path needs expanding. */
export const isGlob = (text: string): boolean => /[*?[]/.test(text);

/**
 * A predicate for one glob over whole strings; `*` also matches `/`. A set is `[abc]`, `[a-z]`, and
 * negated `[!a-z]` or `[^a-z]`; `]` first and `-` first or last are themselves, and a `[` that
 * nothing closes is itself, all as shells have it. A backslash is a character like others: what is
 * meant literally goes into a set, as `[*]`. Characters are code points. Throws LogctlError `usage`
 * for a set whose range runs backwards.
 *
 * Time is at most the length of the text times that of the glob: keys are the input of strangers,
 * and a RegExp of several `*` takes the text's length to the power of their number.
 */
export function globMatcher(glob: string): (text: string) => boolean {
  const pieces = parse(glob);
  return (text) => matches(pieces, text);
}

/**
 * The existing paths that match, sorted. `*` and `?` stay within one path segment. Throws
 * LogctlError `usage` as `globMatcher` does.
 */
export function expandGlob(disk: DiskReader, glob: string): string[] {
  const segments = glob.split('/');
  let found = [segments[0] === '' ? '/' : ''];
  for (const segment of segments.filter((part) => part !== '')) {
    if (!isGlob(segment)) {
      found = found.map((at) => join(at, segment));
      continue;
    }
    const isMatch = globMatcher(segment);
    found = found.flatMap((at) => {
      const names = disk.list(at === '' ? '.' : at) ?? [];
      const visible = names.filter((name) => segment.startsWith('.') || !name.startsWith('.'));
      return visible.filter(isMatch).map((name) => join(at, name));
    });
  }
  return found.filter((path) => disk.stat(path));
}

/**
 * Goes through both once. What does not fit goes back to the last `*` alone, which takes one
 * character more: an earlier one never has to, for the later one can take all that it could.
 */
function matches(pieces: readonly Piece[], text: string): boolean {
  let at = 0;
  let piece = 0;
  let pieceAfterRun = -1;
  let runEnd = 0;
  while (at < text.length) {
    const code = text.codePointAt(at)!;
    if (piece < pieces.length && pieces[piece].kind === 'run') {
      pieceAfterRun = ++piece;
      runEnd = at;
    } else if (piece < pieces.length && fits(pieces[piece], code)) {
      piece++;
      at += unitsOf(code);
    } else if (pieceAfterRun >= 0) {
      runEnd += unitsOf(text.codePointAt(runEnd)!);
      at = runEnd;
      piece = pieceAfterRun;
    } else return false;
  }
  while (piece < pieces.length && pieces[piece].kind === 'run') piece++;
  return piece === pieces.length;
}

/** UTF-16 units of a code point. */
const unitsOf = (code: number) => (code > 0xffff ? 2 : 1);

function fits(piece: Piece, code: number): boolean {
  switch (piece.kind) {
    case 'run':
    case 'one':
      return true;
    case 'char':
      return piece.code === code;
    case 'set':
      return piece.isNegated !== piece.ranges.some((range) => isIn(range, code));
  }
}

const isIn = ({ first, last }: CodeRange, code: number) => first <= code && code <= last;

function parse(glob: string): Piece[] {
  const chars = Array.from(glob);
  const pieces: Piece[] = [];
  for (let at = 0; at < chars.length; at++) {
    const close = chars[at] === '[' ? closeOf(chars, at) : -1;
    if (close >= 0) {
      pieces.push(setOf(glob, chars.slice(at + 1, close)));
      at = close;
    } else if (chars[at] === '?') pieces.push({ kind: 'one' });
    else if (chars[at] !== '*') pieces.push({ kind: 'char', code: chars[at].codePointAt(0)! });
    else if (pieces.at(-1)?.kind !== 'run') pieces.push({ kind: 'run' });
  }
  return pieces;
}

/** Where the set that opens at `open` ends: a `]` that is not its first character. Else -1. */
function closeOf(chars: readonly string[], open: number): number {
  return chars.indexOf(']', open + (isNegation(chars[open + 1]) ? 3 : 2));
}

const isNegation = (char: string | undefined) => char === '!' || char === '^';

function setOf(glob: string, body: readonly string[]): Piece {
  const isNegated = isNegation(body[0]);
  const codes = body.slice(isNegated ? 1 : 0).map((char) => char.codePointAt(0)!);
  const ranges: CodeRange[] = [];
  for (let at = 0; at < codes.length; at++) {
    const first = codes[at];
    const isRange = codes[at + 1] === hyphen && at + 2 < codes.length;
    const last = isRange ? codes[at + 2] : first;
    if (last < first) throw backwards(glob, first, last);
    ranges.push({ first, last });
    if (isRange) at += 2;
  }
  return { kind: 'set', isNegated, ranges };
}

const hyphen = 0x2d;

function backwards(glob: string, first: number, last: number): LogctlError {
  const [from, to] = [first, last].map((code) => String.fromCodePoint(code));
  const hint = `write the smaller character first: [${to}-${from}]`;
  return new LogctlError('usage', `${glob}: the range ${from}-${to} runs backwards`, hint);
}
