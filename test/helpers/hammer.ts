/** Real writers and compactors on a real log, and the audit of every entry they acknowledged. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildScript } from './engine-build.js';

/** What a compactor process printed at its end. */
export interface CompactorResult {
  /** Runs by their result, or by the code of their error. */
  results: Record<string, number>;
  messages: string[];
  calls: number;
}

/** What a writer process printed at its end. Waits of opens that took more than 1 ms, sorted. */
export interface WriterResult {
  acknowledged: number;
  waitedMs: number[];
}

/** Entries per burst (0: the descriptor stays open), ms between two, and where acks are noted. */
export interface WriterPace {
  burst: number;
  pauseMs: number;
  acksTo?: string;
}

/** A log in a directory of its own, with programs that work on it. */
export class Hammer {
  readonly path: string;
  private readonly compactors = new Set<Program>();
  private readonly writers: Program[] = [];
  /** What the writers acknowledged that were stopped, by their number. */
  private readonly written: WriterResult[] = [];

  private constructor(
    private readonly scripts: Scripts,
    directory: string,
  ) {
    this.path = join(directory, 'players.log');
    writeFileSync(this.path, '');
  }

  static make(scripts: Scripts, parent = tmpdir()): Hammer {
    return new Hammer(scripts, mkdtempSync(join(parent, 'logctl-hammer-')));
  }

  /** Starts a writer; its number counts from 1. `burst` 0: it keeps its descriptor open. */
  async write({ burst, pauseMs, acksTo = '' }: WriterPace): Promise<ChildProcess> {
    const number = this.written.length + this.writers.length + 1;
    const given = [this.path, number, burst, pauseMs, acksTo].map(String);
    const writer = new Program(this.scripts.writer.script, given);
    this.writers.push(writer);
    await writer.line();
    return writer.child;
  }

  /** Compacts in a process of its own, `under` another program; undefined when it was killed. */
  async compact(
    times: number,
    { pauseMs = 0, dieAt = 0, dieAfterMs = 0, under = [] as string[] } = {},
  ): Promise<CompactorResult | undefined> {
    const names = under.length > 0 ? 'plain' : 'random';
    const given = [this.path, times, pauseMs, dieAt, names].map(String);
    const compactor = new Program(this.scripts.compactor.script, given, under);
    this.compactors.add(compactor);
    await compactor.line();
    const kill = () => compactor.child.kill('SIGKILL');
    const timer = dieAfterMs > 0 ? setTimeout(kill, dieAfterMs) : undefined;
    const line = await compactor.line();
    await compactor.ended();
    this.compactors.delete(compactor);
    clearTimeout(timer);
    return line === undefined ? undefined : (JSON.parse(line) as CompactorResult);
  }

  /** Ends the writers; gives what each acknowledged, `countMax` entries of each at most. */
  async stop(countMax = Infinity): Promise<WriterResult[]> {
    const results: WriterResult[] = [];
    for (const writer of this.writers.splice(0)) {
      writer.child.stdin!.end();
      const result = JSON.parse((await writer.line())!) as WriterResult;
      results.push({ ...result, acknowledged: Math.min(result.acknowledged, countMax) });
      await writer.ended();
    }
    this.written.push(...results);
    return results;
  }

  killCompactors(): void {
    for (const { child } of this.compactors) child.kill('SIGKILL');
  }

  remove(): void {
    this.killCompactors();
    for (const { child } of this.writers) child.kill('SIGKILL');
    rmSync(dirname(this.path), { recursive: true });
  }

  /** What is wrong with the entries of stopped writers, in all logs by age; empty: nothing. */
  audit(): string[] {
    return auditOf(this.path, this.written);
  }
}

/** The same for any writers of such entries; the first one's number is 1. */
export function auditOf(path: string, written: readonly { acknowledged: number }[]): string[] {
  const audit = new Audit();
  const files = generations(path);
  files.forEach((file, i) => audit.see(file, files[i + 1]));
  return audit.end(written);
}

