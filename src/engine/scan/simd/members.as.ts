/** members: the members of a line and what they say. Called at the commas and the line's end. */
import { dataEnd, dataStart, isWhite, offsetOf, skipWhite } from './data.as';
import { enterState, inState, keepInner, leaveState, moveInner } from './inner.as';
import {
  guessesAt,
  keyStashAt,
  ROLE,
  slotBytes,
  slotEndsAt,
  slotLengthAt,
  slotMaskAt,
  slotNumbersAt,
  slotRoleAt,
  slotsAt,
  slotStartsAt,
  slotTypesAt,
  stashBytes,
  TYPE_BIT,
  typesAt,
} from './layout.as';
import { hasEscape, plainInteger, timeOf, wordOf } from './texts.as';

const placesMax: i32 = 32;
const noSlot: i32 = -1;

/** Something that only the reference may judge was seen in the line. */
export let doubtful: bool = false;
/** Word of the line, from 1; 0: none. */
export let word: i32 = 0;
/** Offsets in the file of the line's object. */
export let topStart: i64 = 0;
export let topEnd: i64 = 0;
/** Where the key's text lies. */
export let keyAt: usize = 0;
export let keyLength: i32 = 0;

/** Slot of the whole state in the line; -1: none. */
export let stateSlot: i32 = noSlot;

let slotCount: i32 = 0;
let readsStates: bool = false;
/** The key's text lies in the stash: the data may move. */
export let isKeyStashed: bool = false;
/** Members before this one in the line. */
export let place: i32 = 0;
/** The line's opening bracket has been passed. */
let inLine: bool = false;
/** First byte of the member, behind the bracket or the comma. */
let memberAt: usize = 0;
/** Name and type of the member are known, and where its value begins. */
export let isOpen: bool = false;
let slot: i32 = noSlot;
let type: u8 = 0;
let valueAt: usize = 0;
let valueOffset: i64 = 0;

export function setSlotCount(count: i32): void {
  slotCount = count;
}

/** Whole states are read member by member; else only where they lie. */
export function setStates(areRead: bool): void {
  readsStates = areRead;
}

/** The text of the key, in memory. */
@inline
function setKey(at: usize, length: i32): void {
  keyAt = at;
  keyLength = length;
  isKeyStashed = false;
}

/** A line begins at `at`. */
@inline
export function beginLine(at: usize): void {
  v128.store(slotTypesAt, i8x16.splat(TYPE_BIT.absent));
  doubtful = false;
  word = keyLength = place = 0;
  inLine = isOpen = isKeyStashed = false;
  stateSlot = noSlot;
  leaveState();
  memberAt = at;
  openMember();
}

/** The bytes in memory move down by `distance`. */
export function moveMembers(distance: usize): void {
  memberAt -= distance;
  valueAt -= distance;
  if (!isKeyStashed) keyAt -= distance;
  moveInner(distance);
}

/** Reads the member's name and where its value begins, as soon as all of that is there. */
export function openMember(): void {
  let at = skipWhite(memberAt);
  if (!inLine) {
    if (at >= dataEnd) return;
    if (load<u8>(at) != 0x7b) return;
    inLine = true;
    topStart = offsetOf(at);
    memberAt = at + 1;
    at = skipWhite(at + 1);
  }
  const found = at + 64 <= dataEnd ? guessedName(at) : 0;
  const value = skipWhite(found != 0 ? found : readName(at));
  if (value >= dataEnd || value == 0) return;
  valueAt = value;
  valueOffset = offsetOf(value);
  type = load<u8>(typesAt + <usize>load<u8>(value));
  isOpen = true;
  if (slot < 0) return;
  if (type == TYPE_BIT.object && readsStates && roleOf(slot) == ROLE.members) openState();
}

/** A whole state begins; of two in a line the last counts, as of all members. */
function openState(): void {
  if (stateSlot >= 0 && stateSlot != slot) doubtful = true;
  stateSlot = slot;
  enterState(valueAt + 1);
}

@inline
export function roleOf(slot: i32): u8 {
  return load<u8>(slotsAt + <usize>slot * slotBytes, slotRoleAt);
}

/** Behind the colon where the name is that of the last line's member at this place, else 0. */
@inline
function guessedName(at: usize): usize {
  if (place >= placesMax) return 0;
  const guess = <i32>load<u8>(guessesAt + <usize>place);
  if (guess == 0xff) return 0;
  const own = slotsAt + <usize>guess * slotBytes;
  if (!isNameAt(at, own)) return 0;
  slot = guess;
  return at + <usize>load<u8>(own, slotLengthAt);
}

