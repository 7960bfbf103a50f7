/** Random recover rounds: each scene through the whole circle, and what was wrong with any. */
import type { RecoverOptions, WriteContext } from '../../src/engine/context.js';
import { LogctlError } from '../../src/engine/errors.js';
import type { RecoverReport } from '../../src/engine/model.js';
import { recover, undoRecovery } from '../../src/engine/recover.js';
import { parseSavedPlan, savedPlan } from '../../src/engine/recovery/saved-plan.js';
import { verify } from '../../src/engine/verify.js';
import { contextOf } from './context.js';
import { FakeLocks } from './fake-locks.js';
import { memoryDisk, type RecordingDisk } from './recording-disk.js';
import { faultsOf, type Files, type RoundPlay } from './round-oracle.js';
import { roundScene } from './round-scenes.js';
import { storeRound } from './round-stores.js';

/** What rounds came to: how many of each end, and the faults with their seeds. */
export interface RoundsCount {
  rounds: number;
  ends: Record<string, number>;
  faults: string[];
}

/** What one command came to. `error`: of our own making, a bug. */
interface Answer {
  exitCode: number;
  report?: RecoverReport;
  error?: Error;
}

/** A copy of the scene's files on a disk of its own, and the world of a command there. */
class RoundWorld {
  readonly disk: RecordingDisk;
  private readonly context: WriteContext;

  constructor(private readonly play: RoundPlay) {
    this.disk = withDirectories(memoryDisk(play.files, { directories: [...play.directories] }));
    const locks = new FakeLocks(this.disk);
    let names = 0;
    const random = () => String((names += 1));
    const processes = { self: 1, isAlive: (pid: number) => pid === 1 };
    const { disk } = this;
    this.context = { ...contextOf(), disk, locks, processes, random, sleep: locks.sleep };
  }

  recover(more: RecoverOptions = {}): Promise<Answer> {
    const { options, path } = this.play;
    const all = { ...options, ...more };
    return this.answer(() => recover(this.context, [path], all, () => true));
  }

  undo(receipt: string): Promise<Answer> {
    return this.answer(() => undoRecovery(this.context, receipt, [], {}));
  }

  async verify(): Promise<Answer> {
    const { options, path } = this.play;
    const { dialect, keyAt, timeAt } = options;
    return this.answer(async () => {
      return (await verify(this.context, [path], { dialect, keyAt, timeAt })) as never;
    });
  }

  /** Every file that is there now, locks excepted. */
  files(): Files {
    const names = [...this.disk.names.keys()].filter((path) => !path.endsWith('.lock')).sort();
    return Object.fromEntries(names.map((path) => [path, this.bytes(path)]));
  }

  private bytes(path: string): Buffer {
    return Buffer.from(this.disk.names.get(path)!.content.view());
  }

  private async answer(act: () => Promise<RecoverReport>): Promise<Answer> {
    try {
      const report = await act();
      return { exitCode: report.exitCode, report };
    } catch (error) {
      if (error instanceof LogctlError) return { exitCode: error.exitCode, error };
      return { exitCode: 1, error: error as Error };
    }
  }
}

/** The disk with directories that can be made and removed, as locks of libraries are. */
function withDirectories(disk: RecordingDisk): RecordingDisk {
  const directories = disk.directories as Set<string>;
  const modified = new Map<string, number>();
  const { lstat } = disk;
  return Object.assign(disk, {
    makeDirectory: (path: string) => void directories.add(path),
    removeDirectory: (path: string) => void directories.delete(path),
    setModified: (path: string, ms: number) => void modified.set(path, ms),
    lstat(path: string) {
      const stat = lstat.call(disk, path);
      const mtimeMs = modified.get(path);
      return stat && mtimeMs !== undefined ? { ...stat, mtimeMs } : stat;
    },
  });
}

/** Rounds of these seeds; stops after `faultsMax` rounds with a fault. */
export async function recoverRounds(
  { first, rounds, faultsMax = Infinity }: { first: number; rounds: number; faultsMax?: number },
  tell: (text: string) => void = () => undefined,
): Promise<RoundsCount> {
  const count: RoundsCount = { rounds: 0, ends: {}, faults: [] };
  for (let seed = first; seed < first + rounds && count.faults.length < faultsMax; seed++) {
    const play = seed % 10 === 0 ? storeRound(seed) : logRound(seed);
    const { end, faults } = await playRound(play);
    count.rounds++;
    count.ends[end] = (count.ends[end] ?? 0) + 1;
    if (faults.length === 0) continue;
    const words = `seed ${seed}: ${play.what}: ${faults.join('; ')}`;
    count.faults.push(words);
    tell(words);
  }
  return count;
}

/** One line that sums the rounds up. */
export function countText({ rounds, ends, faults }: RoundsCount): string {
  const all = Object.entries(ends).sort(([, a], [, b]) => b - a);
  const words = all.map(([end, times]) => `${end} ${times}`).join(', ');
  return `${rounds} rounds (${words}), ${faults.length} with a fault`;
}

