/** A log that is written through the library, in a folder of its own for each test. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { openLog, verify, type LogHandle, type LogOptions } from '../../src/engine/index.js';
import { contextOf } from './context.js';

/** `directory/data/logs/players.log`, made before each test of the file that calls this. */
export function writerFolder() {
  const world = { directory: '', path: '', lines, entries, withLog, findingsOf };

  beforeEach(() => {
    world.directory = mkdtempSync(join(tmpdir(), 'logctl-writer-'));
    mkdirSync(join(world.directory, 'data/logs'), { recursive: true });
    world.path = join(world.directory, 'data/logs/players.log');
  });

  afterEach(() => rmSync(world.directory, { recursive: true, force: true }));

  function lines(): string[] {
    return readFileSync(world.path, 'utf8').trimEnd().split('\n');
  }

  function entries(): Record<string, unknown>[] {
    return lines().map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Opens, acts, closes. */
  async function withLog(act: (log: LogHandle) => unknown, more: LogOptions = {}) {
    const log = await openLog(world.path, more);
    try {
      return await act(log);
    } finally {
      await log.close();
    }
  }

  async function findingsOf(): Promise<string[]> {
    const report = await verify(contextOf(), [world.path], {});
    return report.findings.filter(({ severity }) => severity !== 'notice').map(({ code }) => code);
  }

  return world;
}
