/** batch: changes that count together or not at all. */
import type { Change } from './entry-text.js';
import { LogctlError } from '../errors.js';
import { jsonText } from './json-refusals.js';

/** What a batch reads under its own changes, and what it may not write. */
export interface BatchBase {
  read(key: string): string | undefined;
  mustBeWritable(key: string): void;
}

/**
 * Collects changes in memory. It sees its own changes; nobody else does before they are written.
 * Of several changes to one key all are written, in order. Not to be used after its callback.
 */
export class Batch<Value = unknown> {
  private readonly changes: Change[] = [];
  private readonly top = new Map<string, string | undefined>();
  private open = true;

  constructor(private readonly base: BatchBase) {}

  /** Throws LogctlError `refused` for what JSON cannot carry. */
  set(key: string, value: Value): void {
    this.mustBeOpen();
    this.base.mustBeWritable(key);
    const text = jsonText(value);
    this.changes.push({ do: 'put', key, value: text });
    this.top.set(key, text);
  }

  /** True where the key was there. */
  delete(key: string): boolean {
    this.mustBeOpen();
    const was = this.has(key);
    this.changes.push({ do: 'delete', key });
    this.top.set(key, undefined);
    return was;
  }

  get(key: string): Value | undefined {
    const text = this.textOf(key);
    return text === undefined ? undefined : (JSON.parse(text) as Value);
  }

  has(key: string): boolean {
    return this.textOf(key) !== undefined;
  }

  /** Ends it; gives its changes in order. */
  end(): readonly Change[] {
    this.open = false;
    return this.changes;
  }

  private textOf(key: string): string | undefined {
    return this.top.has(key) ? this.top.get(key) : this.base.read(key);
  }

  private mustBeOpen(): void {
    if (this.open) return;
    const hint = 'wait inside the callback for all that belongs to the batch';
    throw new LogctlError('usage', 'this batch is over', hint);
  }
}
