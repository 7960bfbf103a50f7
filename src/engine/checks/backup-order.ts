/** backup-order: which copy of a log is the newer one? Its content tells; its name breaks ties. */
import { isoTime } from '../text.js';

/** What is known of when a copy ended. Times in ms since 1970 UTC, NaN where unknown. */
export interface CopyAge {
  path: string;
  /** The number in its name: when some clock said that it was made. */
  ms: number;
  /** Time of its first entry: of the compaction, where it begins with a state. */
  firstTime: number;
  lastTime: number;
  startsWithState: boolean;
  /** Its highest sequence number; 0 where entries carry none. */
  lastSeq: number;
}

/** Clocks of one machine differ by less than this, and no compaction takes longer. */
const toleranceMs = 600_000;

/** True for a time that no clock can have shown yet, if the one we go by is right. */
export const isInFuture = (ms: number, now: number): boolean => ms > now + toleranceMs;

/** The order of names alone, newest first: a number from the future says nothing and comes last. */
export function byName(now: number): (a: { ms: number }, b: { ms: number }) => number {
  return (a, b) => Number(isInFuture(a.ms, now)) - Number(isInFuture(b.ms, now)) || b.ms - a.ms;
}

/**
 * The copies, newest first. A copy comes after the one whose head was made from it; else the
 * highest sequence number decides, then the newest time inside, then the number in the name. A
 * copy of which nothing can be read is put where its name says.
 */
export function newestFirst<T extends CopyAge>(copies: readonly T[], now: number): T[] {
  const known = copies.filter((copy) => copy.lastSeq > 0 || isTime(newestTime(copy)));
  const left = [...known].sort(comparison(known, now));
  const successors = successorsOf(left);
  const placed: T[] = [];
  while (left.length > 0) {
    const free = left.findIndex((copy) => !left.includes(successors.get(copy) as T));
    placed.push(...left.splice(Math.max(0, free), 1));
  }
  const compare = byName(now);
  for (const copy of copies.filter((one) => !known.includes(one)).sort(compare)) {
    const place = placed.findIndex((other) => compare(copy, other) < 0);
    placed.splice(place < 0 ? placed.length : place, 0, copy);
  }
  return placed;
}

/** The newest time inside a copy; NaN without one. A head is as new as its compaction. */
export function newestTime({
  firstTime,
  lastTime,
}: Pick<CopyAge, 'firstTime' | 'lastTime'>): number {
  const times = [firstTime, lastTime].filter(isTime);
  return times.length === 0 ? NaN : Math.max(...times);
}

/** What tells these copies apart, for all of them alike: an order must not go in circles. */
function comparison(copies: readonly CopyAge[], now: number) {
  const isNumbered = copies.every(({ lastSeq }) => lastSeq > 0);
  const isDated = copies.every((copy) => isPast(newestTime(copy), now));
  const name = byName(now);
  return (a: CopyAge, b: CopyAge): number => {
    const bySeq = isNumbered ? b.lastSeq - a.lastSeq : 0;
    return bySeq || (isDated ? newestTime(b) - newestTime(a) : 0) || name(a, b);
  };
}

const isTime = (time: number) => !Number.isNaN(time);
const isPast = (time: number, now: number) => isTime(time) && !isInFuture(time, now);

/** Which copy begins with the head that was made from which: both bear the time of one moment. */
function successorsOf<T extends CopyAge>(copies: readonly T[]): Map<T, T> {
  const successors = new Map<T, T>();
  for (const next of copies) {
    if (!next.startsWithState || !isTime(next.firstTime)) continue;
    const from = predecessorOf(next, copies);
    if (from !== undefined) successors.set(from, next);
  }
  return successors;
}

function predecessorOf<T extends CopyAge>(next: T, copies: readonly T[]): T | undefined {
  // A copy was made after the compaction that began it, unless the clock was set back in between.
  const until = next.ms >= next.firstTime ? next.ms : Infinity;
  const nearest = (a: T, b: T) => a.ms - b.ms;
  return copies
    .filter((one) => one !== next && isMadeAt(one, next.firstTime) && one.ms <= until)
    .sort(nearest)[0];
}

/** True where the number in a name fits a compaction that began then. */
export const isMadeAt = ({ ms }: { ms: number }, time: number) =>
  ms >= time && ms <= time + toleranceMs;

/** True where what two copies hold tells which is the newer one, whatever their names say. */
export function isTold(a: CopyAge, b: CopyAge, now: number): boolean {
  if (a.lastSeq > 0 && b.lastSeq > 0 && a.lastSeq !== b.lastSeq) return true;
  const [first, second] = [newestTime(a), newestTime(b)];
  if (isPast(first, now) && isPast(second, now) && first !== second) return true;
  const successors = successorsOf([a, b]);
  return successors.get(a) === b || successors.get(b) === a;
}

/** A copy whose name is wrong, and why that can be seen. */
export interface Misdated {
  path: string;
  why: string;
}

/** The copies, newest first, whose names tell another time than what they hold. */
export function misdatedOf(copies: readonly CopyAge[], now: number): Misdated[] {
  const future = copies.filter(({ ms }) => isInFuture(ms, now));
  const found = future.map(({ path, ms }) => {
    return { path, why: `its name says ${isoTime(ms) ?? ms}, which is in the future` };
  });
  const others = copies.filter((copy) => !future.includes(copy));
  for (let i = 1; i < others.length; i++) {
    const [newer, older] = [others[i - 1], others[i]];
    if (newer.ms >= older.ms || !isTold(newer, older, now)) continue;
    const isTooEarly = newer.ms + toleranceMs < newestTime(newer);
    const wrong = isTooEarly ? newer : older;
    const other = isTooEarly ? older : newer;
    const holds = `what it holds is ${isTooEarly ? 'newer' : 'older'} than`;
    const why = `its name says ${isoTime(wrong.ms) ?? wrong.ms}, but ${holds} ${other.path}`;
    if (!found.some(({ path }) => path === wrong.path)) found.push({ path: wrong.path, why });
  }
  return found;
}
