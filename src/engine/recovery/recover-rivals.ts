/** recover-rivals: the copy that a recovery begins with, and another that may be newer than it. */
import type { Analysis } from '../checks/analyse.js';
import { isInFuture, isTold } from '../checks/backup-order.js';
import { baseOf, type CheckedBackup } from '../checks/backups.js';
import type { Context } from '../context.js';
import { openSource } from '../log.js';

const windowBytes = 1 << 16;

/**
 * The newest sound copy. `rival`: a sound one that may be newer: the name of one of them is from
 * the future, neither holds the other, and no time or number in them decides.
 */
export interface ChosenBase {
  base?: CheckedBackup;
  rival?: CheckedBackup;
}

/** Chooses what a recovered log begins with where it has lost its start. Throws LogctlError. */
export async function chooseBase(
  context: Context,
  { log, backups }: Pick<Analysis, 'log' | 'backups'>,
): Promise<ChosenBase> {
  let base = baseOf(log, backups);
  if (base === undefined || base.companion === true) return { base };
  const now = context.now();
  let rival: CheckedBackup | undefined;
  for (const other of backups) {
    if (other === base || other.verdict !== 'ok' || other.companion === true) continue;
    const isOdd = isInFuture(base.ms, now) || isInFuture(other.ms, now);
    if (!isOdd || isTold(base, other, now)) continue;
    const holds = await whichHolds(context, base.path, other.path);
    if (holds === 'second') base = other;
    if (holds === 'none') rival ??= other;
  }
  return { base, rival };
}

/** Which of two files begins with all of the other one; the first where they are equal. */
async function whichHolds(
  context: Context,
  first: string,
  second: string,
): Promise<'first' | 'second' | 'none'> {
  const files = [openSource(context, first), openSource(context, second)];
  const windows = files.map(() => Buffer.alloc(windowBytes));
  try {
    for (let at = 0; ; at += windowBytes) {
      const [one, other] = [
        windows[0].subarray(0, await fill(files[0], windows[0], at)),
        windows[1].subarray(0, await fill(files[1], windows[1], at)),
      ];
      const common = Math.min(one.length, other.length);
      if (!one.subarray(0, common).equals(other.subarray(0, common))) return 'none';
      if (other.length < windowBytes && other.length <= one.length) return 'first';
      if (one.length < windowBytes) return 'second';
    }
  } finally {
    for (const file of files) file.close();
  }
}

/** Reads until the window is full or the file ends: unpacked bytes come in smaller pieces. */
async function fill(file: ReturnType<typeof openSource>, window: Buffer, from: number) {
  let done = 0;
  while (done < window.length) {
    const length = await file.read(window.subarray(done), from + done);
    if (length === 0) break;
    done += length;
  }
  return done;
}
