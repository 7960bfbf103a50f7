/** jsonldb-codec: what one line of a jsonl-db file says. Grammar and sources: jsonldb.md. */
import { canonicalKey } from '../keydir/key-bytes.js';
import { KIND, PROBLEM, TYPE, type LineCodec, type LineView } from '../scan/kernel.js';

const SLOT = { k: 0, v: 1 } as const;
const OP = { set: 0, delete: 1 } as const;
/** Before the JSON text of a key that is no string: no UTF-8 begins so. */
const notString = Buffer.of(0xff);

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
  },
  ops: ['set', 'delete'],
  decode,
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
  const start = line.textStart[SLOT.k];
  const length = line.textLength[SLOT.k];
  const isString = line.type[SLOT.k] === TYPE.string;
  if (isString && line.escaped[SLOT.k] === 0 && !line.suspect) {
    return line.setKey(line.text, start, length);
  }
  const raw = line.text.slice(start, start + length);
  const key = isString ? canonicalKey(raw) : Buffer.concat([notString, raw]);
  line.setKey(key, 0, key.length);
}
