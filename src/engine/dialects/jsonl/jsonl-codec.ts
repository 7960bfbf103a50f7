/** jsonl-codec: what a line of JSON says, where the operator names the places. See jsonl.md. */
import { sameJson, withoutSpacing } from '../../checks/json-equal.js';
import { canonicalKey, jsonToKey, keyToString } from '../../keydir/key-bytes.js';
import {
  KIND,
  PROBLEM,
  TYPE,
  WHOLE_LINE,
  type LineCodec,
  type LineView,
} from '../../scan/kernel.js';
import { anyValue, type PlainLine, type PlainLines } from '../../scan/plain-lines.js';
import { follow } from './jsonl-pointer.js';
import type { DeleteValue, Place, Places } from './jsonl-places.js';
import { parseTimeMs } from '../times.js';

const BACKSLASH = 0x5c;
const keyedOps = ['set', 'delete', 'other'] as const;
const OP = { set: 0, delete: 1, other: 2 } as const;

/** What lines without a key are: the JSON types, and behind them what `type` members say. */
const typeOps = ['object', 'array', 'string', 'number', 'boolean', 'null'] as const;
const opOfType: Record<number, number> = {
  [TYPE.object]: 0,
  [TYPE.array]: 1,
  [TYPE.string]: 2,
  [TYPE.number]: 3,
  [TYPE.true]: 4,
  [TYPE.false]: 4,
  [TYPE.null]: 5,
};

/** A value that a place leads to. Its text lies in `line.text`, of a string without the quotes. */
interface Found {
  type: number;
  start: number;
  length: number;
  escaped: boolean;
  /** Range in the file, quotes included. */
  from: number;
  to: number;
}

/** A codec for one log: for lines with keys, or for lines of which only the type counts. */
export function jsonlCodec(places: Places): LineCodec {
  const { key, time, type, shape } = places;
  const types = new LineTypes();
  return {
    shape,
    ops: key === undefined ? types.ops : keyedOps,
    plain: plainLines(places),
    decode(line) {
      if (key !== undefined) decodeEntry(line, places);
      else types.decode(line, type!);
      if (time !== undefined) readTime(line, time);
    },
  };
}

/** Lines that set a key, where all that is named is a member of the line itself, each another. */
function plainLines({ key, value, time, deletes, shape }: Places): PlainLines | undefined {
  const named = [key, value, time, deletes].filter((place) => place !== undefined);
  const isApart = new Set(named.map(({ slot }) => slot)).size === named.length;
  if (key === undefined || shape.keySlot < 0 || !isApart) return undefined;
  if (named.some(({ rest }) => rest.length > 0)) return undefined;
  const types: PlainLine['types'] = {
    [key.slot]: ['string'],
    ...(value && { [value.slot]: anyValue }),
    // A number may count seconds, or nanoseconds.
    ...(time && {
      [time.slot]: [...anyValue, 'absent' as const].filter((one) => one !== 'number'),
    }),
    ...(deletes && { [deletes.slot]: ['absent'] }),
  };
  const valueSlot = value?.slot ?? WHOLE_LINE;
  return {
    ...{ wordSlot: -1, timeSlots: time === undefined ? [] : [time.slot], seqSlot: -1 },
    lines: [{ types, kind: KIND.put, op: OP.set, keyed: true, valueSlot }],
  };
}

/** Operations of a codec fit a byte; more kinds of lines than this are no kinds. */
const typesMax = 200;
const typeBytesMax = 64;

/** Numbers the kinds of lines as they come: `user`, `assistant`, or else the JSON type. */
class LineTypes {
  readonly ops: string[] = [...typeOps];
  /** The names as they are spelled in the file, from the first one behind the JSON types. */
  private readonly spelled: Uint8Array[] = [];

  decode(line: LineView, type: Place): void {
    line.kind = KIND.meta;
    line.valueSlot = WHOLE_LINE;
    line.op = this.numberOf(line, find(line, type)) ?? opOfType[line.topType] ?? 0;
  }

  private numberOf(line: LineView, found: Found | undefined): number | undefined {
    if (found?.type !== TYPE.string) return undefined;
    if (found.length === 0 || found.length > typeBytesMax) return undefined;
    // Bytes, not strings: nearly every line says one of a few words.
    const known = this.spelled.findIndex((bytes) => isAt(line.text, found, bytes));
    if (known >= 0) return typeOps.length + known;
    if (this.ops.length >= typesMax) return undefined;
    this.spelled.push(line.text.slice(found.start, found.start + found.length));
    return this.ops.push(keyToString(stringOf(line, found))) - 1;
  }
}

/** Of lines with keys: how many are no part of the state, from the counts per operation. */
export const linesWithoutEffect = (counts: readonly number[]): number => counts[OP.other];

function isAt(text: Uint8Array, { start, length }: Found, bytes: Uint8Array): boolean {
  let k = length === bytes.length ? 0 : -1;
  while (k >= 0 && k < length && text[start + k] === bytes[k]) k++;
  return k === length;
}

