// Goal: whenever recover dies, by kill -9 or by a power cut, the next run leaves the planned log
// and the original beside it. Method: every crash state of recorded runs, on a disk in memory.
import { describe, expect, it } from 'vitest';
import { finishCompaction } from '../src/engine/compaction/swap-recovery.js';
import { undoRecovery } from '../src/engine/index.js';
import { checkpoint, log, set } from './helpers/bot-log.js';
import { checkCrashes, countText, type CrashOptions } from './helpers/crash-states.js';
import { backupPath, logPath, recoverOn, writeContextOf } from './helpers/recovery.js';
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
  {
    name: 'a torn end, the evidence elsewhere',
    log: log(a, b) + torn,
    after: log(a, b),
    options: { evidenceDir: '/else' },
  },
  { name: 'a missing log', log: undefined, more: { [backupPath]: log(a, b) }, after: log(a, b) },
];

const diskOf = ({ log: text, more = {} }: Scenario): RecordingDisk =>
  memoryDisk(text === undefined ? more : { [logPath]: text, ...more }, { directories: ['/else'] });

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
  const texts = (part: string) => {
    const paths = ['/data/logs', '/else'].flatMap((folder) =>
      disk.list(folder)!.map((name) => `${folder}/${name}`),
    );
    return paths.filter((path) => path.includes(part)).map((path) => disk.text(path)!);
  };
  if (before !== undefined) expect(texts('.original.')).toContain(before);
  const sizes = texts('.receipt.').map(sizeIn);
  expect(sizes, 'no receipt of what was done').toContain(after.length);
  const names = disk.list('/data/logs')!;
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

describe('undo', () => {
  const before = log(a, b) + torn;

  /** A disk on which a log was recovered, and nothing is pending. */
  async function recovered(evidenceDir?: string) {
    const disk = memoryDisk({ [logPath]: before }, { directories: ['/else'] });
    const { logs } = await recoverOn(disk, { evidenceDir });
    const files = [...disk.names.keys()].map((path) => [path, disk.text(path)!]);
    const done = memoryDisk(Object.fromEntries(files), { directories: ['/else'] });
    return { disk: done, receipt: logs[0].receipt! };
  }

  /** The log is one of the two, whole; the other is kept; and undoing it again works. */
  async function check(disk: RecordingDisk, receipt: string, isDone: boolean) {
    const text = disk.text(logPath)!;
    if (isDone) expect(text).toBe(before);
    expect([before, log(a, b)]).toContain(text);
    const all = [...disk.names.keys()].map((path) => disk.text(path));
    expect(all).toContain(before);
    expect(all).toContain(log(a, b));
    await finishCompaction(writeContextOf(disk), logPath);
    if (disk.text(logPath) === before) return;
    await undoRecovery(writeContextOf(disk), receipt, [logPath], {});
    expect(disk.text(logPath)).toBe(before);
  }

  const places: [string, string | undefined][] = [
    ['beside the log', undefined],
    ['elsewhere', '/else'],
  ];
  describe.each(places)('of evidence %s', (_name, evidenceDir) => {
    it.each(['journal', 'posix'] as const)('survives power cuts (%s)', async (model) => {
      const { disk, receipt } = await recovered(evidenceDir);
      await undoRecovery(writeContextOf(disk), receipt, [logPath], {});
      disk.note('reported');
      await checkCrashes(disk, { model, statesMax: 60 }, (state) =>
        check(state.disk, receipt, state.notes.includes('reported')),
      );
    });

    it('survives kill -9 at every step', async () => {
      const whole = await recovered(evidenceDir);
      await undoRecovery(writeContextOf(whole.disk), whole.receipt, [logPath], {});
      for (let step = 0; step < whole.disk.effects.length; step++) {
        const { disk, receipt } = await recovered(evidenceDir);
        disk.killAt = step;
        const killed = undoRecovery(writeContextOf(disk), receipt, [logPath], {});
        await expect(killed).rejects.toThrow(Killed);
        disk.restart();
        await check(disk, receipt, false);
      }
    });
  });
});
