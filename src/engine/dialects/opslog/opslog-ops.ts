/** opslog-ops: how the lines of operation logs are judged, by the library's own rules. */
import { canonicalKey } from '../../keydir/key-bytes.js';
import { KIND, PROBLEM, TYPE, type LineCodec, type LineView } from '../../scan/kernel.js';
import { anyValue } from '../../scan/plain-lines.js';
import { setTextKey, slotText } from '../slot-text.js';
import { parseTimeMs } from '../times.js';

/** Operations and lines of every kind of file; the numbers are those of a batch. */
export const OPS = ['set', 'delete', 'record', 'snapshot', 'other'] as const;
/** Their numbers. */
export const OP = { set: 0, delete: 1, record: 2, snapshot: 3, other: 4 } as const;

const SLOT = { ts: 0, op: 1, id: 2, prev: 3, data: 4, agent: 5, clock: 6, encoding: 7 } as const;

/** Where a line names the previous value. */
export const prevSlot = SLOT.prev;

/** What nearly every line of a single writer is. */
const plainTypes = {
  [SLOT.ts]: ['filled'],
  [SLOT.id]: ['filled'],
  [SLOT.agent]: ['absent'],
  [SLOT.clock]: ['absent'],
  [SLOT.encoding]: ['absent'],
} as const;

/** Lines of `ops/*.jsonl`. */
export const opsCodec: LineCodec = {
  shape: {
    slots: [
      { member: 'ts', capture: 'text' },
      { member: 'op', capture: 'text' },
      { member: 'id', capture: 'text' },
      { member: 'prev', capture: 'range' },
      { member: 'data', capture: 'range' },
      { member: 'agent', capture: 'text' },
      { member: 'clock', capture: 'text' },
      { member: 'encoding', capture: 'text' },
    ],
    keySlot: SLOT.id,
    crcSlot: -1,
    writerSlot: SLOT.agent,
    framing: 'line',
  },
  ops: OPS,
  plain: {
    wordSlot: SLOT.op,
    timeSlots: [SLOT.ts],
    seqSlot: -1,
    lines: [
      {
        word: 'set',
        types: {
          ...plainTypes,
          [SLOT.prev]: ['null', 'object'],
          [SLOT.data]: anyValue.filter((type) => type !== 'null'),
        },
        ...{ kind: KIND.put, op: OP.set, keyed: true, valueSlot: SLOT.data },
      },
      {
        word: 'delete',
        types: { ...plainTypes, [SLOT.prev]: ['object'], [SLOT.data]: ['absent'] },
        ...{ kind: KIND.delete, op: OP.delete, keyed: true },
      },
    ],
  },
  decode,
};

/**
 * A line the library can have written is an entry, also where its own reader rejects it: what was
 * acknowledged counts. Such an entry has PROBLEM.differs. Everything else is bad.
 */
function decode(line: LineView): void {
  line.op = opOf(line);
  line.kind = KIND.bad;
  line.problem = PROBLEM.entry;
  if (line.topType !== TYPE.object) return;
  const { type } = line;
  if (type[SLOT.ts] === TYPE.string) {
    line.time = parseTimeMs(line.text, line.textStart[SLOT.ts], line.textLength[SLOT.ts]);
  }
  if (type[SLOT.id] === TYPE.string) setTextKey(line, SLOT.id);
  const isSet = line.op === OP.set;
  if (line.op === OP.other || !isWritten(line)) return;
  line.problem = isRead(line) ? 0 : PROBLEM.differs;
  if (type[SLOT.clock] === TYPE.number) line.clock = Number(slotText(line, SLOT.clock));
  // Setting `undefined` writes no data: the key has no value that a file could hold.
  line.kind = isSet && type[SLOT.data] !== TYPE.absent ? KIND.put : KIND.delete;
  if (line.kind === KIND.put) line.valueSlot = SLOT.data;
}

