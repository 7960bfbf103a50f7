/** opslog-snapshot: the three forms of a snapshot, archives, and how their lines are judged. */
import type { DiskReader, SyncSource } from '../../disk.js';
import { jsonToKey } from '../../keydir/key-bytes.js';
import type { Role } from '../../model.js';
import { KIND, PROBLEM, TYPE, type LineCodec, type LineView } from '../../scan/kernel.js';
import { anyValue } from '../../scan/plain-lines.js';
import { setTextKey, slotText } from '../slot-text.js';
import { OP, OPS, opsCodec } from './opslog-ops.js';

const SLOT = { id: 0, data: 1, version: 2, timestamp: 3, records: 4, period: 5 } as const;

const slots: LineCodec['shape']['slots'] = [
  { member: 'id', capture: 'text' },
  { member: 'data', capture: 'range' },
  { member: 'version', capture: 'text' },
  { member: 'timestamp', capture: 'text' },
  { member: 'records', capture: 'members' },
  { member: 'period', capture: 'text' },
];

/** A snapshot of one record a line, behind a header; or of one line that holds all of them. */
export const snapshotCodec: LineCodec = {
  shape: { slots, keySlot: SLOT.id, crcSlot: -1, framing: 'line' },
  ops: OPS,
  plain: {
    exceptFirst: true,
    wordSlot: -1,
    timeSlots: [],
    seqSlot: -1,
    lines: [
      {
        types: {
          [SLOT.id]: ['string'],
          [SLOT.data]: anyValue,
          [SLOT.version]: ['absent'],
          [SLOT.records]: ['absent'],
        },
        ...{ kind: KIND.put, op: OP.record, keyed: true, valueSlot: SLOT.data },
      },
    ],
  },
  decode: (line) => (line.lineStart === 0 ? decodeHeader(line) : decodeRecord(line)),
};

/** A snapshot that is one pretty printed object. */
export const documentCodec: LineCodec = {
  shape: { slots, keySlot: -1, crcSlot: -1, framing: 'document' },
  ops: OPS,
  decode: (line) => decodeState(line),
};

/** The object of records alone, where what stands around it is lost. */
export const tornCodec: LineCodec = {
  shape: { slots: [], keySlot: -1, crcSlot: -1, framing: 'file' },
  ops: OPS,
  decode(line) {
    line.kind = line.topType === TYPE.object ? KIND.state : KIND.bad;
    line.stateSlot = 0;
  },
};

/** An archive segment. */
export const archiveCodec: LineCodec = {
  ...documentCodec,
  decode(line) {
    decodeState(line);
    if (isText(line, SLOT.period)) return;
    line.kind = KIND.bad;
    line.problem = PROBLEM.entry | PROBLEM.refused;
  },
};

/** The library takes the first line for a header whatever it is. */
function decodeHeader(line: LineView): void {
  const { type } = line;
  if (type[SLOT.records] !== TYPE.absent) return decodeState(line);
  line.op = OP.snapshot;
  line.kind = KIND.meta;
  const isRecord = type[SLOT.id] === TYPE.string && type[SLOT.data] !== TYPE.absent;
  // A record where the header is missing: the library drops it, and it counts.
  if (isRecord && type[SLOT.version] === TYPE.absent) return decodeRecord(line);
  // `in` throws for what is no object; an array it takes.
  if (line.topType === TYPE.object) return;
  line.kind = KIND.bad;
  line.problem = PROBLEM.entry | (line.topType === TYPE.array ? 0 : PROBLEM.refused);
}

/** All records in one object. The rules are those of validateSnapshot. */
function decodeState(line: LineView): void {
  line.op = OP.snapshot;
  line.stateSlot = line.valueSlot = SLOT.records;
  const isValid = line.type[SLOT.records] === TYPE.object && isVersion(line);
  line.kind = isValid && isText(line, SLOT.timestamp) ? KIND.state : KIND.bad;
  if (line.kind === KIND.bad) line.problem = PROBLEM.entry | PROBLEM.refused;
}