/** Built programs; `remove` takes them away. */
export interface Scripts {
  writer: ReturnType<typeof buildScript>;
  compactor: ReturnType<typeof buildScript>;
  remove(): void;
}

export function buildHammer(): Scripts {
  const writer = buildScript('test/helpers/hammer-writer.ts');
  const compactor = buildScript('test/helpers/hammer-compactor.ts');
  const remove = () => {
    for (const { directory } of [writer, compactor]) rmSync(directory, { recursive: true });
  };
  return { writer, compactor, remove };
}

/** One version of the log: the checkpoint it begins with (none at first), and what follows. */
interface Generation {
  name: string;
  head: string;
  text: string;
}

/** All versions of the log by age. Every backup was kept; a merged log replaces the one before. */
function generations(path: string): Generation[] {
  const name = basename(path);
  const backups = readdirSync(dirname(path)).filter((entry) => entry.startsWith(`${name}.backup.`));
  const ms = (entry: string) => Number(entry.split('.').at(-1));
  const names = [...backups.sort((a, b) => ms(a) - ms(b)), name];
  const all = names.map((entry) => {
    const text = readFileSync(join(dirname(path), entry), 'utf8');
    const head = text.startsWith('{"op":"CHECKPOINT"') ? text.slice(0, text.indexOf('\n') + 1) : '';
    return { name: entry, head, text };
  });
  return all.filter(({ head }, i) => i + 1 === all.length || all[i + 1].head !== head);
}

interface Value {
  w: number;
  n: number;
}

/** Goes through the generations in order; each entry is seen once, in the one that folded it. */
class Audit {
  private readonly wrong: string[] = [];
  private readonly last = new Map<number, number>();
  private readonly state = new Map<string, number>();

  see({ name, head, text }: Generation, next: Generation | undefined): void {
    const folded = next === undefined ? text.length : foldedBy(next);
    for (const line of text.slice(head.length, folded).split('\n').slice(0, -1)) {
      const { key, value } = JSON.parse(line) as { key: string; value: Value };
      const before = this.last.get(value.w) ?? 0;
      if (value.n !== before + 1) this.wrong.push(`${name}: ${value.w}/${value.n} after ${before}`);
      this.last.set(value.w, value.n);
      this.state.set(key, value.n);
    }
    if (next !== undefined) this.compare(next);
  }

  end(written: readonly { acknowledged: number }[]): string[] {
    written.forEach(({ acknowledged }, i) => {
      const found = this.last.get(i + 1) ?? 0;
      if (found < acknowledged) this.wrong.push(`writer ${i + 1}: ${found} of ${acknowledged}`);
    });
    return this.wrong;
  }

  /** The checkpoint must hold what the entries before it say. */
  private compare({ name, head }: Generation): void {
    const { state } = JSON.parse(head) as { state: Record<string, Value> };
    for (const [key, n] of this.state) {
      if (state[key]?.n !== n) this.wrong.push(`${name}: ${key} is ${state[key]?.n}, not ${n}`);
    }
  }
}

function foldedBy({ head }: Generation): number {
  return (JSON.parse(head) as { folded: number }).folded;
}

/** A child process that prints lines. */
class Program {
  readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;

  /** `under`: a program and its arguments that runs ours, strace say. */
  constructor(script: string, given: string[], under: readonly string[] = []) {
    const [program, ...rest] = [...under, process.execPath, script, ...given];
    // One thread makes the calls, in the order of the program: a fault is the same each time.
    const env = { ...process.env, UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' };
    this.child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'], env });
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  /** The next line; undefined when it ends without one. */
  async line(): Promise<string | undefined> {
    const { done, value } = await this.lines.next();
    return done === true ? undefined : value;
  }

  async ended(): Promise<void> {
    const { exitCode, signalCode } = this.child;
    if (exitCode === null && signalCode === null) await once(this.child, 'exit');
  }
}

/** The value below which `share` of the sorted numbers lie; 0 for none. */
export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
