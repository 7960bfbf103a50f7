/** jsonl-places: where key, value, time and deletion stand in a line, as the operator says it. */
import type { FormatOptions } from '../../context.js';
import { LogctlError } from '../../errors.js';
import { stringToKey } from '../../keydir/key-bytes.js';
import type { Capture, LineShape } from '../../scan/kernel.js';
import { parsePointer, type Pointer } from './jsonl-pointer.js';

/** A part of a line: the slot that holds it, and the way from there. */
export interface Place {
  slot: number;
  rest: Pointer;
}

/** What a deletion has at its place; absent: anything but `false` and `null`. */
export type DeleteValue = { string: Uint8Array } | { json: Uint8Array };

/** All that was named. Without a key lines have no state: they are counted and checked. */
export interface Places {
  shape: LineShape;
  key?: Place;
  value?: Place;
  time?: Place;
  deletes?: Place & { value?: DeleteValue };
  /** Where lines without keys may say what they are; only there. */
  type?: Place;
}

/**
 * Reads `--key-at`, `--value-at`, `--time-at` and `--delete-at`. Throws LogctlError `usage` for one
 * that is no pointer, and for value or deletion without a key.
 */
export function placesOf({ keyAt, valueAt, timeAt, deleteAt }: FormatOptions): Places {
  if (keyAt === undefined && (valueAt ?? deleteAt) !== undefined) {
    const lone = valueAt === undefined ? '--delete-at' : '--value-at';
    const hint = 'say where the key stands: --key-at /id';
    throw new LogctlError('usage', `${lone} without --key-at: a value belongs to a key`, hint);
  }
  const key = keyAt === undefined ? undefined : parsePointer(keyAt, '--key-at');
  const value = valueAt === undefined ? undefined : parsePointer(valueAt, '--value-at');
  const time = timeAt === undefined ? undefined : parsePointer(timeAt, '--time-at');
  const marker = deleteAt === undefined ? undefined : deletionOf(deleteAt);
  const slots = new Slots([key, time, marker?.pointer, value]);
  return {
    ...(key && { key: slots.place(key, 'whole') }),
    ...(time && { time: slots.place(time, 'whole') }),
    ...(marker && {
      deletes: { ...slots.place(marker.pointer, 'whole'), value: marker.value },
    }),
    ...(key === undefined && { type: slots.place(parsePointer('/type', ''), 'text') }),
    ...(value && { value: slots.place(value, value.length > 1 ? 'whole' : 'range') }),
    shape: slots.shape(key),
  };
}

/** `POINTER=VALUE`: the value as JSON if it is any, else as a string. */
function deletionOf(text: string): { pointer: Pointer; value?: DeleteValue } {
  const at = text.indexOf('=');
  if (at < 0) return { pointer: parsePointer(text, '--delete-at') };
  const pointer = parsePointer(text.slice(0, at), '--delete-at');
  const wanted = text.slice(at + 1).trim();
  try {
    const value: unknown = JSON.parse(wanted);
    if (typeof value !== 'string') return { pointer, value: { json: Buffer.from(wanted) } };
    return { pointer, value: { string: stringToKey(value) } };
  } catch {
    return { pointer, value: { string: stringToKey(wanted) } };
  }
}

/**
 * The slots of a line. Members of the line itself have a slot each, which the kernel fills as it
 * reads. Where a place may be the whole line or an element of it, the whole line is one slot.
 */
class Slots {
  private readonly captures: { member: string; capture: Capture }[] = [];
  private readonly isWhole: boolean;

  constructor(pointers: readonly (Pointer | undefined)[]) {
    this.isWhole = pointers.some((pointer) => {
      return pointer !== undefined && (pointer.length === 0 || pointer[0].element >= 0);
    });
    if (this.isWhole) this.captures.push({ member: '', capture: 'whole' });
  }

  place(pointer: Pointer, capture: Capture): Place {
    if (this.isWhole) return { slot: 0, rest: pointer };
    const [{ text: member }, ...rest] = pointer;
    let slot = this.captures.findIndex((one) => one.member === member);
    if (slot < 0) slot = this.captures.push({ member, capture }) - 1;
    else if (capture === 'whole') this.captures[slot].capture = capture;
    return { slot, rest };
  }

  /** The key's slot is told where it holds the key alone. */
  shape(key: Pointer | undefined): LineShape {
    const line = this.isWhole ? { lineSlot: 0 } : {};
    const isAlone = key?.length === 1 && !this.isWhole;
    const keySlot = this.captures.findIndex(({ member }) => isAlone && member === key[0].text);
    return { slots: this.captures, keySlot, crcSlot: -1, framing: 'line', ...line };
  }
}
