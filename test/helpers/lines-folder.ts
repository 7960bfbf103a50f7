/** A folder on the real disk for files of JSON lines, and commands run in it. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cli } from './cli.js';

/** What a command said with --json, and the parts of it that tests ask for most. */
export interface Said {
  exitCode: number;
  findings: { code: string; line?: number; key?: string; message: string }[];
  logs: Record<string, never>[];
  next: { argv: string[] }[];
  error?: { message: string; hint: string };
}

/** Made by `linesFolder`; remove it at the end. */
export class LinesFolder {
  readonly folder = mkdtempSync(join(tmpdir(), 'logctl-lines-'));

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(this.path(name), content);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  names(): string[] {
    return readdirSync(this.folder).sort();
  }

  /** Runs logctl in the folder; what it said as JSON. */
  async json(...args: string[]): Promise<Said> {
    const { out } = await cli([args[0], '--json', ...args.slice(1)], { cwd: this.folder });
    return JSON.parse(out) as Said;
  }

  /** Runs logctl in the folder; what it said to people. */
  run(...args: string[]) {
    return cli(args, { cwd: this.folder, columns: 100 });
  }

  /** The state as `replay --format jsonl` writes it, a line a key. */
  async state(...args: string[]): Promise<string[]> {
    const { out, err, exitCode } = await this.run('replay', '--format', 'jsonl', ...args);
    if (exitCode !== 0 && exitCode !== 3) throw new Error(`exit ${exitCode}: ${err}`);
    return out.split('\n').slice(0, -1);
  }
}
