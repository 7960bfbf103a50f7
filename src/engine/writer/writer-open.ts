/** writer-open: opens a log for a program: mends it, reads it, settles its mirror. */
import { basename } from 'node:path';
import { adoptMirror } from './adopt.js';
import type { Context, WriteContext } from '../context.js';
import { DIALECTS } from '../dialects/index.js';
import { LogctlError } from '../errors.js';
import type { LogHandle, LogOptions, Recovered } from '../library.js';
import { readingContext, writingContext } from './library-context.js';
import { openLog, type Log } from '../log.js';
import { MirrorKeeper, writeMirrorOf } from './mirror-keeper.js';
import { judgeMirror, keepMirror, mirrorWords } from './mirror-open.js';
import { scanLog, type LogScan } from '../checks/scan-log.js';
import { listBackups, siblingsOf } from '../siblings.js';
import { refuseDamage } from './sound-scan.js';
import { plural } from '../text.js';
import { Turns } from './turns.js';
import { LogAppender } from './writer-append.js';
import { WriterLock } from './writer-lock.js';
import { FollowedLog } from './writer-log.js';
import { dropTornEnd, finishInterrupted } from './writer-repair.js';
import { LogWriter } from './writer.js';

const lockWaitMs = 30_000;

/**
 * Opens a log, or begins a new one where there is none. `Value` is the type of its values.
 *
 * First an interrupted compaction is finished and an end that is no whole entry is put into
 * quarantine; `recovered` tells. Then the log is read once, through the engine's own scan.
 * Throws LogctlError: `damaged` for a log that is damaged in the middle or was cut, with the next
 * command; `refused` for a symbolic link, or a mirror with data that the log never had.
 */
export async function openLogHandle<Value = unknown>(
  path: string,
  options: LogOptions = {},
): Promise<LogHandle<Value>> {
  if (options.mirror !== undefined && options.load === false) {
    const hint = 'leave load: false out, or the mirror';
    throw new LogctlError('usage', 'a mirror needs the values in memory', hint);
  }
  return options.readOnly === true
    ? openReadOnly(path, options)
    : new Opening(path, options).open();
}

async function openReadOnly<Value>(path: string, options: LogOptions) {
  const reading = readingContext(options);
  const { log, isNew } = await findLog(reading, path, options);
  // Nothing is written with it: a followed log takes the wider context for its appender's sake.
  const followed = new FollowedLog(
    reading as WriteContext,
    path,
    log.dialect,
    options.load ?? true,
    options,
  );
  if (!isNew) {
    const scan = await scanSound(reading, log, options);
    await followed.take(scan);
    scan.close();
  }
  return new LogWriter<Value>({
    log: followed,
    options,
    recovered: () => null,
    turns: new Turns(),
  });
}

class Opening {
  private context!: WriteContext;
  private lock!: WriterLock;
  private readonly recovered: Recovered = {
    ...{ text: '', compaction: false, droppedBytes: 0, quarantine: null },
    ...{ unended: false, adopted: null, mirror: null },
  };

  constructor(
    private readonly path: string,
    private readonly options: LogOptions,
  ) {}

  async open<Value>(): Promise<LogHandle<Value>> {
    const { path, options } = this;
    this.context = await writingContext(options);
    this.lock = new WriterLock(this.context, path, options.lockWaitMs ?? lockWaitMs);
    try {
      return await this.openLocked();
    } catch (error) {
      this.lock.close();
      throw error;
    }
  }

  private async openLocked<Value>(): Promise<LogHandle<Value>> {
    const { path, options, recovered } = this;
    const { log, scan } = await this.sound();
    const followed = new FollowedLog(
      this.context,
      path,
      log.dialect,
      options.load ?? true,
      options,
    );
    const appender = this.appenderOf(followed);
    try {
      if (scan !== undefined) {
        await followed.take(scan);
        recovered.unended = followed.position.unended;
        await this.settleMirror(scan, followed, appender);
      }
    } finally {
      scan?.close();
    }
    const { lock } = this;
    const turns = new Turns();
    const mirror = this.keeperOf(followed, appender, turns);
    const told = () => this.told(followed);
    return new LogWriter<Value>({
      log: followed,
      options,
      recovered: told,
      turns,
      appender,
      lock,
      mirror,
    });
  }

  /** The log without anything interrupted or torn, read; no scan where a new one begins. */
  private async sound(): Promise<{ log: Log; scan?: LogScan }> {
    const { context, path, options, recovered } = this;
    if (context.disk.lstat(path)?.kind === 'symlink') throw isLink(path);
    recovered.compaction = await finishInterrupted(context, path, this.lock);
    const { log, isNew } = await findLog(context, path, options);
    if (log.dialect.writes === undefined) throw readOnlyFormat(path, log.dialect.name);
    if (isNew && !(await this.adopt(log))) return { log };
    const scan = await scanSound(context, log, options);
    if (scan.tail !== 'torn' && scan.tail !== 'nul') return { log, scan };
    scan.close();
    await this.dropEnd();
    return { log, scan: await scanSound(context, log, options) };
  }

