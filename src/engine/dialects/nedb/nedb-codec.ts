/** nedb-codec: what one line of a nedb datafile says. Grammar and sources: nedb.md. */
import { jsonToKey } from '../../keydir/key-bytes.js';
import {
  KIND,
  PROBLEM,
  TYPE,
  WHOLE_LINE,
  type LineCodec,
  type LineView,
} from '../../scan/kernel.js';
import { setTextKey, slotText } from '../slot-text.js';

const SLOT = { id: 0, deleted: 1, indexCreated: 2, indexRemoved: 3 } as const;

const OPS = ['document', 'removal', 'index', 'other'] as const;
/** Numbers of the operations. */
export const OP = { document: 0, removal: 1, index: 2, other: 3 } as const;

/** The lines of a datafile, as every whole line counts. */
export const nedbCodec: LineCodec = {
  shape: {
    slots: [
      { member: '_id', capture: 'text' },
      { member: '$$deleted', capture: 'text' },
      { member: '$$indexCreated', capture: 'range' },
      { member: '$$indexRemoved', capture: 'range' },
    ],
    keySlot: SLOT.id,
    crcSlot: -1,
    framing: 'line',
    breaks: ['\u0085', '\u2028', '\u2029', '\r'],
  },
  ops: OPS,
  decode,
  plain: {
    wordSlot: -1,
    timeSlots: [],
    seqSlot: -1,
    lines: [
      {
        types: { [SLOT.id]: ['filled'], [SLOT.deleted]: ['absent'] },
        ...{ kind: KIND.put, op: OP.document, keyed: true, valueSlot: WHOLE_LINE },
      },
      {
        types: { [SLOT.id]: ['filled'], [SLOT.deleted]: ['true'] },
        ...{ kind: KIND.delete, op: OP.removal, keyed: true },
      },
    ],
  },
};

function decode(line: LineView): void {
  line.op = OP.other;
  if (line.topType !== TYPE.object) {
    // The library counts `null` as corrupt, and passes over every other value.
    line.problem = line.topType === TYPE.null ? PROBLEM.entry | PROBLEM.refused : PROBLEM.entry;
    line.kind = KIND.bad;
    return;
  }
  const isIndex = isIndexLine(line);
  if (line.type[SLOT.id] === TYPE.absent || (isIndex && isFalsyId(line))) {
    line.kind = KIND.meta;
    if (isIndex) line.op = OP.index;
    // No document, and no entry where it stands inside a damaged line; it stays all the same.
    line.problem = isIndex ? PROBLEM.carried : PROBLEM.ignored | PROBLEM.entry;
    return;
  }
  const isRemoval = line.type[SLOT.deleted] === TYPE.true;
  line.op = isRemoval ? OP.removal : OP.document;
  line.kind = isRemoval ? KIND.delete : KIND.put;
  if (!isRemoval) line.valueSlot = WHOLE_LINE;
  if (isFalsyId(line)) line.problem |= PROBLEM.differs;
  readKey(line);
}

function isIndexLine({ type }: LineView): boolean {
  const created = type[SLOT.indexCreated];
  return created === TYPE.object || type[SLOT.indexRemoved] === TYPE.string;
}

/** `""`, 0, false and null: the library takes the document, writes it and never loads it. */
function isFalsyId(line: LineView): boolean {
  switch (line.type[SLOT.id]) {
    case TYPE.string:
      return line.textLength[SLOT.id] === 0;
    case TYPE.number:
      return Number(slotText(line, SLOT.id)) === 0;
    case TYPE.false:
    case TYPE.null:
      return true;
    default:
      return false;
  }
}

/** A string is its own key; anything else is its JSON text, so that 1 and "1" stay two. */
function readKey(line: LineView): void {
  if (line.type[SLOT.id] === TYPE.string) return setTextKey(line, SLOT.id);
  const key = jsonToKey(compact(slotText(line, SLOT.id)));
  line.setKey(key, 0, key.length);
}

/** One spelling of a number that can be held exactly; of others their text without spacing. */
function compact(json: string): string {
  const number = Number(json);
  if (Number.isSafeInteger(number)) return String(number);
  return withoutSpacing(json);
}

/**
 * JSON text without the white space between its tokens. Strings are passed over from quote to quote
 * and not by a pattern: of one with millions of characters it overflows the stack.
 */
function withoutSpacing(json: string): string {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === '"') at = stringEnd(json, at);
    else if (isSpacing(char)) {
      parts.push(json.slice(from, at));
      from = at + 1;
    }
  }
  return parts.join('') + json.slice(from);
}

const isSpacing = (char: string) => char === ' ' || char === '\t' || char === '\r' || char === '\n';

/** Where the string that opens at `open` closes; the text's end where nothing closes it. */
function stringEnd(json: string, open: number): number {
  for (let at = open + 1; at < json.length; at++) {
    if (json[at] === '"') return at;
    if (json[at] === '\\') at++;
  }
  return json.length;
}
