/** A log in a folder of its own, followed, and replaced as compactions of other processes do it. */
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tail, type TailEvent, type TailOptions } from '../../src/engine/index.js';

export class FollowedFolder {
  readonly folder = mkdtempSync(join(tmpdir(), 'logctl-tail-'));
  readonly path = join(this.folder, 'players.log');
  events = tail(this.path);
  private stamp = 1_700_000_000_000;

  /** Writes the log and follows it; from its start unless told otherwise, and read already. */
  async start(text: string, options: TailOptions = {}): Promise<void> {
    writeFileSync(this.path, text);
    this.events = tail(this.path, { from: 'start', ...options });
    if (options.from === undefined) await this.take(text.split('\n').length - 1);
  }

  /** The next events. */
  async take(count: number): Promise<TailEvent[]> {
    const taken: TailEvent[] = [];
    while (taken.length < count) {
      const { done, value } = await this.events.next();
      if (done) throw new Error(`ended after ${taken.length} of ${count} events`);
      taken.push(value);
    }
    return taken;
  }

  /** The next events, an entry by its key and a notice by its name. */
  async names(count: number): Promise<string[]> {
    const events = await this.take(count);
    return events.map((event) => (event.event === 'entry' ? event.key! : `(${event.event})`));
  }

  /**
   * A new file in the log's place: `head`, the lines carried, and behind the rename `late` in both
   * files and `then` in the new one. Gives the path of the old file.
   */
  swap(head: string, carried: string, { late = '', then = '' } = {}): string {
    const kept = `${this.path}.backup.${(this.stamp += 1)}`;
    writeFileSync(`${this.path}.new`, head + carried);
    renameSync(this.path, kept);
    renameSync(`${this.path}.new`, this.path);
    appendFileSync(kept, late);
    appendFileSync(this.path, late + then);
    return kept;
  }

  /** Ends the following and removes everything. */
  async remove(): Promise<void> {
    await this.events.return!();
    rmSync(this.folder, { recursive: true });
  }
}