  private async dropEnd(): Promise<void> {
    const dropped = await dropTornEnd(this.context, this.path, this.options);
    this.recovered.droppedBytes += dropped.droppedBytes;
    this.recovered.quarantine = dropped.quarantine;
  }

  /** A main file without a log: the log begins with all it holds. True where there is one now. */
  private async adopt(log: Log): Promise<boolean> {
    const { context, path, options } = this;
    const { adopt = true, mirror = siblingsOf(path).mirror, version } = options;
    if (!adopt || mirror === undefined || context.disk.stat(mirror) === undefined) return false;
    await this.lock.hold(async () => {
      if (context.disk.lstat(path) !== undefined) return;
      await adoptMirror(context, { path, mirror, dialect: log.dialect, version });
      this.recovered.adopted = mirror;
    });
    return true;
  }

  private appenderOf(followed: FollowedLog): LogAppender {
    const { writeMode = 'immediate', version } = this.options;
    const sync = writeMode === 'immediate' || writeMode === 'group';
    const repair = () => this.dropEnd();
    const { writes } = followed.dialect;
    return new LogAppender(followed, this.lock, writes!, { sync, version, repair });
  }

  private keeperOf(followed: FollowedLog, appender: LogAppender, turns: Turns) {
    const { mirror: path, mirrorMs = 0, writeMode } = this.options;
    if (path === undefined) return undefined;
    const syncFirst = writeMode === 'async';
    return new MirrorKeeper(followed, appender, turns, { path, everyMs: mirrorMs, syncFirst });
  }

  private async settleMirror(scan: LogScan, followed: FollowedLog, appender: LogAppender) {
    const { context, options, recovered } = this;
    const { mirror: path } = options;
    if (path === undefined) return;
    const verdict = await judgeMirror(context, scan, path, options);
    if (verdict === undefined) return;
    const { was, keep, adopted } = verdict;
    if (adopted.length > 0) {
      followed.state?.add(adopted);
      await appender.append([adopted]);
      await appender.sync();
    }
    const kept = keep ? keepMirror(context, path, context.now()) : null;
    await appender.onWholeLog(() => writeMirrorOf(followed, path));
    recovered.mirror = { path, was, kept };
  }

  /** What was repaired, in one line; null where all was well. */
  private told(followed: FollowedLog): Recovered | null {
    const { recovered, path } = this;
    const did: string[] = [];
    if (recovered.compaction) did.push('finished a compaction that was interrupted');
    if (recovered.droppedBytes > 0) {
      const kept =
        recovered.quarantine === null ? '' : `, kept in ${basename(recovered.quarantine)}`;
      did.push(`dropped a torn last line (${plural(recovered.droppedBytes, 'byte')}${kept})`);
    }
    if (recovered.unended)
      did.push('the last line lacks its newline and gets it with the next write');
    if (recovered.adopted !== null) did.push(`began with what ${recovered.adopted} holds`);
    if (recovered.mirror !== null) did.push(mirrorWords(recovered.mirror));
    if (did.length === 0) return null;
    const keys = followed.state === undefined ? '' : `, ${plural(followed.state.size, 'key')}`;
    const dropped = recovered.droppedBytes > 0 ? ', nothing acknowledged was lost' : '';
    const end = `${keys}${dropped}`;
    return { ...recovered, text: `${path}: ${did.join(', ')}${end}` };
  }
}

/**
 * The log at a path. `isNew`: there is none, no backup shows that there was one, and what begins
 * is of the format named or of the first that we write.
 */
async function findLog(context: Context, path: string, options: LogOptions) {
  const stat = context.disk.stat(path);
  const backups = listBackups(context.disk, path, options.backupDir);
  if ((stat?.size ?? 0) > 0 || backups.length > 0) {
    return { log: await openLog(context, path, options), isNew: false };
  }
  const { dialect: name } = options;
  const dialect = DIALECTS.find((one) => (name === undefined ? one.writes : one.name === name));
  if (dialect === undefined) throw readOnlyFormat(path, name ?? 'no format');
  const files = dialect.layout(context.disk, path);
  return { log: { path, dialect, files, missing: false }, isNew: true };
}

/** Reads a log whole; refuses what `openLog` must not go on with. The caller closes the scan. */
async function scanSound(context: Context, log: Log, options: LogOptions): Promise<LogScan> {
  const scan = await scanLog(context, log, { fold: options.load ?? true });
  await refuseDamage(context, scan, options);
  return scan;
}

function isLink(path: string): LogctlError {
  const message = `${path} is a symbolic link`;
  return new LogctlError('refused', message, 'open the file it leads to', { path });
}

function readOnlyFormat(path: string, format: string): LogctlError {
  const message = `${path}: logs of this format (${format}) are only read`;
  return new LogctlError('unsupported', message, 'open it with readOnly', { path });
}
