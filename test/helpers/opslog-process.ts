/** Processes that keep stores of opslog, and what each of them was told is kept. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { buildScript } from './engine-build.js';

/** What a key may hold: a value's number, or null where it is gone. */
export type Allowed = Map<string, (string | null)[]>;

/** The writer's script, built once; the caller removes its directory. */
export const buildWriter = () => buildScript('test/helpers/opslog-writer.ts');

/** One living writer. `-`: without an agent. */
export class LibraryWriter {
  private said = '';

  private constructor(private readonly child: ChildProcess) {
    child.stdout!.on('data', (bytes: Buffer) => (this.said += bytes.toString()));
  }

  static start(script: string, folder: string, agent: string, round: number, how = '') {
    const acks = acksOf(folder, agent);
    const args = [script, folder, agent, acks, String(round), how];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] });
    return new LibraryWriter(child);
  }

  /** Waits until it is about to open the store, or has it open; or until it has ended. */
  async reaches(word: 'begun' | 'ready'): Promise<void> {
    const ended = once(this.child, 'exit');
    while (!this.said.includes(word) && this.child.exitCode === null) {
      await Promise.race([once(this.child.stdout!, 'data'), ended]);
    }
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    this.child.stdin!.end();
    await once(this.child, 'exit');
  }
}

const acksOf = (folder: string, agent: string): string => join(folder, '..', `acks-${agent}`);

/**
 * What each key may hold by what these writers were told: the last that was acknowledged, or what
 * was under way behind it.
 */
export function allowedBy(folder: string, agents: readonly string[]): Allowed {
  const allowed: Allowed = new Map();
  for (const agent of agents) {
    const path = acksOf(folder, agent);
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    let begun: { key: string; n: string | null } | undefined;
    for (const line of lines) {
      if (line === '') continue;
      const said = JSON.parse(line) as { key: string; n: string | null } | { done: true };
      if (!('done' in said)) {
        begun = said;
        const before = allowed.get(said.key) ?? [null];
        allowed.set(said.key, [...before, said.n]);
      } else if (begun !== undefined) allowed.set(begun.key, [begun.n]);
    }
  }
  return allowed;
}

/** Keys whose value is none that is allowed. */
export function wrongIn(entries: readonly [unknown, unknown][], allowed: Allowed): string[] {
  const seen = new Map(entries.map(([key, value]) => [key, (value as { n: string }).n]));
  return [...allowed].flatMap(([key, values]) => {
    const now = seen.get(key) ?? null;
    return values.includes(now) ? [] : [`${key}: ${now} instead of ${values.join(' or ')}`];
  });
}
