/** PartList: the new file under construction: what is kept, what goes, what is put in. */
import { strict as assert } from 'node:assert';
import type { EntryPart } from './mirror-entry.js';
import type { PlanPart, Quarantined } from './plan.js';

/** Collects parts in order; neighbouring ranges of one file become one. */
export class PartList {
  readonly parts: PlanPart[] = [];
  readonly quarantine: Quarantined[] = [];
  /** Bytes of the new file. */
  bytes = 0;
  /** Bytes of it that are not ranges kept from `own`. */
  inserted = 0;

  /** `own`: the log that is recovered. `ownStart`: where its lines begin, behind an order mark. */
  constructor(
    private readonly own: string,
    private readonly ownStart = 0,
  ) {}

  range(path: string, offset: number, length: number): void {
    if (length <= 0) return;
    // An order mark belongs to a file's start: behind other bytes it is damage.
    if (path === this.own && offset < this.ownStart && this.bytes > 0) {
      return this.rangeBehindMark(offset, length);
    }
    const last = this.parts.at(-1);
    this.bytes += length;
    if (path !== this.own) this.inserted += length;
    if (last?.part === 'range' && last.mends === undefined && joins(last, path, offset)) {
      last.length += length;
    } else {
      this.parts.push({ part: 'range', path, offset, length });
    }
  }

  private rangeBehindMark(offset: number, length: number): void {
    const marked = Math.min(length, this.ownStart - offset);
    const reason = 'the byte order mark, which belongs to the start of a file';
    this.drop({ path: this.own, line: 1, offset, length: marked, reason });
    this.range(this.own, offset + marked, length - marked);
  }

  /** Bytes of a line that is mended: they are in the new file, and in quarantine with the line. */
  mends(offset: number, length: number): void {
    if (length <= 0) return;
    this.bytes += length;
    this.inserted += length;
    this.parts.push({ part: 'range', path: this.own, offset, length, mends: true });
  }

  /** Puts all that another list holds in front of what is here. */
  putInFront(front: PartList): void {
    const own = this.parts.splice(0);
    const dropped = this.quarantine.splice(0);
    this.parts.push(...front.parts);
    this.quarantine.push(...front.quarantine);
    this.bytes = front.bytes;
    this.inserted = front.inserted;
    for (const part of own) {
      if (part.part === 'text') this.text(part.text, part.why);
      else if (part.part === 'entry') this.entry(part);
      else if (part.mends === true) this.mends(part.offset, part.length);
      else this.range(part.path, part.offset, part.length);
    }
    this.quarantine.push(...dropped);
  }

  text(text: string, why: string): void {
    const length = Buffer.byteLength(text);
    this.bytes += length;
    this.inserted += length;
    this.parts.push({ part: 'text', text, why });
  }

  entry(part: EntryPart): void {
    this.bytes += part.length;
    this.inserted += part.length;
    this.parts.push(part);
  }

  /**
   * Takes the new file's bytes from `from` on out again; gives those that are the log's own, in
   * order. Bytes of a mended line are in quarantine already.
   */
  cutFrom(from: number): { offset: number; length: number }[] {
    const cut: { offset: number; length: number }[] = [];
    while (this.bytes > from) {
      const last = this.parts.at(-1)!;
      const size = last.part === 'text' ? Buffer.byteLength(last.text) : last.length;
      const length = Math.min(size, this.bytes - from);
      const isKept = last.part === 'range' && last.path === this.own && last.mends === undefined;
      if (isKept) cut.unshift({ offset: last.offset + size - length, length });
      else this.inserted -= length;
      this.bytes -= length;
      if (length === size) this.parts.pop();
      else if (last.part === 'range') last.length -= length;
      else {
        assert(last.part === 'text', 'an entry is cut as a whole');
        last.text = Buffer.from(last.text).subarray(0, -length).toString();
      }
    }
    return cut;
  }

  /** Bytes that go; those of one line that touch become one record. */
  drop(bytes: Quarantined): void {
    if (bytes.length <= 0) return;
    const last = this.quarantine.at(-1);
    if (last?.line === bytes.line && joins(last, bytes.path, bytes.offset)) {
      last.length += bytes.length;
    } else {
      this.quarantine.push({ ...bytes });
    }
  }

  get quarantined(): number {
    return this.quarantine.reduce((sum, { length }) => sum + length, 0);
  }
}

const joins = (last: { path: string; offset: number; length: number }, path: string, at: number) =>
  last.path === path && last.offset + last.length === at;

/** Bytes of `path` that stay in the new file as they are. */
export function keptBytes(parts: readonly PlanPart[], path: string): number {
  return parts.reduce((sum, part) => {
    const isKept = part.part === 'range' && part.path === path && part.mends === undefined;
    return isKept ? sum + part.length : sum;
  }, 0);
}

/**
 * The first byte of `[0, size)` of `path` that is neither kept nor in quarantine, or is both;
 * undefined when the two partition it.
 */
export function partitionFault(
  path: string,
  size: number,
  parts: readonly PlanPart[],
  quarantine: readonly Quarantined[],
): number | undefined {
  const kept = parts.flatMap((part) => {
    return part.part === 'range' && part.path === path && part.mends === undefined ? [part] : [];
  });
  const all = [...kept, ...quarantine].sort((a, b) => a.offset - b.offset);
  let at = 0;
  for (const { offset, length } of all) {
    if (offset !== at) return Math.min(at, offset);
    at += length;
  }
  return at === size ? undefined : Math.min(at, size);
}
