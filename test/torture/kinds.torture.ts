/**
 * Writers of nine kinds beside two compactors that are killed now and then. In the end nothing
 * acknowledged is lost, nothing is there twice or out of its writer's order, and nothing is left.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { verify } from '../../src/engine/index.js';
import { contextOf } from '../helpers/context.js';
import { randomFrom } from '../helpers/crash-states.js';
import { buildScript } from '../helpers/engine-build.js';
import { auditOf, buildHammer, Hammer } from '../helpers/hammer.js';
import { KindsAtWork, lackFor, writerKinds } from '../helpers/kinds.js';
import { announcedSeed } from '../helpers/seed.js';

const seconds = Number(process.env.LOGCTL_SECONDS ?? 60);
const scripts = buildHammer();
const writer = buildScript('test/helpers/kinds-writer.ts');
const folder = mkdtempSync(join(tmpdir(), 'logctl-kinds-'));
afterAll(() => {
  scripts.remove();
  rmSync(writer.directory, { recursive: true });
  rmSync(folder, { recursive: true });
});

it(`loses nothing of nine kinds of writers in ${seconds} s`, async () => {
  const random = randomFrom(announcedSeed('kinds of writers'));
  const one = Hammer.make(scripts);
  const kinds = new KindsAtWork(one.path, folder, writer.script);
  const count = { swaps: 0, killed: 0, others: {} as Record<string, number> };
  try {
    for (const kind of writerKinds) {
      const lack = lackFor(kind);
      if (lack === undefined) kinds.start(kind);
      else console.log(`left out: ${kind.name}: ${lack}`);
    }
    const untilMs = performance.now() + seconds * 1000;
    await Promise.all([compactUntil(untilMs), compactUntil(untilMs)]);
    const written = await kinds.stop();
    // Two runs: the first may have to finish what a killed one began, and defer the rest.
    for (let last = 0; last < 2; last++) await one.compact(1);
    const entries = written.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
    const swaps = `${count.swaps} swaps, ${count.killed} killed compactors`;
    console.log(`${entries} entries, ${swaps}, ${JSON.stringify(count.others)}`);
    console.log(kinds.words(written));
    expect(written.filter(({ acknowledged }) => acknowledged === 0)).toEqual([]);
    expect(auditOf(one.path, written)).toEqual([]);
    expect(leftovers(one.path)).toEqual([]);
    expect(await errorsIn(one.path)).toEqual([]);
  } finally {
    kinds.kill();
    one.remove();
  }

  /** Compacts in one process after the other; some are killed at any moment. */
  async function compactUntil(untilMs: number): Promise<void> {
    while (performance.now() < untilMs) {
      const dieAfterMs = random() < 0.5 ? 100 + random() * 1_500 : 0;
      const done = await one.compact(10, { pauseMs: 50, dieAfterMs });
      if (done === undefined) count.killed++;
      for (const [result, times] of Object.entries(done?.results ?? {})) {
        if (result === 'compacted') count.swaps += times;
        else count.others[result] = (count.others[result] ?? 0) + times;
      }
    }
  }
});

/** Files beside the log that no finished run leaves. */
function leftovers(path: string): string[] {
  const name = basename(path);
  const usual = [name, `.${name}.lock`, `.${name}.compact.lock`];
  return readdirSync(dirname(path)).filter((entry) => {
    return !usual.includes(entry) && !entry.startsWith(`${name}.backup.`);
  });
}

async function errorsIn(path: string): Promise<string[]> {
  const { findings } = await verify(contextOf(), [path], {});
  return findings.filter(({ severity }) => severity === 'error').map(({ code }) => code);
}
