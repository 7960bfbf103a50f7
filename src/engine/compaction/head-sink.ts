/** head-sink: appends a large new head to its file, and has it reach the disk on the way. */
import type { Sink } from '../context.js';
import { appendInParts, syncFile, type TargetFile } from '../disk.js';

/** Bytes of the new file that may wait for the disk. */
const unsyncedBytesMax = 4 << 20;

/**
 * Syncs every now and then: one fsync of all of a large file at its end would hold up the fsyncs
 * of those who write to the log meanwhile, for as long as it takes. While the disk is busy the
 * next bytes are made ready.
 */
export class HeadSink {
  /** How long the disk was waited for. */
  waitedMs = 0;
  private unsynced = 0;
  private syncing: Promise<void> | undefined;

  constructor(
    private readonly file: TargetFile,
    private readonly clockMs: () => number,
  ) {}

  readonly write: Sink = async (bytes) => {
    for (let at = 0; at < bytes.length; at += unsyncedBytesMax) {
      await this.settle();
      const part = bytes.subarray(at, at + unsyncedBytesMax);
      appendInParts(this.file, part);
      this.unsynced += part.length;
      if (this.unsynced >= unsyncedBytesMax) this.sync();
    }
  };

  private sync(): void {
    this.unsynced = 0;
    this.syncing = syncFile(this.file);
    // Its error is for whoever settles it, who may come late.
    this.syncing.catch(() => undefined);
  }

  /** Waits for the sync that is under way, if one is. To be called before the file is closed. */
  async settle(): Promise<void> {
    const { syncing } = this;
    if (syncing === undefined) return;
    this.syncing = undefined;
    const sinceMs = this.clockMs();
    await syncing;
    this.waitedMs += this.clockMs() - sinceMs;
  }
}
