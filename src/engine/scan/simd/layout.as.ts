/** layout: where everything lies in the module's memory, and what the outside writes into it. */

/** Levels of nesting that are followed; deeper lines are left to the reference. */
export const stackLevels: i32 = 4096;
export const blockBytes: usize = 64;
/** Blocks read together: their bytes and masks stay in the processor's first cache. */
export const groupMax: i32 = 128;
export const groupBytes: usize = <usize>groupMax * blockBytes;
/** Members of a line that can carry meaning: one byte each of a vector. */
export const slotsMax: i32 = 16;

/** What is done with the value of a slot. */
export namespace ROLE {
  export const none: u8 = 0;
  /** Its text is one of a few words. */
  export const word: u8 = 1;
  export const key: u8 = 2;
  export const time: u8 = 3;
  export const integer: u8 = 4;
  /** An object whose members are live ranges of their own. */
  export const members: u8 = 5;
}

/** Types of values as bits, as rules combine them: 1 << TYPE of kernel.ts. */
export namespace TYPE_BIT {
  export const absent: u8 = 1;
  export const text: u8 = 2;
  export const number: u8 = 4;
  export const object: u8 = 64;
}

/** A slot: 32 bytes `"name":`, 32 bytes of which of them count, their number, the role. */
export const slotBytes: usize = 80;
export const slotMaskAt: usize = 32;
export const slotLengthAt: usize = 64;
export const slotRoleAt: usize = 65;

/** A word: 16 bytes of text, 16 bytes of which of them count, their number. */
export const wordBytes: usize = 48;
export const wordMaskAt: usize = 16;
export const wordLengthAt: usize = 32;

/** A rule: which types each slot may have (16 bytes), and what the line then is. */
export const ruleBytes: usize = 32;
export const ruleWordAt: usize = 16;
export const ruleKindAt: usize = 17;
export const ruleOpAt: usize = 18;
/** 0: the key is left out; 1: it is taken; 2: taken, and it must not be empty. */
export const ruleKeyAt: usize = 19;
export const ruleProblemAt: usize = 20;
/** Slots with a value (0xfe: the line itself) and a state; 0xff: none. */
export const ruleValueAt: usize = 22;
export const ruleStateAt: usize = 23;
/** Bytes from the line's start to the key's text, and from there to the value and the line's end. */
export const ruleKeyPlaceAt: usize = 24;
export const ruleValuePlaceAt: usize = 25;
export const ruleEndPlaceAt: usize = 26;

const page: usize = 65536;
/** What may be read or written beyond the end of a range, in whole vectors. */
const slack: usize = 256;

export let slotsAt: usize = 0;
export let wordsAt: usize = 0;
export let rulesAt: usize = 0;
/** Types of values by their first byte. */
export let typesAt: usize = 0;
/** Per place in a line: the slot that the last line had there. */
export let guessesAt: usize = 0;
/** Of the line being read, per slot: type bit; start and end in the file; a number. */
export let slotTypesAt: usize = 0;
export let slotStartsAt: usize = 0;
export let slotEndsAt: usize = 0;
export let slotNumbersAt: usize = 0;
export let stackAt: usize = 0;
/** The bytes kept from earlier chunks end where the chunk begins. */
export let keptAt: usize = 0;
export let chunkAt: usize = 0;
export let chunkBytes: usize = 0;
/** Columns of rows, one behind the other; see rows.as.ts. */
export let columnsAt: usize = 0;
export let keysAt: usize = 0;
export let keysEnd: usize = 0;
/** Rows whose checksum is to be compared: row, start and end of the line, 16 bytes each. */
export let sumsAt: usize = 0;
/** Hashes of the keys of rows, 4 bytes each, in the same place: once the sums were taken. */
export let hashesAt: usize = 0;
export let rowsMax: i32 = 0;

/** Bytes of one row in all columns. */
export const rowBytes: usize = 80;

/** Texts that are needed when the data they came from is gone: a key, a member's key and more. */
export const stashBytes: usize = 16384;
export let keyStashAt: usize = 0;
export let stashAt: usize = 0;

let top: usize = 0;

/** First byte behind everything that is laid out here. */
export function memoryTop(): usize {
  return top;
}

/** Takes memory; it is zero. Traps where there is none left, which only the keydir risks. */
export function reserve(bytes: usize): usize {
  const at = top;
  top = (top + bytes + 63) & ~63;
  const pages = <i32>((top + page - 1) / page);
  if (pages > memory.size() && memory.grow(pages - memory.size()) < 0) unreachable();
  return at;
}

/** Lays out what the scanner needs. */
export function layOut(chunk: usize, keptBytes: usize, rows: i32): void {
  chunkBytes = chunk;
  top = (__heap_base + 63) & ~63;
  slotsAt = reserve(<usize>slotsMax * slotBytes);
  wordsAt = reserve(<usize>slotsMax * wordBytes);
  rulesAt = reserve(<usize>slotsMax * ruleBytes);
  typesAt = reserve(256);
  guessesAt = reserve(256);
  slotTypesAt = reserve(<usize>slotsMax);
  slotStartsAt = reserve(<usize>slotsMax * 8);
  slotEndsAt = reserve(<usize>slotsMax * 8);
  slotNumbersAt = reserve(<usize>slotsMax * 8);
  // A group may go so many levels below zero, or above, before it is given up.
  stackAt = reserve(groupBytes + <usize>stackLevels + groupBytes + slack) + groupBytes;
  keyStashAt = reserve(stashBytes + slack);
  stashAt = reserve(3 * stashBytes + slack);
  keptAt = reserve(slack + keptBytes) + slack;
  keptAt = (keptAt + 63) & ~63;
  chunkAt = keptAt + keptBytes;
  reserve(chunkBytes + slack);
  rowsMax = rows;
  columnsAt = reserve(<usize>rows * rowBytes);
  keysAt = reserve(keptBytes + chunkBytes + slack);
  keysEnd = keysAt + keptBytes + chunkBytes;
  hashesAt = sumsAt = reserve(<usize>rows * 16);
}
