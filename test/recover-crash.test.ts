// Goal: whenever recover dies, by kill -9 or by a power cut, the next run leaves the planned log
// and the original beside it. Method: every crash state of recorded runs, on a disk in memory.
import { describe, expect, it } from 'vitest';
import { checkpoint, log, set } from './helpers/bot-log.js';
import { checkCrashes, countText, type CrashOptions } from './helpers/crash-states.js';
import { backupPath, diskWith, logPath, recoverOn } from './helpers/recovery.js';
import { Killed, memoryDisk, type FileSeed, type RecordingDisk } from './helpers/recording-disk.js';

const a = set('a', { score: 1 }, 1);
const b = set('b', { score: 2 }, 2);
const c = set('c', { score: 3 }, 3);
const torn = set('a', { score: 4 }, 4).slice(0, 60);
const mirrorPath = '/data/players.json';

interface Scenario {
  name: string;
  log: string | undefined;
  more?: Record<string, FileSeed>;
  after: string;
  options?: Parameters<typeof recoverOn>[1];
}

const scenarios: Scenario[] = [
  { name: 'a torn end', log: log(a, b) + torn, after: log(a, b) },
  {
    name: 'glued lines and a mirror',
    log: log(a) + torn + log(b, c),
    more: { [mirrorPath]: '{"a":{"score":1}' },
    after: log(a, b, c),
    options: { policy: 'salvage', rebuildMirror: true },
  },
  {
    name: 'a log that a killed compaction cut',
    log: checkpoint({ a: 1 }, 9).slice(0, 30),
    more: { [backupPath]: log(a, b) },
    after: log(a, b),
  },
  { name: 'a missing log', log: undefined, more: { [backupPath]: log(a, b) }, after: log(a, b) },
];

const diskOf = ({ log: text, more = {} }: Scenario): RecordingDisk =>
  text === undefined ? memoryDisk(more) : diskWith(text, more);

/** The log, and the main JSON file where it was asked for, are the planned ones. */
function expectDone(disk: RecordingDisk, { after, options }: Scenario): void {
  expect(disk.text(logPath)).toBe(after);
  if (options?.rebuildMirror !== true) return;
  const state = { a: { score: 1 }, b: { score: 2 }, c: { score: 3 } };
  expect(disk.text(mirrorPath)).toBe(JSON.stringify(state, null, 2));
}

/** What must hold after the next run, whatever the crash left. */
async function finish(disk: RecordingDisk, scenario: Scenario) {
  const { after, log: before, options } = scenario;
  const again = await recoverOn(disk, options);
  expect(again.exitCode).toBe(0);
  expectDone(disk, scenario);
  const names = disk.list('/data/logs')!;
  const originals = names.filter((name) => name.includes('.original.'));
  const kept = originals.map((name) => disk.text(`/data/logs/${name}`));
  if (before !== undefined) expect(kept).toContain(before);
  const receipts = names.filter((name) => name.includes('.receipt.'));
  const sizes = receipts.map((name) => sizeIn(disk.text(`/data/logs/${name}`)!));
  expect(sizes, 'no receipt of what was done').toContain(after.length);
  expect(names.filter((name) => name.includes('.tmp-') || name.includes('.json.'))).toEqual([]);
  expect(names).not.toContain('.players.log.compact.json');
}

/** The size of the recovered log as a receipt has it; undefined where a crash tore the receipt. */
function sizeIn(receipt: string): number | undefined {
  const isTorn = !receipt.endsWith('}\n') || receipt.includes('\0');
  return isTorn ? undefined : JSON.parse(receipt).recovered.size;
}

describe.each(scenarios)('recover of $name', (scenario) => {
  for (const model of ['journal', 'posix'] as const) {
    it(`ends as planned after a power cut at any moment (${model})`, async () => {
      const disk = diskOf(scenario);
      await recoverOn(disk, scenario.options);
      disk.note('reported');
      const options: CrashOptions = { model, statesMax: 60 };
      const count = await checkCrashes(disk, options, (state) => {
        // What was reported as done survives whatever comes.
        if (state.notes.includes('reported')) expectDone(state.disk, scenario);
        return finish(state.disk, scenario);
      });
      console.log(`${scenario.name}, ${model}: ${countText(count)}`);
    });
  }

  it('ends as planned after kill -9 at every step', async () => {
    const whole = diskOf(scenario);
    await recoverOn(whole, scenario.options);
    for (let step = 0; step < whole.effects.length; step++) {
      const disk = diskOf(scenario);
      disk.killAt = step;
      await expect(recoverOn(disk, scenario.options)).rejects.toThrow(Killed);
      disk.restart();
      await finish(disk, scenario);
    }
  });
});