/** Rules of validateOp that the library's writer keeps as well. Source: validate.js of 0.8.1. */
function isWritten(line: LineView): boolean {
  const { type, textLength } = line;
  const { ts, id, prev, data, agent, encoding } = SLOT;
  return (
    type[ts] === TYPE.string &&
    textLength[ts] > 0 &&
    type[id] === TYPE.string &&
    type[prev] !== TYPE.absent &&
    (line.op === OP.set || type[data] === TYPE.absent) &&
    (type[encoding] === TYPE.absent || isEncoding(line)) &&
    (type[agent] === TYPE.absent || (type[agent] === TYPE.string && textLength[agent] > 0)) &&
    (type[SLOT.clock] === TYPE.absent || isClock(line))
  );
}

/** Rules of validateOp that its writer does not keep: it writes such lines and skips them. */
function isRead({ type, textLength, op }: LineView): boolean {
  if (textLength[SLOT.id] === 0) return false;
  const prev = type[SLOT.prev];
  if (prev !== TYPE.null && prev !== TYPE.object) return false;
  if (op === OP.delete) return prev !== TYPE.null;
  return type[SLOT.data] !== TYPE.absent && type[SLOT.data] !== TYPE.null;
}

function isEncoding(line: LineView): boolean {
  return line.type[SLOT.encoding] === TYPE.string && isOneOf(line, SLOT.encoding, encodings) >= 0;
}

function isClock(line: LineView): boolean {
  if (line.type[SLOT.clock] !== TYPE.number) return false;
  const clock = Number(slotText(line, SLOT.clock));
  return Number.isInteger(clock) && clock >= 0;
}

function opOf(line: LineView): number {
  if (line.type[SLOT.op] !== TYPE.string) return OP.other;
  const op = isOneOf(line, SLOT.op, verbs);
  return op < 0 ? OP.other : op;
}

const verbs = ['set', 'delete'].map((word) => Buffer.from(word));
const encodings = ['full', 'delta'].map((word) => Buffer.from(word));

/** Which of `words` a string is; -1 where it is none. */
function isOneOf(line: LineView, slot: number, words: readonly Uint8Array[]): number {
  const start = line.textStart[slot];
  const raw = line.text.subarray(start, start + line.textLength[slot]);
  const text = line.escaped[slot] === 1 ? canonicalKey(raw) : raw;
  return words.findIndex((word) => Buffer.compare(word, text) === 0);
}

/**
 * The first rule of validateOp that a parsed line breaks, in the library's words; undefined where
 * it keeps all. Source: validate.js of 0.8.1, rule for rule.
 */
export function brokenRule(raw: unknown): string | undefined {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return 'not an object';
  const op = raw as Record<string, unknown>;
  const isSet = op.op === 'set';
  const isObject = typeof op.prev === 'object' && !Array.isArray(op.prev);
  const rules: [holds: boolean, words: string][] = [
    [isText(op.ts), 'ts must be a non-empty string'],
    [isSet || op.op === 'delete', 'op must be "set" or "delete"'],
    [isText(op.id), 'id must be a non-empty string'],
    ['prev' in op, 'missing prev'],
    [op.prev === null || isObject, 'prev must be an object or null'],
    [!isSet || ('data' in op && op.data !== null), 'set op must have non-null data'],
    [isSet || op.prev !== null, 'delete op must have non-null prev'],
    [isSet || !('data' in op), 'delete op must not have data field'],
    [!('encoding' in op) || ['full', 'delta'].includes(op.encoding as string), encodingRule],
    [!('agent' in op) || isText(op.agent), 'agent must be a non-empty string'],
    [!('clock' in op) || isCount(op.clock), 'clock must be a non-negative integer'],
  ];
  return rules.find(([holds]) => !holds)?.[1];
}

const encodingRule = 'encoding must be "full" or "delta"';
const isText = (value: unknown): boolean => typeof value === 'string' && value.length > 0;
const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;