/** The round of a log that is one file. */
function logRound(seed: number): RoundPlay {
  const scene = roundScene(seed);
  const { format, files, options, what } = scene;
  return {
    ...{ path: format.path, files, options, what, directories: ['/data/logs'] },
    judge: (plan, after) => faultsOf(scene, plan, after),
    undone: (path) => path !== format.mirror,
  };
}

async function playRound(play: RoundPlay): Promise<{ end: string; faults: string[] }> {
  const planning = new RoundWorld(play);
  const dry = await planning.recover({ dryRun: true });
  const faults = changedFiles(play.files, planning, 'a dry run');
  const world = new RoundWorld(play);
  const done = await world.recover();
  faults.push(...bugsOf('recover --dry-run', dry), ...bugsOf('recover', done));
  const part = done.report?.logs[0];
  const plan = part?.plan;
  if (done.error !== undefined || part?.receipt == null || plan == null) {
    const isRefused = done.error !== undefined || part?.result === 'refused';
    if (isRefused) faults.push(...changedFiles(play.files, world, 'a refused run'));
    if (isRefused && dry.exitCode === 0) faults.push(`a dry run gave 0, the run ${words(done)}`);
    return { end: done.error === undefined ? part!.result : `exit ${done.exitCode}`, faults };
  }
  const after = world.files();
  faults.push(...play.judge(plan, after));
  faults.push(...bad('verify afterwards', await world.verify(), [0, 3]));
  if (![0, 20].includes(done.exitCode)) faults.push(`the run ended with ${words(done)}`);
  faults.push(...(await sameFromPlan(play, dry, after)));
  faults.push(...(await isFixedPoint(world)));
  faults.push(...(await undone(play, part.receipt)));
  return { end: part.result, faults };
}

/** The saved plan, read back and carried out elsewhere, makes the same files. */
async function sameFromPlan(play: RoundPlay, dry: Answer, after: Files): Promise<string[]> {
  if (dry.report === undefined) return [`a dry run gave ${words(dry)}`];
  const text = JSON.stringify(savedPlan(dry.report, contextOf().now()));
  const world = new RoundWorld(play);
  const answer = await world.recover({ plan: parseSavedPlan('plan.json', text) });
  const found = [...bugsOf('recover --plan', answer)];
  if (answer.error !== undefined) found.push(`--plan ended with ${words(answer)}`);
  else found.push(...differences(after, world.files(), '--plan'));
  return found;
}

async function isFixedPoint(world: RoundWorld): Promise<string[]> {
  const before = world.files();
  const again = await world.recover();
  const found = bugsOf('a second run', again);
  if (again.exitCode !== 0) found.push(`a second run ended with ${words(again)}`);
  const did = again.report?.logs[0]?.result;
  if (did !== undefined && did !== 'nothing to do') found.push(`a second run: ${did}`);
  return found.length > 0 ? found : differences(before, world.files(), 'a second run');
}

async function undone(play: RoundPlay, receipt: string): Promise<string[]> {
  const fresh = new RoundWorld(play);
  await fresh.recover();
  const answer = await fresh.undo(receipt);
  if (answer.exitCode !== 0) return [...bugsOf('undo', answer), `undo: ${words(answer)}`];
  const { path } = play;
  const files = fresh.files();
  const wanted = Object.entries(play.files).filter(([name]) => play.undone(name));
  const wrong = wanted.filter(([name, bytes]) => files[name]?.equals(bytes) !== true);
  if (play.files[path] === undefined && files[path] !== undefined) return ['undo left a log'];
  return wrong.map(([name]) => `undo did not bring ${name} back`);
}

function changedFiles(files: Files, world: RoundWorld, who: string): string[] {
  return differences(files, world.files(), who);
}

function differences(before: Files, after: Files, who: string): string[] {
  const paths = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...paths].flatMap((path) => {
    const [left, right] = [before[path], after[path]];
    if (left !== undefined && right?.equals(left) === true) return [];
    return [`${who} changed ${path}`];
  });
}

const bugsOf = (who: string, answer: Answer): string[] => {
  return answer.exitCode === 1 ? [`${who} ended with ${words(answer)}`] : [];
};

const bad = (who: string, answer: Answer, allowed: readonly number[]): string[] => {
  return allowed.includes(answer.exitCode) ? [] : [`${who}: ${words(answer)}`];
};

function words({ exitCode, error, report }: Answer): string {
  const codes = report?.findings.filter(({ severity }) => severity !== 'notice');
  const why = error?.stack
    ?.split('\n')
    .slice(0, error instanceof LogctlError ? 1 : 4)
    .join(' | ');
  const found = codes?.map(({ code, line }) => `${code} ${line ?? ''}`).slice(0, 4);
  return `${exitCode} (${why ?? found?.join(', ') ?? ''})`;
}
