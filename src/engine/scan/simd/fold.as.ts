/** fold: the rows of a batch into the keydir, and what the outside asks of it. */
import { addressOf } from './entries.as';
import { hashOf } from './hash.as';
import { columnsAt, hashesAt, keysAt, rowsMax } from './layout.as';
import { putKey, removeKey } from './keydir.as';
import { freePages, pageBytes, takePages } from './pages.as';
import { queuePut, queueRemoval, setHashed } from './queue.as';
import { rows as batchRows } from './rows.as';
import { findKey, growSlots } from './slots.as';
import { mainTable, packIfDue, writeOrder } from './states.as';
import { TABLE, tableBytes } from './table.as';

const kindPut: u8 = 1;
const kindDelete: u8 = 2;

/** Writes the hashes of the batch's keys. Checksums that were noted there are lost. */
export function hashKeys(): void {
  const starts = columnsAt + ((8 * <usize>rowsMax) << 3);
  const keyLengths = starts + (<usize>rowsMax << 2);
  for (let k: usize = 0; k < <usize>batchRows; k++) {
    const key = keysAt + <usize>load<u32>(starts + (k << 2));
    store<u32>(hashesAt + (k << 2), hashOf(key, load<u32>(keyLengths + (k << 2))));
  }
}

/**
 * Folds the rows `from` to `to` of the batch. `firstLine`: the line of row 0; `hashed`: the hashes
 * of their keys are there.
 */
export function foldRows(from: i32, to: i32, file: u32, firstLine: u32, hashed: bool): void {
  setHashed(hashed);
  const rows = <usize>rowsMax;
  const offsets = columnsAt + ((6 * rows) << 3);
  const lengths = columnsAt + ((7 * rows) << 3);
  const starts = columnsAt + ((8 * rows) << 3);
  const keyLengths = starts + (rows << 2);
  const kinds = keyLengths + (rows << 2) + ((2 * rows) << 1);
  for (let k = <usize>from; k < <usize>to; k++) {
    const kind = load<u8>(kinds + k);
    if (kind != kindPut && kind != kindDelete) continue;
    const key = keysAt + <usize>load<u32>(starts + (k << 2));
    const length = load<u32>(keyLengths + (k << 2));
    const hash = load<u32>(hashesAt + (k << 2));
    if (kind == kindDelete) {
      queueRemoval(mainTable, key, length, hash);
      continue;
    }
    const offset = <i64>load<f64>(offsets + (k << 3));
    const valueLength = <i64>load<f64>(lengths + (k << 3));
    queuePut(mainTable, key, length, hash, file, offset, valueLength, firstLine + <u32>k);
  }
  setHashed(false);
}

/** Room for a key that comes from outside. */
let scratchAt: usize = 0;
let scratchPages: u32 = 0;

/** Where the outside may write `bytes` of key. */
export function scratch(bytes: u32): usize {
  if (<usize>bytes + 64 > <usize>scratchPages * pageBytes) {
    freePages(scratchAt, scratchPages);
    scratchPages = <u32>((<usize>bytes + 64 + pageBytes - 1) / pageBytes);
    scratchAt = takePages(scratchPages);
  }
  return scratchAt;
}

/** Table 0: the state; 1: the members of a whole state. The key is in `scratch`. */
@inline
function tableOf(number: i32): usize {
  return mainTable + <usize>number * tableBytes;
}

export function put(
  table: i32,
  length: u32,
  file: u32,
  offset: f64,
  valueLength: f64,
  line: u32,
  versions: u32,
): void {
  const at = tableOf(table);
  if (load<u32>(at, TABLE.homes) == 0) growSlots(at);
  const hash = hashOf(scratchAt, length);
  const handle = findKey(at, hash, scratchAt, length);
  const from = <i64>offset;
  const bytes = <i64>valueLength;
  putKey(at, handle, hash, scratchAt, length, file, from, bytes, line, versions);
}

export function remove(table: i32, length: u32): bool {
  const isGone = removeKey(tableOf(table), hashOf(scratchAt, length), scratchAt, length);
  packIfDue();
  return isGone;
}

/** Handle of the key, 0 where it has none. */
export function find(table: i32, length: u32): u32 {
  const at = tableOf(table);
  if (load<u32>(at, TABLE.homes) == 0) return 0;
  return findKey(at, hashOf(scratchAt, length), scratchAt, length);
}

/** A number that a table has: its place in TABLE. */
export function tableNumber(table: i32, place: u32): u32 {
  return load<u32>(tableOf(table) + <usize>place);
}

export function liveBytes(table: i32): f64 {
  return <f64>load<i64>(tableOf(table), TABLE.liveBytes);
}

/** Address of an entry: see entries.as.ts. */
export function entryAt(handle: u32): usize {
  return addressOf(handle);
}

let orderAt: usize = 0;
let orderPages: u32 = 0;

/** Makes the list of live handles; gives its address. */
export function openOrder(table: i32, upstream: bool): usize {
  const used = load<u32>(tableOf(table), TABLE.used);
  orderPages = <u32>(((<usize>used << 2) + pageBytes) / pageBytes);
  orderAt = takePages(orderPages);
  writeOrder(tableOf(table), upstream, orderAt);
  return orderAt;
}

/** The list is not needed any more. */
export function closeOrder(): void {
  freePages(orderAt, orderPages);
}
