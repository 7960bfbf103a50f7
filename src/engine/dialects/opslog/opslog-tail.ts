/** opslog-tail: what the end of an operation log shows, without reading all of it. */
import type { DiskReader } from '../../disk.js';
import type { StampedFile } from './opslog-layout.js';
import { snapshotHead } from './opslog-sources.js';

const tailBytes = 65_536;

/** The last bytes of a file as text. */
export function tailText(disk: DiskReader, path: string, bytes: number): string {
  const file = disk.open(path, { noLinks: true });
  try {
    const tail = new Uint8Array(Math.min(bytes, tailBytes));
    const length = file.read(tail, bytes - tail.length);
    return Buffer.from(tail.subarray(0, length)).toString('latin1');
  } finally {
    file.close();
  }
}

/** Times of the last operations of a store's logs; each end is read once. */
export class LastTimes {
  private readonly known = new Map<string, number>();

  constructor(private readonly disk: DiskReader) {}

  /** Milliseconds since 1970 UTC; NaN where the end does not show one. */
  of(log: StampedFile): number {
    const time = this.known.get(log.path) ?? this.read(log);
    this.known.set(log.path, time);
    return time;
  }

  /** True for the snapshot of a compaction that never took effect: an older log went on after. */
  isUnfinished({ path, stamp }: StampedFile, logs: readonly StampedFile[]): boolean {
    const { time } = snapshotHead(this.disk, path);
    return logs.some((log) => log.stamp < stamp && this.of(log) > time);
  }

  private read({ path, bytes }: StampedFile): number {
    const text = tailText(this.disk, path, bytes);
    const last = text.lastIndexOf('{"ts":"');
    if (last < 0) return bytes === 0 ? -Infinity : NaN;
    return Date.parse(text.slice(last + 7, text.indexOf('"', last + 7)));
  }
}
