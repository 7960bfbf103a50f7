/** progressive-codec: what a line of the game bot's log says. Grammar, sources: progressive.md. */
import { canonicalKey, stringToKey } from '../../keydir/key-bytes.js';
import { KIND, PROBLEM, TYPE, type LineCodec, type LineView } from '../../scan/kernel.js';
import { anyValue, type PlainLine } from '../../scan/plain-lines.js';
import { setTextKey, slotText } from '../slot-text.js';
import { parseTimeMs } from '../times.js';

const SLOT = {
  op: 0,
  key: 1,
  value: 2,
  data: 3,
  state: 4,
  timestamp: 5,
  compactedAt: 6,
  seq: 7,
  crc: 8,
  upstreamOnly: 9,
} as const;

const OPS = ['CHECKPOINT', 'SET', 'DELETE', 'RECOVERED', 'other'] as const;
const OP = { checkpoint: 0, set: 1, delete: 2, recovered: 3, other: 4 } as const;

/** Lines of services/append-log.js, and those that we write ourselves. */
export const progressiveCodec: LineCodec = {
  shape: {
    slots: [
      { member: 'op', capture: 'text' },
      { member: 'key', capture: 'text' },
      { member: 'value', capture: 'range' },
      { member: 'data', capture: 'members' },
      { member: 'state', capture: 'members' },
      { member: 'timestamp', capture: 'text' },
      { member: 'compactedAt', capture: 'text' },
      { member: 'seq', capture: 'text' },
      { member: 'crc', capture: 'text' },
      { member: 'upstreamOnly', capture: 'text' },
    ],
    keySlot: SLOT.key,
    crcSlot: SLOT.crc,
    framing: 'line',
  },
  ops: OPS,
  decode,
  plain: {
    wordSlot: SLOT.op,
    timeSlots: [SLOT.timestamp, SLOT.compactedAt],
    seqSlot: SLOT.seq,
    lines: plainLines(),
  },
};

/** What `decode` makes of the lines that all writers write. */
function plainLines(): PlainLine[] {
  const state = { kind: KIND.state, op: OP.checkpoint };
  return [
    {
      word: 'SET',
      types: { [SLOT.key]: ['filled'], [SLOT.value]: anyValue },
      ...{ kind: KIND.put, op: OP.set, keyed: true, valueSlot: SLOT.value },
    },
    {
      word: 'DELETE',
      types: { [SLOT.key]: ['string'] },
      ...{ kind: KIND.delete, op: OP.delete, keyed: true },
    },
    {
      word: 'CHECKPOINT',
      types: { [SLOT.state]: ['object'], [SLOT.upstreamOnly]: ['absent'] },
      ...{ ...state, valueSlot: SLOT.state, stateSlot: SLOT.state },
    },
    {
      word: 'CHECKPOINT',
      types: { [SLOT.state]: ['object'], [SLOT.upstreamOnly]: ['true'] },
      ...{ ...state, valueSlot: SLOT.state, stateSlot: SLOT.state },
      problem: PROBLEM.upstreamOnly,
    },
    {
      word: 'SET',
      types: { [SLOT.key]: ['absent'], [SLOT.data]: ['object'] },
      ...{ kind: KIND.state, op: OP.set, valueSlot: SLOT.data, stateSlot: SLOT.data },
    },
  ];
}

/** The rules of append-log.js rebuildStateFromLog, and of the documents where they name the ops. */
function decode(line: LineView): void {
  if (line.topType !== TYPE.object) {
    line.problem = line.topType === TYPE.null ? PROBLEM.entry | PROBLEM.refused : PROBLEM.entry;
    line.kind = KIND.bad;
    return;
  }
  readTime(line);
  readSeq(line);
  line.op = opOf(line);
  switch (line.op) {
    case OP.set:
      return decodeSet(line);
    case OP.delete:
      line.kind = KIND.delete;
      return readKey(line);
    case OP.checkpoint:
      if (line.type[SLOT.upstreamOnly] === TYPE.true) line.problem |= PROBLEM.upstreamOnly;
      return decodeState(line, SLOT.state);
    case OP.recovered:
      line.kind = KIND.meta;
      return;
    default:
      line.kind = line.type[SLOT.op] === TYPE.string ? KIND.meta : KIND.bad;
      line.problem = line.kind === KIND.meta ? PROBLEM.unknownOp : PROBLEM.entry;
  }
}

