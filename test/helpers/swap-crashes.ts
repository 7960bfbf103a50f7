/** Every crash of a compaction beside a writer, and what the next run must make of each. */
import { LogctlError } from '../../src/engine/errors.js';
import {
  compactOn,
  entries,
  entry,
  expectAll,
  logPath,
  numbersIn,
  numbersRead,
} from './compaction-world.js';
import {
  checkCrashes,
  type CrashCount,
  type CrashOptions,
  type CrashState,
} from './crash-states.js';
import { FakeLocks } from './fake-locks.js';
import { Killed, memoryDisk, type RecordingDisk } from './recording-disk.js';
import { ScriptedWriter } from './scripted-writer.js';

/** One compaction and what happens beside it. */
export interface Scene {
  /** Entries in the log before, the first is number 1; the last one may lack its newline. */
  before: number;
  unended?: boolean;
  /** Entries that the writer adds. */
  written: number;
  /** Bytes of an entry; more than a sector, so that it can be cut inside. */
  entryBytes: number;
  /** The point at which the writer begins, and the steps it does at each. */
  first: number;
  pace: number;
  /** Kills the compactor before this effect; the writer goes on. */
  killAt?: number;
  /** Makes the engine wrong, to show that it is seen. */
  mutate?: (disk: RecordingDisk, locks: FakeLocks) => void;
}

/** What a scene left: a recorded disk, and how many points it had. */
export interface Played {
  disk: RecordingDisk;
  points: number;
  effects: number;
}

/** Plays a scene to its end: the compaction is done, refused or dead, the writer is through. */
export async function play(scene: Scene): Promise<Played> {
  const { before, written, entryBytes, first, pace } = scene;
  const text = entries(1, before, entryBytes).join('\n') + (scene.unended === true ? '' : '\n');
  const disk = memoryDisk({ [logPath]: text });
  const lines = entries(before + 1, before + written, entryBytes);
  const writer = new ScriptedWriter(disk, { path: logPath, lines });
  const locks = new FakeLocks(disk, [writer], (point) => (point < first ? 0 : pace));
  scene.mutate?.(disk, locks);
  disk.killAt = scene.killAt;
  try {
    await compactOn(disk, locks);
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
  const { points } = locks;
  const effects = disk.effects.length;
  disk.restart();
  locks.finish();
  return { disk, points, effects };
}

/** Plays a scene and then the next run beside a second writer; crashes of that run can be cut. */
export async function playTwice(scene: Scene): Promise<Played & { from: number; scene: Scene }> {
  const { disk } = await play(scene);
  // What writers fsynced on the new file brought its name along, on ext4 and xfs; the model of the
  // disk is stricter, and a kill followed by a power cut within seconds would be too much for it.
  disk.asWriter(() => disk.syncDirectory('/data'));
  const from = disk.effects.length;
  const { before, written, entryBytes, pace } = scene;
  const more = { ...scene, written: written + 2 };
  const lines = entries(before + written + 1, before + more.written, entryBytes);
  const writer = new ScriptedWriter(disk, { path: logPath, lines });
  const locks = new FakeLocks(disk, [writer], () => pace);
  await compactOn(disk, locks);
  locks.finish();
  return { disk, points: locks.points, effects: disk.effects.length, from, scene: more };
}

/** After a scene without a crash: all is there, and the next run finds nothing to mend. */
export async function checkEnd({ before, written }: Scene, { disk }: Played): Promise<void> {
  const wanted = range(1, before + written);
  await compactAgain(disk, wanted, 'after the next run');
}

/**
 * Looks at every disk a crash of the scene may leave. A reader must see every acknowledged entry,
 * and the next compaction must keep it: nothing lost, nothing twice, no order inverted. A writer
 * that knows nothing of the crash appends in between.
 */
export async function checkScene(
  scene: Scene,
  played: Played,
  options: CrashOptions,
): Promise<CrashCount> {
  return checkCrashes(played.disk, options, (state) => checkState(scene, state));
}

async function checkState(scene: Scene, { disk, notes }: CrashState): Promise<void> {
  const { before, written, entryBytes, unended } = scene;
  const acknowledged = [...range(1, before), ...notes.flatMap(numbersIn)];
  const locks = new FakeLocks(disk);
  // A writer that glues its entry to an unended one hides both from every reader of the format.
  const mayGlue = unended === true && written > 0;
  if (!mayGlue) expectAll(await numbersRead(disk, locks), acknowledged, 'read after the crash');
  const late = before + written + 1;
  const writer = new ScriptedWriter(disk, { path: logPath, lines: [entry(late, entryBytes)] });
  while (disk.asWriter(() => writer.step()));
  await compactAgain(disk, [...acknowledged, late], 'after the next run');
}

async function compactAgain(disk: RecordingDisk, wanted: number[], where: string): Promise<void> {
  const locks = new FakeLocks(disk);
  const result = await compactOn(disk, locks);
  const text = disk.text(logPath) ?? '';
  expectAll(numbersIn(text), wanted, where);
  if (result instanceof LogctlError) {
    // The writer's own torn line, with its next entry glued to it: for recover, not for us.
    if (result.code !== 'damaged') throw new Error(`${where}: ${result.message}`);
    return;
  }
  expectAll(await numbersRead(disk, locks), wanted, where);
  const left = disk.list('/data')!.filter((name) => /\.tmp-|compact\.json$/.test(name));
  if (left.length > 0) throw new Error(`${where}: ${left.join(', ')} is left`);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