/** Records are not validated by the library: it takes what `id` and `data` are. */
function decodeRecord(line: LineView): void {
  const { type } = line;
  line.op = OP.record;
  line.valueSlot = SLOT.data;
  line.kind = KIND.bad;
  if (line.topType === TYPE.object && type[SLOT.id] !== TYPE.absent) {
    setKey(line);
    if (type[SLOT.data] !== TYPE.absent) line.kind = KIND.put;
    else line.kind = KIND.meta;
    // A key without a value: no file can hold what the library has there.
    if (line.kind === KIND.meta) line.problem = PROBLEM.ignored | PROBLEM.differs;
    return;
  }
  const key = jsonToKey('null');
  line.setKey(key, 0, key.length);
  line.problem = PROBLEM.entry | (line.topType === TYPE.null ? PROBLEM.refused : 0);
}

function setKey(line: LineView): void {
  if (line.type[SLOT.id] === TYPE.string) return setTextKey(line, SLOT.id);
  const key = jsonToKey(compactJson(slotText(line, SLOT.id)));
  line.setKey(key, 0, key.length);
}

function compactJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // A line that breaks inside its id: what is there names it well enough.
    return text;
  }
}

function isVersion(line: LineView): boolean {
  if (line.type[SLOT.version] !== TYPE.number) return false;
  const version = Number(slotText(line, SLOT.version));
  return Number.isInteger(version) && version >= 1;
}

const isText = (line: LineView, slot: number): boolean =>
  line.type[slot] === TYPE.string && line.textLength[slot] > 0;

/** How a snapshot is to be read. */
export interface SnapshotForm {
  /** `lines`: header and records. `line`: all in the first line. `document`: pretty printed. */
  kind: 'lines' | 'line' | 'document';
  /** Of `lines`: the header is missing, and the first line is a record. */
  isHeadless?: true;
  /** Of `line`: its bytes. The library looks at nothing behind it. */
  bytesMax?: number;
}

/** A first line longer than this is no header: it holds all records. */
const headerBytesMax = 65_536;

/** The form of a snapshot by its first line, as the library decides it. Source: snapshot.js. */
export function snapshotForm(source: SyncSource): SnapshotForm {
  const head = new Uint8Array(headerBytesMax);
  const length = source.read(head, 0);
  const newline = head.subarray(0, length).indexOf(0x0a);
  const isWhole = newline >= 0 || length < headerBytesMax;
  if (!isWhole) return { kind: 'line', bytesMax: firstLineEnd(source) };
  const end = newline < 0 ? length : newline;
  const text = Buffer.from(head.buffer, 0, end).toString('utf8');
  try {
    const header: unknown = JSON.parse(text);
    const isObject = typeof header === 'object' && header !== null;
    const isLine = isObject && 'records' in header;
    if (isLine) return { kind: 'line', bytesMax: end };
    const isRecord = isObject && 'id' in header && 'data' in header && !('version' in header);
    return isRecord ? { kind: 'lines', isHeadless: true } : { kind: 'lines' };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { kind: 'document' };
  }
}

function firstLineEnd(source: SyncSource): number {
  const window = new Uint8Array(1 << 20);
  for (let at = 0; ;) {
    const length = source.read(window, at);
    const newline = window.subarray(0, length).indexOf(0x0a);
    if (newline >= 0) return at + newline;
    at += length;
    if (length === 0) return at;
  }
}

/** Which codec reads a snapshot. */
export function roleOf(disk: DiskReader, path: string): Role {
  const file = disk.open(path, { noLinks: true });
  try {
    return snapshotForm(file).kind === 'document' ? 'document' : 'checkpoint';
  } finally {
    file.close();
  }
}

/** How the lines of a file in this role are read. */
export function opslogCodec(role: Role): LineCodec {
  switch (role) {
    case 'segment':
      return opsCodec;
    case 'checkpoint':
      return snapshotCodec;
    case 'document':
      return documentCodec;
    case 'archive':
      return archiveCodec;
  }
}
