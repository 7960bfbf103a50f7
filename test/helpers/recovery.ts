/** Damage done to logs on a disk in memory, and what recover makes of it. */
import type { RecoverOptions, WriteContext } from '../../src/engine/context.js';
import type { RecoverReport } from '../../src/engine/model.js';
import { openLog } from '../../src/engine/log.js';
import { dialectNamed } from '../../src/engine/recognise.js';
import { openParts } from '../../src/engine/recovery/part-source.js';
import type { LogPlan, PlanPart } from '../../src/engine/recovery/plan.js';
import { recover } from '../../src/engine/recover.js';
import { planLog } from '../../src/engine/recovery/recover-plan.js';
import { contextOf } from './context.js';
import { FakeLocks } from './fake-locks.js';
import { memoryDisk, type FileSeed, type RecordingDisk } from './recording-disk.js';

export const logPath = '/data/logs/players.log';
export const backupPath = `${logPath}.backup.1795146082417`;

/** A disk with this log, and whatever lies beside it. */
export function diskWith(log: string | Uint8Array, more: Record<string, FileSeed> = {}) {
  return memoryDisk({ [logPath]: log, ...more });
}

/** The plan for the log of a disk; it must not have changed the disk. */
export async function planFor(disk: RecordingDisk, options: RecoverOptions = {}): Promise<LogPlan> {
  const context = contextOf(disk);
  const plan = await planLog(context, await openLog(context, logPath), options);
  if (disk.effects.length > 0) throw new Error('planning changed the disk');
  return plan;
}

const dialect = dialectNamed('progressive');

/** The bytes a plan would write. */
export async function planned(disk: RecordingDisk, parts: readonly PlanPart[]): Promise<Buffer> {
  const source = openParts(contextOf(disk), { path: logPath, dialect }, parts);
  const bytes = Buffer.alloc(source.stat().size);
  await source.read(bytes, 0);
  source.close();
  return bytes;
}

/** The text that salvage makes of a log, whatever it loses. */
export async function salvaged(disk: RecordingDisk, options: RecoverOptions = {}): Promise<string> {
  const plan = await planFor(disk, { policy: 'salvage', maxLost: 1e9, ...options });
  return (await planned(disk, plan.parts)).toString('utf8');
}

/** A running recover over a disk in memory, with the locks that crash tests know. */
export async function recoverOn(
  disk: RecordingDisk,
  options: RecoverOptions = {},
): Promise<RecoverReport> {
  return recover(writeContextOf(disk), [logPath], options, () => true);
}

let names = 0;

/** The world for what writes, over a disk in memory. */
export function writeContextOf(disk: RecordingDisk): WriteContext {
  const locks = new FakeLocks(disk);
  const random = () => String((names += 1));
  return { ...contextOf(disk), disk, locks, random, sleep: locks.sleep };
}
