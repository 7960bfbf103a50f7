// Power cuts at every effect of a writer, its mirror and its opening. A scripted run notes each
// acknowledgement on a recording disk; then every disk that a crash may leave behind is opened.
// Promise: the state is one that the run had between the last acknowledged change and the last one
// handed in, batches whole; the log takes further changes, and verifies.
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { compact, openLog, recover, verify, type LogHandle } from '../src/engine/index.js';
import type { LockedDisk, LogOptions, WriteContext } from '../src/engine/index.js';
import { checkCrashes, countText, type CrashState } from './helpers/crash-states.js';
import type { CrashModel } from './helpers/crash-model.js';
import { contextOf } from './helpers/context.js';
import { FakeLocks } from './helpers/fake-locks.js';
import { memoryDisk, type FileSeed, type RecordingDisk } from './helpers/recording-disk.js';

const path = '/data/logs/players.log';
const mirror = '/data/players.json';
type State = Record<string, unknown>;
let temporaries = 0;

function locked(disk: RecordingDisk): LockedDisk {
  return Object.assign(disk, { locks: new FakeLocks(disk) });
}

function contextFor(disk: RecordingDisk): WriteContext {
  const random = () => String((temporaries += 1));
  return { ...contextOf(disk), disk, locks: new FakeLocks(disk), random };
}

/** A run and every state it went through, in the order in which the changes were handed in. */
class Run {
  readonly disk: RecordingDisk;
  readonly states: State[] = [];
  private acknowledged = 0;

  constructor(
    seed: Record<string, FileSeed>,
    private readonly options: LogOptions,
  ) {
    this.disk = memoryDisk(seed, { directories: ['/data/logs'] });
  }

  async open(start: State): Promise<LogHandle> {
    if (this.states.length === 0) this.states.push(start);
    return openLog(path, { now: clock(), ...this.options, disk: locked(this.disk) });
  }

  /** Hands a change in; when its promise resolves, its state is noted as acknowledged. */
  async change(
    log: LogHandle,
    act: (log: LogHandle) => Promise<unknown>,
    made: State,
    gone: string[] = [],
  ): Promise<void> {
    const after = { ...this.states.at(-1), ...made };
    for (const key of gone) delete after[key];
    this.states.push(after);
    const done = act(log);
    const number = this.states.length - 1;
    await done;
    this.acknowledged = Math.max(this.acknowledged, number);
    this.disk.note(String(this.acknowledged));
  }
}

function clock(): () => number {
  let ms = Date.parse('2026-11-20T09:00:00.000Z');
  return () => (ms += 1);
}

/** Opens the disk a crash left. `salvaged`: a hole among unacknowledged bytes had to be mended. */
async function reopened({ disk }: CrashState, options: LogOptions) {
  const open = () => openLog(path, { now: clock(), ...options, disk: locked(disk) });
  try {
    return { log: await open(), salvaged: false };
  } catch (error) {
    if ((error as { code?: string }).code !== 'damaged') throw error;
    await recover(contextFor(disk), [path], { policy: 'salvage', maxLost: 9 }, () => true);
    return { log: await open(), salvaged: true };
  }
}

async function check(run: Run, state: CrashState, options: LogOptions): Promise<void> {
  const acknowledged = Number(state.notes.at(-1) ?? 0);
  const { log, salvaged } = await reopened(state, options);
  const found = Object.fromEntries(log.entries());
  const allowed = run.states.slice(acknowledged);
  const fits = salvaged
    ? isMadeOf(found, allowed)
    : allowed.some((one) => isDeepStrictEqual(one, found));
  if (!fits) {
    const shown = `found ${JSON.stringify(found)}, acknowledged was ${JSON.stringify(allowed[0])}`;
    throw new Error(`${shown} (${acknowledged})`);
  }
  await log.set('after the crash', 1);
  await log.close();
  const { findings } = await verify(contextOf(state.disk), [path], {});
  const bad = findings.filter(({ severity }) => severity !== 'notice');
  if (bad.length > 0) throw new Error(`${bad[0].code}: ${bad[0].message}`);
}

/** Each key has a value of one of the states: behind a hole later changes count, its own do not. */
function isMadeOf(found: State, states: readonly State[]): boolean {
  const keys = new Set([found, ...states].flatMap((state) => Object.keys(state)));
  return [...keys].every((key) =>
    states.some((state) => isDeepStrictEqual(state[key], found[key])),
  );
}

