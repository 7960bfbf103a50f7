/** A folder on the real disk with one log to be recovered, and the world recover needs there. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadKernelLocks, nodeDisk, recover } from '../../src/engine/index.js';
import type { RecoverOptions, WriteContext } from '../../src/engine/index.js';
import { contextOf } from './context.js';

/** `DIR/logs/players.log` and what lies around it. */
export class RecoverFolder {
  readonly path: string;

  private constructor(
    readonly folder: string,
    readonly context: WriteContext,
  ) {
    this.path = join(folder, 'logs/players.log');
  }

  static async make(): Promise<RecoverFolder> {
    const folder = mkdtempSync(join(tmpdir(), 'logctl-recover-'));
    mkdirSync(join(folder, 'logs'));
    let names = 0;
    const random = () => String((names += 1));
    const locks = await loadKernelLocks(nodeDisk);
    return new RecoverFolder(folder, { ...contextOf(), disk: nodeDisk, locks, random });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  write(name: string, text: string | Uint8Array): void {
    writeFileSync(join(this.folder, name), text);
  }

  unlink(name: string): void {
    rmSync(join(this.folder, name), { recursive: true });
  }

  read(name = 'logs/players.log'): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }

  /** Recovers the log; everything is approved. */
  apply(options: RecoverOptions = {}) {
    return recover(this.context, [this.path], options, () => true);
  }
}

/** Every file with its bytes' hash, owner, mode and time. */
export function fingerprintOf(root: string): string {
  const rows = readdirSync(root, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const at = join(entry.parentPath, entry.name);
    const { size, mtimeMs, mode, ino } = statSync(at);
    const hash = entry.isFile() ? createHash('sha256').update(readFileSync(at)).digest('hex') : '';
    return [`${at} ${size} ${mtimeMs} ${mode} ${ino} ${hash}`];
  });
  return rows.sort().join('\n');
}
