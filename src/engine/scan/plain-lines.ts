/** plain-lines: which lines need no codec, as data: for a kernel that cannot stop to ask. */
import type { TYPE } from './kernel.js';

/** What a slot must hold. `filled`: a string that is not empty. */
export type SlotType = keyof typeof TYPE | 'filled';

/** Every type that a member has when it is there. */
export const anyValue: readonly SlotType[] = [
  'string',
  'number',
  'true',
  'false',
  'null',
  'object',
  'array',
];

/**
 * One kind of line that its slots' types and one word decide alone. It must say of such a line
 * what `decode` says of it, to the last bit; of all others `decode` is asked.
 */
export interface PlainLine {
  /** Text of the word slot; undefined where the format has none. */
  word?: string;
  /** By slot: the types that fit. Slots that are not named may hold anything. */
  types: Readonly<Record<number, readonly SlotType[]>>;
  kind: number;
  op: number;
  problem?: number;
  /** The key is taken (from the shape's key slot, a string). */
  keyed?: boolean;
  /** May be WHOLE_LINE. */
  valueSlot?: number;
  stateSlot?: number;
  /**
   * Bytes from the line's start to the key's text, and from that text's end to the value or to the
   * line's end. Absent: anywhere.
   */
  places?: { key: number; value?: number; end?: number };
}

/** What a dialect gives besides `decode`. Times are taken from the first slot that is a string. */
export interface PlainLines {
  /** The file's first line is never one of them, whatever it looks like. */
  exceptFirst?: boolean;
  /** Slot whose text is one of the words; -1: none. */
  wordSlot: number;
  /** One or two slots. */
  timeSlots: readonly number[];
  /** Slot of the sequence number; -1: none. */
  seqSlot: number;
  /** Slot of the number that orders entries of several writers. Absent: none. */
  clockSlot?: number;
  lines: readonly PlainLine[];
}