const bigText = 'x'.repeat(700);

/** Changes one by one, changes together, a batch; perhaps a compaction; and a second opening. */
async function session({ seed, start, options, compacts }: World): Promise<Run> {
  const run = new Run(seed, options);
  let log = await run.open(start);
  await run.change(log, (l) => l.set('a', 1), { a: 1 });
  await Promise.all([
    run.change(log, (l) => l.set('b', bigText), { b: bigText }),
    run.change(log, (l) => l.set('a', 2), { a: 2 }),
  ]);
  const batched = (l: LogHandle) =>
    l.batch((batch) => {
      batch.set('c', bigText);
      batch.delete('b');
    });
  await run.change(log, batched, { c: bigText }, ['b']);
  await log.close();
  if (compacts === true) await compact(contextFor(run.disk), [path], { force: true });
  log = await run.open(start);
  const gone = [...log.keys()].filter((key) => key !== 'a');
  await run.change(log, (l) => l.replace({ a: 5, d: 6 }), { a: 5, d: 6 }, gone);
  await run.change(log, (l) => l.set('e', 'last'), { e: 'last' });
  await log.close();
  return run;
}

interface World {
  seed: Record<string, FileSeed>;
  /** The state that the seed holds. */
  start: State;
  options: LogOptions;
  compacts?: boolean;
}

const torn = '{"timestamp":"2026-01-01T00:00:00.000Z","op":"SET","key":"o","value":1}\n{"ti';
const withMirror: World = { seed: { [mirror]: '{"m":1}' }, start: { m: 1 }, options: { mirror } };
const worlds: [name: string, world: World][] = [
  ['a new log', { seed: {}, start: {}, options: {} }],
  ['a log from a main file, with its mirror', withMirror],
  [
    'a log of a writer without numbers, its last line torn',
    { seed: { [path]: torn }, start: { o: 1 }, options: { writeMode: 'group' } },
  ],
  ['a log that is compacted', { seed: {}, start: {}, options: {}, compacts: true }],
];

describe.each(['journal', 'posix'] as CrashModel[])('power cuts, %s order', (model) => {
  it.each(worlds)('lose nothing acknowledged of %s', async (_name, world) => {
    const run = await session(world);
    const crash = { model, statesMax: 60 };
    const count = await checkCrashes(run.disk, crash, (state) => {
      return check(run, state, world.options);
    });
    console.log(countText(count));
    expect(count.states).toBeGreaterThan(40);
  });
});

describe('the check', () => {
  it('sees a writer that acknowledges before its fsync', async () => {
    const options: LogOptions = { writeMode: 'none' };
    const run = await session({ seed: {}, start: {}, options });
    const walk = checkCrashes(run.disk, { model: 'journal' }, (state) =>
      check(run, state, options),
    );
    await expect(walk).rejects.toThrow(/acknowledged was/);
  });
});

describe('the mirror of a log that is synced later', () => {
  it.each(['journal', 'posix'] as const)(
    'never shows what the log may lose (%s)',
    async (model) => {
      const disk = memoryDisk({}, { directories: ['/data/logs'] });
      const options: LogOptions = { mirror, writeMode: 'async', now: clock() };
      const handle = await openLog(path, { ...options, disk: locked(disk) });
      for (const value of [1, 2]) {
        await handle.set('a', value);
        await handle.flush();
      }
      // A neighbour that never syncs appends; what of it the mirror shows must be durable as well.
      const other = await openLog(path, {
        ...options,
        mirror: undefined,
        writeMode: 'none',
        disk: locked(disk),
      });
      await other.set('b', 3);
      await handle.refresh();
      await handle.flush();
      await handle.close();
      expect(JSON.parse(disk.text(mirror)!)).toEqual({ a: 2, b: 3 });
      await checkCrashes(disk, { model, statesMax: 200 }, (state) => {
        const shown = state.disk.text(mirror);
        if (shown === undefined) return;
        const kept = state.disk.text(path) ?? '';
        for (const [key, value] of Object.entries(JSON.parse(shown) as State)) {
          expect(kept).toContain(`"key":"${key}","value":${JSON.stringify(value)}`);
        }
      });
      await other.close();
    },
  );
});