/** True where the bytes at `at` are the slot's name with its quotes and colon. */
@inline
function isNameAt(at: usize, own: usize): bool {
  const low = v128.and(v128.xor(v128.load(at), v128.load(own)), v128.load(own, slotMaskAt));
  if (v128.any_true(low)) return false;
  if (load<u8>(own, slotLengthAt) <= 16) return true;
  const high = v128.xor(v128.load(at, 16), v128.load(own, 16));
  return !v128.any_true(v128.and(high, v128.load(own, slotMaskAt + 16)));
}

/** Finds name and slot. Gives where the colon ends; 0 where data runs out or there is no name. */
function readName(at: usize): usize {
  slot = noSlot;
  if (at >= dataEnd || load<u8>(at) != 0x22) return 0;
  let end = at + 1;
  for (; end < dataEnd; end++) {
    const byte = load<u8>(end);
    if (byte == 0x22) break;
    // A name spelled with escapes may still be one that counts.
    if (byte == 0x5c) {
      doubtful = true;
      return 0;
    }
  }
  const colon = skipWhite(end + 1);
  if (end >= dataEnd || colon >= dataEnd) return 0;
  const length = <i32>(end - at) + 2;
  for (let k = 0; k < slotCount && slot < 0; k++) {
    const own = slotsAt + <usize>k * slotBytes;
    if (<i32>load<u8>(own, slotLengthAt) != length) continue;
    if (isSameName(at, own, length - 1)) slot = k;
  }
  if (place < placesMax) store<u8>(guessesAt + <usize>place, slot < 0 ? 0xff : <u8>slot);
  return colon + 1;
}

function isSameName(at: usize, own: usize, length: i32): bool {
  for (let k: usize = 0; k < <usize>length; k++) {
    if (load<u8>(at + k) != load<u8>(own + k)) return false;
  }
  return true;
}

/** A member ended before the comma at `comma`; the next one begins behind it. */
@inline
export function nextMember(comma: usize): void {
  closeMember(comma);
  place++;
  isOpen = false;
  memberAt = comma + 1;
  openMember();
}

/** The line ends with the line feed at `at`: its last member ended before its last bracket. */
@inline
export function lastMember(at: usize): void {
  let end = at - 1;
  while (end > dataStart && isWhite(<i32>load<u8>(end))) end--;
  if (load<u8>(end) != 0x7d) {
    doubtful = true;
    return;
  }
  closeMember(end);
  topEnd = offsetOf(end + 1);
}

/** Takes the value that ends before `end`, whitespace aside. */
@inline
function closeMember(end: usize): void {
  if (!isOpen) openMember();
  // An object without members has none to open either: no rule will fit it.
  if (!isOpen || slot < 0) return;
  while (end > dataStart && isWhite(<i32>load<u8>(end - 1))) end--;
  if (end == dataStart) doubtful = true;
  store<u8>(slotTypesAt + <usize>slot, type);
  store<i64>(slotStartsAt + ((<usize>slot) << 3), valueOffset);
  store<i64>(slotEndsAt + ((<usize>slot) << 3), offsetOf(end));
  const role = roleOf(slot);
  if (role != ROLE.none) takeText(role, end);
}

function takeText(role: u8, end: usize): void {
  const isText = type == TYPE_BIT.text;
  const at = valueAt + <usize>isText;
  const length = <i32>(end - at) - <i32>isText;
  if (isText && role != ROLE.members && hasEscape(at, length)) {
    doubtful = true;
  } else if (role == ROLE.word) {
    word = isText ? wordOf(at, length) : 0;
  } else if (role == ROLE.key) {
    setKey(at, isText ? length : 0);
  } else if (role == ROLE.time) {
    if (isText) takeNumber(timeOf(at, length));
  } else if (role == ROLE.integer) {
    if (type == TYPE_BIT.number) takeNumber(plainInteger(at, length));
  }
}

/** Times and numbers that are not written the plain way are for the codec to read. */
@inline
function takeNumber(value: f64): void {
  if (value != value) doubtful = true;
  store<f64>(slotNumbersAt + ((<usize>slot) << 3), value);
}

/**
 * The first byte in memory that the line still needs, if what is before `from` may go, the line's
 * beginning too; 0 where the line needs too much of it.
 */
export function keepMembers(from: usize): usize {
  if (doubtful) return 0;
  if (keyLength > 0 && !isKeyStashed) {
    if (<usize>keyLength > stashBytes) return 0;
    memory.copy(keyStashAt, keyAt, <usize>keyLength);
    keyAt = keyStashAt;
    isKeyStashed = true;
  }
  if (!isOpen) openMember();
  if (!isOpen) return min(from, memberAt);
  if (inState) return keepInner(from);
  const isRead = slot >= 0 && roleOf(slot) != ROLE.none && roleOf(slot) != ROLE.members;
  return isRead ? min(from, valueAt) : from;
}
