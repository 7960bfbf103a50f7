/**
 * jsonldb-lock: the library's own lock beside a store, `F.lock`, looked at and taken.
 *
 * It is a directory whose mtime its holder renews; after a kill it stays. Source: proper-lockfile,
 * as jsonl-db uses it: renewed each second, stale after two, told by the distance of its mtime from
 * now in either direction. A store may name other times, and another folder for the lock: whoever
 * has the file itself open counts as alive too.
 */
import type { Context, WriteContext } from '../../context.js';
import type { FileStat } from '../../disk.js';
import { errnoOf } from '../../disk-errors.js';
import { LogctlError } from '../../errors.js';
import type { HeldLock } from '../dialect.js';

/** Longer than the usual stale times: a live holder must not be taken for a dead one. */
const freshMs = 10_000;
const lookEveryMs = 500;
const beatMs = 1_000;
/** Our mtime lies ahead, so that work that stops the event loop for a while costs no lock. */
const aheadMs = 1_000;

/** What is known of the lock. `odd`: something the library itself can never remove. */
export interface LockLook {
  state: 'free' | 'live' | 'stale' | 'odd';
  /** In words, to come behind the store's name; empty where it is free. */
  words: string;
}

/**
 * Who holds the store at `path`? `patient`: a lock that may be of somebody just killed is watched
 * until it moves or is too old; else it counts as alive.
 */
export async function lookAtLock(
  context: Context,
  path: string,
  { patient }: { patient: boolean },
): Promise<LockLook> {
  const holder = holderOf(context, path);
  if (holder !== undefined) return { state: 'live', words: `${holder} has it open for writing` };
  const { disk } = context;
  const lock = `${path}.lock`;
  const seen = disk.lstat(lock);
  if (seen === undefined) return { state: 'free', words: '' };
  const stat = disk.stat(lock);
  if (stat?.kind !== 'directory') {
    return { state: 'odd', words: `${lock} is no directory: the library never opens the store` };
  }
  for (let waited = 0; isFresh(context, stat) && waited <= freshMs; waited += lookEveryMs) {
    const words = `${lock} was renewed ${Math.abs(context.now() - stat.mtimeMs) / 1000} s ago`;
    if (!patient) return { state: 'live', words };
    await context.sleep(lookEveryMs);
    await context.checkpoint?.();
    const now = disk.stat(lock);
    if (now === undefined) return { state: 'free', words: '' };
    if (now.mtimeMs !== stat.mtimeMs) return { state: 'live', words: `${lock} is being renewed` };
  }
  if ((disk.list(lock) ?? []).length > 0) {
    return { state: 'odd', words: `${lock} is not empty: the library never opens the store` };
  }
  return { state: 'stale', words: `${lock} is left from a program that was killed` };
}

/**
 * Takes the lock as the library does, and renews it until it is released: nobody opens the store
 * meanwhile. A stale lock is removed. Throws LogctlError `busy` (exit 11) after `waitMs`.
 */
export async function takeLock(
  context: WriteContext,
  path: string,
  { waitMs }: { waitMs: number },
): Promise<HeldLock> {
  for (let waited = 0; ; waited += lookEveryMs) {
    const look = await lookAtLock(context, path, { patient: true });
    const isHeld = look.state === 'live' || look.state === 'odd';
    if (!isHeld) {
      if (look.state === 'stale') unlessGone(() => context.disk.removeDirectory?.(`${path}.lock`));
      if (make(context, path)) return new Heartbeat(context, path);
    }
    if (look.state === 'odd' || waited >= waitMs) throw busy(path, look);
    await context.sleep(lookEveryMs);
    await context.checkpoint?.();
  }
}

/** The first process that has the store open for writing, in words. */
function holderOf({ disk, holders }: Context, path: string): string | undefined {
  const id = disk.stat(path)?.id;
  if (holders === undefined || id === undefined) return undefined;
  const writer = holders(id).holders.find(({ writes }) => writes);
  return writer && `pid ${writer.pid} (${writer.command})`;
}

const isFresh = ({ now }: Context, { mtimeMs }: FileStat) => Math.abs(now() - mtimeMs) <= freshMs;

/** Makes the directory; false where somebody else was first. */
function make({ disk }: WriteContext, path: string): boolean {
  try {
    disk.makeDirectory?.(`${path}.lock`);
    return true;
  } catch (error) {
    if (error instanceof LogctlError && errnoOf(error.details.cause) === 'EEXIST') return false;
    throw error;
  }
}

/** False where what was there a moment ago is gone. */
function unlessGone(act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (error instanceof LogctlError && error.code === 'not-found') return false;
    throw error;
  }
}

function busy(path: string, { state, words }: LockLook): LogctlError {
  const hint =
    state === 'odd'
      ? `make sure that nothing uses the store, then remove ${path}.lock`
      : 'stop the program that uses it, or give --lock-wait 1min';
  const why = words === '' ? 'somebody opened it just now' : words;
  return new LogctlError('busy', `${path} is in use: ${why}`, hint, { path });
}

class Heartbeat implements HeldLock {
  private readonly timer: NodeJS.Timeout;
  private ours = NaN;
  private isLost = false;
  /** What a beat of the timer met: it has nobody to throw to but the next `check`. */
  private failure: unknown;

  constructor(
    private readonly context: WriteContext,
    private readonly path: string,
  ) {
    this.renew();
    this.timer = setInterval(() => this.beatAlone(), beatMs);
    // A run that ends elsewhere is not held up by its lock.
    this.timer.unref();
  }

  /** It is lost where we were stopped for longer than it lasts. */
  check(): void {
    if (this.failure !== undefined) throw this.failure;
    this.beat();
    if (!this.isLost) return;
    const words = 'its lock was taken over by another program while we worked';
    throw new LogctlError('busy', `${this.path}: ${words}`, 'stop it and try again', {
      path: this.path,
    });
  }

  release(): void {
    clearInterval(this.timer);
    const { disk } = this.context;
    if (this.isOurs()) unlessGone(() => disk.removeDirectory?.(`${this.path}.lock`));
  }

  private beat(): void {
    this.isLost = !this.isOurs() || !unlessGone(() => this.renew());
  }

  private beatAlone(): void {
    try {
      this.beat();
    } catch (error) {
      this.failure = error;
      this.isLost = true;
    }
  }

  private isOurs(): boolean {
    return !this.isLost && this.stat()?.mtimeMs === this.ours;
  }

  private renew(): void {
    const { disk, now } = this.context;
    disk.setModified?.(`${this.path}.lock`, now() + aheadMs);
    // Read back: the filesystem may keep coarser times than were asked for.
    this.ours = this.stat()?.mtimeMs ?? NaN;
  }

  private stat(): FileStat | undefined {
    return this.context.disk.stat(`${this.path}.lock`);
  }
}
