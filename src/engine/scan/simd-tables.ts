/** simd-tables: a dialect's shape and plain lines as the bytes that the SIMD module reads. */
import { tallyOpsMax } from './batch-tally.js';
import { TYPE, type LineCodec } from './kernel.js';
import type { PlainLine, SlotType } from './plain-lines.js';
import { SimdMemory } from './simd-memory.js';
import type { SimdExports } from './simd-module.js';

/** As simd/layout.as.ts has them. */
const slotsMax = 16;
const slotBytes = 80;
const slotMaskAt = 32;
const nameBytesMax = 32;
const wordBytes = 48;
const wordMaskAt = 16;
const wordBytesMax = 16;
const ruleBytes = 32;
const ROLE = { none: 0, word: 1, key: 2, time: 3, integer: 4, members: 5 } as const;
const noSlot = -1;

/** True where the module can take lines of this codec at all. */
export function hasFastLines({ shape, plain, ops }: LineCodec): boolean {
  if (plain === undefined || shape.framing !== 'line') return false;
  if (shape.slots.length > slotsMax || ops.length > tallyOpsMax) return false;
  const isShort = ({ member }: { member: string }) =>
    /^[\x20-\x7e]+$/.test(member) && !/["\\]/.test(member) && member.length + 3 <= nameBytesMax;
  return shape.slots.every(isShort) && plain.lines.length <= slotsMax;
}

/** The codec whose tables a module has: a file that is read in parts begins many times. */
const writtenTo = new WeakMap<SimdExports, LineCodec>();

/** Writes the tables of a codec into the module's memory, and tells it of them. */
export function writeTables(module: SimdExports, codec: LineCodec): void {
  if (writtenTo.get(module) === codec) return;
  writtenTo.set(module, codec);
  const { bytes } = SimdMemory.of(module);
  const { shape } = codec;
  const plain = codec.plain!;
  shape.slots.forEach(({ member }, slot) => {
    const at = module.slotsAt.value + slot * slotBytes;
    const name = Buffer.from(`"${member}":`);
    bytes.fill(0, at, at + slotBytes);
    bytes.set(name, at);
    bytes.fill(0xff, at + slotMaskAt, at + slotMaskAt + name.length);
    bytes[at + 64] = name.length;
    bytes[at + 65] = roleOf(codec, slot);
  });
  module.setSlotCount(shape.slots.length);
  bytes.fill(0xff, module.guessesAt.value, module.guessesAt.value + 256);
  writeTypes(bytes, module.typesAt.value);
  const words = [...new Set(plain.lines.flatMap(({ word }) => word ?? []))];
  words.forEach((word, index) => {
    if (word.length > wordBytesMax) throw new RangeError(`a word over 16 bytes: ${word}`);
    const at = module.wordsAt.value + index * wordBytes;
    bytes.fill(0, at, at + wordBytes);
    bytes.set(Buffer.from(word), at);
    bytes.fill(0xff, at + wordMaskAt, at + wordMaskAt + word.length);
    bytes[at + 32] = word.length;
  });
  module.setWordCount(words.length);
  plain.lines.forEach((line, index) => {
    const word = line.word === undefined ? 0 : words.indexOf(line.word) + 1;
    writeRule(bytes, module.rulesAt.value + index * ruleBytes, line, word, shape.keySlot);
  });
  const [time = -1, otherTime = -1] = plain.timeSlots;
  module.setRules(plain.lines.length, shape.crcSlot >= 0 ? 1 : 0);
  module.setNumberSlots(time, otherTime, plain.seqSlot, plain.clockSlot ?? -1);
}

function roleOf({ shape, plain }: LineCodec, slot: number): number {
  if (shape.slots[slot].capture === 'members') return ROLE.members;
  if (slot === plain!.wordSlot) return ROLE.word;
  if (slot === shape.keySlot) return ROLE.key;
  if (slot === plain!.seqSlot || slot === plain!.clockSlot) return ROLE.integer;
  return plain!.timeSlots.includes(slot) ? ROLE.time : ROLE.none;
}

/** The type that a value has by its first byte, as a bit. */
function writeTypes(bytes: Uint8Array, at: number): void {
  const first: [string, number][] = [
    ['"', TYPE.string],
    ['-0123456789', TYPE.number],
    ['t', TYPE.true],
    ['f', TYPE.false],
    ['n', TYPE.null],
    ['{', TYPE.object],
    ['[', TYPE.array],
  ];
  for (const [chars, type] of first) {
    for (const char of chars) bytes[at + char.charCodeAt(0)] = 1 << type;
  }
}

function writeRule(
  bytes: Uint8Array,
  at: number,
  line: PlainLine,
  word: number,
  keySlot: number,
): void {
  bytes.fill(0xff, at, at + slotsMax);
  for (const [slot, types] of Object.entries(line.types)) {
    bytes[at + Number(slot)] = types.reduce((bits, type) => bits | typeBit(type), 0);
  }
  const filled = line.types[keySlot]?.includes('filled') === true;
  const { valueSlot = noSlot, stateSlot = noSlot, problem = 0 } = line;
  bytes[at + 16] = word;
  bytes[at + 17] = line.kind;
  bytes[at + 18] = line.op;
  bytes[at + 19] = line.keyed !== true ? 0 : filled ? 2 : 1;
  bytes[at + 20] = problem & 0xff;
  bytes[at + 21] = problem >> 8;
  bytes[at + 22] = valueSlot;
  bytes[at + 23] = stateSlot;
  bytes.set([line.places?.key ?? 0, line.places?.value ?? 0, line.places?.end ?? 0], at + 24);
}

const typeBit = (type: SlotType): number => 1 << TYPE[type === 'filled' ? 'string' : type];
