/** source-part: a stretch of an open file as if it were a file of its own. */
import type { SourceFile, SyncSource } from '../disk.js';

/** A view of the bytes from `from` to `to`, by default to the end. Closing it closes nothing. */
export function partOf(source: SyncSource, from: number, to?: number): SyncSource;
/** The same of a file whose bytes may have to be made first. */
export function partOf(source: SourceFile, from: number, to?: number): SourceFile;
/** What both are. */
export function partOf(source: SourceFile, from: number, to = Infinity): SourceFile {
  return {
    path: source.path,
    stat() {
      const stat = source.stat();
      return { ...stat, size: Math.max(0, Math.min(stat.size, to) - from) };
    },
    read(target, position) {
      const room = Math.max(0, Math.min(target.length, to - from - position));
      return source.read(target.subarray(0, room), position + from);
    },
    close: () => undefined,
  };
}
