/** jsonldb-codec: what one line of a jsonl-db file says. Grammar and sources: jsonldb.md. */
import { canonicalKey, jsonToKey, keyToString } from '../../keydir/key-bytes.js';
import { KIND, PROBLEM, TYPE, type LineCodec, type LineView } from '../../scan/kernel.js';
import { anyValue } from '../../scan/plain-lines.js';

const SLOT = { k: 0, v: 1 } as const;
const OP = { set: 0, delete: 1 } as const;
/** Bytes of `{"k":` and of `,"v":`: where they stand, the library finds the key that JSON has. */
const beforeKey = 5;
const beforeValue = 5;

/** Lines `{"k":KEY,"v":VALUE}` and `{"k":KEY}`; other members (`ts`) are kept and mean nothing. */
export const jsonldbCodec: LineCodec = {
  shape: {
    slots: [
      { member: 'k', capture: 'text' },
      { member: 'v', capture: 'range' },
    ],
    keySlot: SLOT.k,
    crcSlot: -1,
    framing: 'line',
    returnsEndLines: true,
    breaks: ['\u2028', '\u2029'],
  },
  ops: ['set', 'delete'],
  decode,
  plain: {
    wordSlot: -1,
    timeSlots: [],
    seqSlot: -1,
    lines: [
      {
        types: { [SLOT.k]: ['string'], [SLOT.v]: anyValue },
        ...{ kind: KIND.put, op: OP.set, keyed: true, valueSlot: SLOT.v },
        places: { key: '{"k":"'.length, value: '","v":'.length },
      },
      {
        types: { [SLOT.k]: ['string'], [SLOT.v]: ['absent'] },
        ...{ kind: KIND.delete, op: OP.delete, keyed: true },
        places: { key: '{"k":"'.length, end: '"}'.length },
      },
    ],
  },
};

function decode(line: LineView): void {
  if (line.topType !== TYPE.object || line.type[SLOT.k] === TYPE.absent) {
    line.kind = KIND.bad;
    line.problem = PROBLEM.entry;
    return;
  }
  // `"v":null` is a value; a line without `v` is a deletion, whatever else it has.
  const isSet = line.type[SLOT.v] !== TYPE.absent;
  line.kind = isSet ? KIND.put : KIND.delete;
  line.op = isSet ? OP.set : OP.delete;
  line.valueSlot = SLOT.v;
  if (!isFoundByText(line, isSet)) line.problem |= PROBLEM.differs;
  readKey(line);
}

function readKey(line: LineView): void {
  const start = line.textStart[SLOT.k];
  const length = line.textLength[SLOT.k];
  const isString = line.type[SLOT.k] === TYPE.string;
  if (isString && line.escaped[SLOT.k] === 0 && !line.suspect) {
    return line.setKey(line.text, start, length);
  }
  const raw = line.text.slice(start, start + length);
  const text = Buffer.from(raw).toString('utf8');
  const key = isString ? canonicalKey(raw) : jsonToKey(text);
  // Another spelling than the library's own is another key to it until the line is parsed.
  const isOwnSpelling = !isString || JSON.stringify(keyToString(key)) === `"${text}"`;
  if (!isOwnSpelling) line.problem |= PROBLEM.differs;
  line.setKey(key, 0, key.length);
}

/** The library looks for the key in the text: only in lines of its own making is it sure to. */
function isFoundByText(line: LineView, isSet: boolean): boolean {
  const { type, valueStart, valueEnd, lineStart, lineEnd, topEnd } = line;
  if (type[SLOT.k] !== TYPE.string || valueStart[SLOT.k] !== lineStart + beforeKey) return false;
  if (isSet) return valueStart[SLOT.v] === valueEnd[SLOT.k] + beforeValue;
  return topEnd === valueEnd[SLOT.k] + 1 && lineEnd === topEnd;
}