function decodeSet(line: LineView): void {
  if (!keyIsTruthy(line)) return decodeState(line, SLOT.data);
  // A SET without value puts `undefined`: the key is not in any state that can be written down.
  line.kind = line.type[SLOT.value] === TYPE.absent ? KIND.delete : KIND.put;
  line.valueSlot = SLOT.value;
  readKey(line);
}

function decodeState(line: LineView, slot: number): void {
  const type = line.type[slot];
  const spreads = type === TYPE.object || type === TYPE.array;
  line.kind =
    spreads || (type === TYPE.string && line.textLength[slot] > 0) ? KIND.state : KIND.meta;
  if (line.kind === KIND.meta) line.problem |= PROBLEM.ignored;
  line.stateSlot = line.valueSlot = slot;
  if (type === TYPE.absent) line.valueSlot = -1;
}

/** JavaScript's truth of the key member: "", 0, false, null and no key are no key. */
function keyIsTruthy(line: LineView): boolean {
  switch (line.type[SLOT.key]) {
    case TYPE.absent:
    case TYPE.null:
    case TYPE.false:
      return false;
    case TYPE.string:
      return line.textLength[SLOT.key] > 0;
    case TYPE.number:
      return Number(slotText(line, SLOT.key)) !== 0;
    default:
      return true;
  }
}

/** The key as a property name, stringified as JavaScript does; `undefined` when there is none. */
function readKey(line: LineView): void {
  const type = line.type[SLOT.key];
  if (type === TYPE.string) return setTextKey(line, SLOT.key);
  const name = stringified(line, type);
  if (name === undefined) {
    line.kind = KIND.bad;
    line.problem |= PROBLEM.entry | PROBLEM.refused;
    return;
  }
  const key = stringToKey(name);
  line.setKey(key, 0, key.length);
}

/** What `state[key]` makes of a key that is no string; undefined where that throws. */
function stringified(line: LineView, type: number): string | undefined {
  if (type === TYPE.absent) return 'undefined';
  try {
    return String(JSON.parse(slotText(line, SLOT.key)));
  } catch {
    // An array nested too deep for String(), or an object with a toString of its own.
    return undefined;
  }
}

function opOf(line: LineView): number {
  if (line.type[SLOT.op] !== TYPE.string) return OP.other;
  const { text } = line;
  const start = line.textStart[SLOT.op];
  const length = line.textLength[SLOT.op];
  if (
    length === 3 &&
    text[start] === 0x53 &&
    text[start + 1] === 0x45 &&
    text[start + 2] === 0x54
  ) {
    return OP.set;
  }
  const raw = text.subarray(start, start + length);
  const name = Buffer.from(line.escaped[SLOT.op] === 1 ? canonicalKey(raw) : raw).toString();
  const op = OPS.indexOf(name as (typeof OPS)[number]);
  return op < 0 ? OP.other : op;
}

function readTime(line: LineView): void {
  const slot = line.type[SLOT.timestamp] === TYPE.string ? SLOT.timestamp : SLOT.compactedAt;
  if (line.type[slot] !== TYPE.string) return;
  line.time = parseTimeMs(line.text, line.textStart[slot], line.textLength[slot]);
}

function readSeq(line: LineView): void {
  if (line.type[SLOT.seq] !== TYPE.number) return;
  const seq = Number(slotText(line, SLOT.seq));
  if (Number.isSafeInteger(seq) && seq > 0) line.seq = seq;
}
