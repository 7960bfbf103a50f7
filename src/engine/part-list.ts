/** PartList: the new file under construction: what is kept, what goes, what is put in. */
import type { PlanPart, Quarantined } from './plan.js';

/** Collects parts in order; neighbouring ranges of one file become one. */
export class PartList {
  readonly parts: PlanPart[] = [];
  readonly quarantine: Quarantined[] = [];
  /** Bytes of the new file as far as ranges and texts tell (mended bytes may grow). */
  bytes = 0;
  inserted = 0;
  /** Bytes per source file that are in the new file. */
  private readonly kept = new Map<string, number>();

  range(path: string, offset: number, length: number): void {
    if (length <= 0) return;
    const last = this.parts.at(-1);
    this.bytes += length;
    this.kept.set(path, this.keptOf(path) + length);
    if (last?.part === 'range' && last.path === path && last.offset + last.length === offset) {
      last.length += length;
    } else {
      this.parts.push({ part: 'range', path, offset, length });
    }
  }

  mended(path: string, offset: number, length: number): void {
    this.bytes += length;
    this.inserted += length;
    this.parts.push({ part: 'mended', path, offset, length });
  }

  text(text: string, why: string): void {
    const length = Buffer.byteLength(text);
    this.bytes += length;
    this.inserted += length;
    this.parts.push({ part: 'text', text, why });
  }

  drop(bytes: Quarantined): void {
    if (bytes.length > 0) this.quarantine.push(bytes);
  }

  keptOf(path: string): number {
    return this.kept.get(path) ?? 0;
  }

  get quarantined(): number {
    return this.quarantine.reduce((sum, { length }) => sum + length, 0);
  }
}