function decodeEntry(line: LineView, { key, value, deletes }: Places): void {
  const found = find(line, key!);
  line.kind = KIND.meta;
  line.op = OP.other;
  line.valueSlot = WHOLE_LINE;
  line.problem |= PROBLEM.carried;
  if (found === undefined || found.type === TYPE.null) return;
  if (deletes !== undefined && isDeletion(line, find(line, deletes), deletes.value)) {
    line.kind = KIND.delete;
    line.op = OP.delete;
    line.valueSlot = -1;
  } else {
    const slot = value === undefined ? WHOLE_LINE : valueSlotOf(line, value);
    // A key without a value, where values have a place: nothing is known of it, so nothing changes.
    if (slot === undefined) return;
    line.kind = KIND.put;
    line.op = OP.set;
    line.valueSlot = slot;
  }
  line.problem &= ~PROBLEM.carried;
  readKey(line, found);
}

/** The slot of the value, its range narrowed to what the place leads to. */
function valueSlotOf(line: LineView, value: Place): number | undefined {
  if (value.rest.length === 0) {
    return line.type[value.slot] === TYPE.absent ? undefined : value.slot;
  }
  const found = find(line, value);
  if (found === undefined) return undefined;
  line.valueStart[value.slot] = found.from;
  line.valueEnd[value.slot] = found.to;
  return value.slot;
}

function find(line: LineView, { slot, rest }: Place): Found | undefined {
  const type = line.type[slot];
  if (type === TYPE.absent) return undefined;
  const start = line.textStart[slot];
  const length = line.textLength[slot];
  const from = line.valueStart[slot];
  if (rest.length === 0) {
    const escaped = line.escaped[slot] === 1;
    return { type, start, length, escaped, from, to: line.valueEnd[slot] };
  }
  if (type !== TYPE.object && type !== TYPE.array) return undefined;
  const range = follow(line.text, { start, end: start + length }, rest);
  if (range === undefined) return undefined;
  return inside(line, range, from - start);
}

function inside(line: LineView, { start, end }: { start: number; end: number }, shift: number) {
  const type = typeOfFirst(line.text[start]);
  const quotes = type === TYPE.string ? 1 : 0;
  const length = end - start - 2 * quotes;
  return {
    type,
    start: start + quotes,
    length,
    escaped: quotes === 1 && hasEscape(line.text, start + 1, length),
    from: start + shift,
    to: end + shift,
  };
}

function hasEscape(text: Uint8Array, start: number, length: number): boolean {
  let k = 0;
  while (k < length && text[start + k] !== BACKSLASH) k++;
  return k < length;
}

function typeOfFirst(byte: number): number {
  switch (byte) {
    case 0x22:
      return TYPE.string;
    case 0x7b:
      return TYPE.object;
    case 0x5b:
      return TYPE.array;
    case 0x74:
      return TYPE.true;
    case 0x66:
      return TYPE.false;
    case 0x6e:
      return TYPE.null;
    default:
      return TYPE.number;
  }
}

function readKey(line: LineView, found: Found): void {
  const { type, start, length } = found;
  if (type === TYPE.string && !found.escaped && !line.suspect) {
    return line.setKey(line.text, start, length);
  }
  const key = type === TYPE.string ? stringOf(line, found) : jsonToKey(compactOf(line, found));
  line.setKey(key, 0, key.length);
}

/** A copy: the line's text is used again. */
const stringOf = (line: LineView, { start, length }: Found) =>
  canonicalKey(line.text.slice(start, start + length));

/** The JSON text without whitespace; invalid UTF-8 as every reader sees it. */
const compactOf = (line: LineView, { start, length }: Found) =>
  Buffer.from(withoutSpacing(line.text.subarray(start, start + length))).toString('utf8');

function isDeletion(line: LineView, found: Found | undefined, value?: DeleteValue): boolean {
  if (found === undefined) return false;
  if (value === undefined) return found.type !== TYPE.false && found.type !== TYPE.null;
  if ('string' in value) {
    return found.type === TYPE.string && Buffer.compare(stringOf(line, found), value.string) === 0;
  }
  const isLike = typeOfFirst(value.json[0]) === found.type;
  return isLike && sameJson(line.text.slice(found.start, found.start + found.length), value.json);
}

function readTime(line: LineView, place: Place): void {
  const found = find(line, place);
  if (found?.type === TYPE.string) {
    if (!found.escaped) line.time = parseTimeMs(line.text, found.start, found.length);
    else line.time = parseTimeMs(stringOf(line, found), 0, stringOf(line, found).length);
  } else if (found?.type === TYPE.number) {
    const { start, length } = found;
    const text = Buffer.from(line.text.subarray(start, start + length)).toString('latin1');
    line.time = numberTimeMs(Number(text));
  }
}

/** Most that a Date holds, in milliseconds around 1970. */
const timeMsMax = 8.64e15;

/** Seconds, milliseconds, microseconds or nanoseconds since 1970: today's are 1000 times apart. */
function numberTimeMs(number: number): number {
  const size = Math.abs(number);
  const ms = size < 1e11 ? number * 1e3 : size < 1e14 ? number : number / (size < 1e17 ? 1e3 : 1e6);
  return Math.abs(ms) <= timeMsMax ? Math.floor(ms) : NaN;
}
