/** writer-state: what a log says (`settled`), and what the waiting changes will make of it. */
import type { Change } from './entry-text.js';

/**
 * Key to value as JSON text, in the order in which each key was last created.
 *
 * Texts, not parsed values: whoever changes an object that `get` gave changes nothing here, undo
 * and mirror have the very bytes of the log (2^53+1, 1.0), and a text takes less memory.
 */
export class StateTable {
  private texts = new Map<string, string>();
  /** Bytes of `"key"` and value over all keys. */
  liveBytes = 0;
  /** Deletes that removed a key. */
  removals = 0;

  get size(): number {
    return this.texts.size;
  }

  get(key: string): string | undefined {
    return this.texts.get(key);
  }

  keys(): IterableIterator<string> {
    return this.texts.keys();
  }

  entries(): IterableIterator<[string, string]> {
    return this.texts.entries();
  }

  put(key: string, value: string): void {
    const before = this.texts.get(key);
    const weight = before === undefined ? keyBytes(key) : -Buffer.byteLength(before);
    this.liveBytes += weight + Buffer.byteLength(value);
    this.texts.set(key, value);
  }

  apply(change: Change): void {
    switch (change.do) {
      case 'put':
        this.put(change.key, change.value);
        break;
      case 'delete':
        this.remove(change.key);
        break;
      case 'replace':
        this.texts = new Map();
        this.liveBytes = 0;
        for (const [key, value] of change.members) this.put(key, value);
    }
  }

  private remove(key: string): void {
    const before = this.texts.get(key);
    if (before === undefined) return;
    this.liveBytes -= keyBytes(key) + Buffer.byteLength(before);
    this.removals++;
    this.texts.delete(key);
  }
}

const keyBytes = (key: string) => Buffer.byteLength(JSON.stringify(key));

/** The settled state with waiting changes on top: what the program sees. */
export class LayeredState {
  settled = new StateTable();
  private waiting: Change[] = [];
  /** Key to its waiting value; null where it will be deleted. */
  private top = new Map<string, string | null>();
  /** A waiting change replaces the whole state. */
  private replaced = false;

  add(changes: readonly Change[]): void {
    for (const change of changes) {
      this.waiting.push(change);
      this.cover(change);
    }
  }

  /** The first `count` waiting changes are in the log now, behind all that is settled. */
  settle(count: number): void {
    for (let at = 0; at < count; at++) this.settled.apply(this.waiting[at]);
    this.forget(count);
  }

  /** The first `count` waiting changes are in the log, and `settled` has them from there. */
  forget(count: number): void {
    this.waiting.splice(0, count);
    this.rebuild();
  }

  /** None of the waiting changes will ever be in the log. */
  drop(): void {
    this.forget(this.waiting.length);
  }

  get(key: string): string | undefined {
    const text = this.top.get(key);
    if (text !== undefined) return text ?? undefined;
    return this.replaced ? undefined : this.settled.get(key);
  }

  /** All keys and texts in order. A copy where changes wait: they may move keys. */
  all(): Map<string, string> | StateTable {
    if (this.waiting.length === 0) return this.settled;
    const copy = new Map(this.replaced ? [] : this.settled.entries());
    for (const change of this.waiting) {
      if (change.do === 'put') copy.set(change.key, change.value);
      else if (change.do === 'delete') copy.delete(change.key);
      else {
        copy.clear();
        for (const [key, value] of change.members) copy.set(key, value);
      }
    }
    return copy;
  }

  get size(): number {
    let size = this.replaced ? 0 : this.settled.size;
    for (const [key, text] of this.top) {
      const is = text === null ? 0 : 1;
      size += is - (this.replaced || this.settled.get(key) === undefined ? 0 : 1);
    }
    return size;
  }

  private cover(change: Change): void {
    switch (change.do) {
      case 'put':
        this.top.set(change.key, change.value);
        break;
      case 'delete':
        this.top.set(change.key, null);
        break;
      case 'replace':
        this.replaced = true;
        this.top = new Map(change.members);
    }
  }

  private rebuild(): void {
    this.top = new Map();
    this.replaced = false;
    for (const change of this.waiting) this.cover(change);
  }
}

/**
 * Makes the whole state these members. Keys that go are deleted one by one before: readers that
 * replace at a whole-state entry and readers that merge then have the same state.
 */
export function replacing(texts: ReadonlyMap<string, string>, keys: Iterable<string>): Change[] {
  const gone = [...keys].filter((key) => !texts.has(key));
  const deletes = gone.map((key): Change => ({ do: 'delete', key }));
  return [...deletes, { do: 'replace', members: [...texts] }];
}
