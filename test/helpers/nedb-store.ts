/** A store of nedb in a folder of its own, gone when the test is over, and our verbs on it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  compact,
  loadKernelLocks,
  nodeDisk,
  recover,
  replay,
  verify,
} from '../../src/engine/index.js';
import type { RecoverOptions, TargetOptions, WriteContext } from '../../src/engine/index.js';
import { contextOf } from './context.js';

const locks = await loadKernelLocks(nodeDisk);

/** `FOLDER/db.db` and what lies around it. */
export class NedbStore {
  readonly folder = mkdtempSync(join(tmpdir(), 'logctl-nedb-'));
  readonly path = join(this.folder, 'db.db');
  private readonly context: WriteContext;

  /** `text`: the datafile; none where it is left out. */
  constructor(text?: string | Uint8Array) {
    let names = 0;
    const random = () => String((names += 1));
    this.context = { ...contextOf(), disk: nodeDisk, locks, random };
    if (text !== undefined) this.write(text);
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  write(text: string | Uint8Array, suffix = ''): void {
    writeFileSync(this.path + suffix, text);
  }

  /** The datafile's text, or that of the file with this behind its name. */
  read(suffix = ''): string {
    return readFileSync(this.path + suffix, 'utf8');
  }

  verify(options: TargetOptions = {}) {
    return verify(this.context, [this.path], options);
  }

  /** Codes of what verify finds, in its order. */
  async codes(): Promise<string[]> {
    return (await this.verify()).findings.map(({ code }) => code);
  }

  /** `_id` as JSON to the document, as it stands in the file. */
  async state(semantics: 'documented' | 'upstream' = 'documented', options: TargetOptions = {}) {
    let text = '';
    const sink = (bytes: Uint8Array) => void (text += Buffer.from(bytes).toString());
    const how = { ...options, semantics, format: 'jsonl', onError: 'skip' } as const;
    const { exitCode } = await replay(this.context, [this.path], how, sink);
    const rows = text.split('\n').filter(Boolean);
    const pairs = rows.map((row) => /^\{"key":([^]*?),"value":([^]*)\}$/.exec(row)!.slice(1, 3));
    return { exitCode, entries: Object.fromEntries(pairs) as Record<string, string> };
  }

  recover(options: RecoverOptions = { policy: 'salvage', maxLost: 99 }) {
    return recover(this.context, [this.path], options, () => true);
  }

  compact() {
    return compact(this.context, [this.path], { force: true, offline: true });
  }
}

/** Lines as the library writes them: each ended by LF. */
export const lines = (...texts: string[]): string => texts.map((text) => `${text}\n`).join('');

/** `count` documents f0, f1 … that nothing is wrong with. */
export const documents = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `{"_id":"f${i}","i":${i}}`);
