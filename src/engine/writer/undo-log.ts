/** undo-log: the inverse of a log's last change, found in the log and its backups. */
import { backupLog, checkBackups } from '../checks/backups.js';
import type { Change } from './entry-text.js';
import { framed } from './entry-text.js';
import { keyToString, stringToKey } from '../keydir/key-bytes.js';
import { lineStartBefore, textBefore } from '../bytes/line-back.js';
import { opsOf, openLogAs, type Log } from '../log.js';
import { scanLog, type LogScan } from '../checks/scan-log.js';
import { KIND, type LineBatch } from '../scan/kernel.js';
import { isoTime } from '../text.js';
import { eachText, textOf } from './value-texts.js';
import { readRange } from '../keydir/values.js';
import type { FollowedLog } from './writer-log.js';
import { replacing } from './writer-state.js';
import { unlessGone } from '../listed-files.js';

/** Changes that take the last change back, and what that was. */
export interface Inverse {
  changes: Change[];
  op: string;
  time: string | null;
  keys: string[];
}

/** The entry, or the first one of the batch, that changed the state last. */
interface LastChange {
  log: Log;
  /** Where it begins and where its last entry ends, in bytes. */
  start: number;
  end: number;
  kind: number;
  op: string;
  time: number;
}

/**
 * The inverse of the last change of a log, whoever made it. A log that is one checkpoint shows
 * none: then the newest backup does, since nothing has changed after it. Undefined where there is
 * nothing to take back.
 */
export async function inverseOfLast(followed: FollowedLog): Promise<Inverse | undefined> {
  const { context, path, dialect } = followed;
  if (context.disk.stat(path) === undefined) return undefined;
  await followed.catchUp({ whole: false });
  const log = openLogAs(context, path, dialect);
  let last = await findLast(followed, log);
  if (last !== undefined && !isCheckpoint(log, last)) return inverseOf(followed, last);
  if (last === undefined) return undefined;
  const backups = await checkBackups(context, log, { onlyNewest: true });
  const newest = backups.find(({ verdict, compressed }) => verdict === 'ok' && !compressed);
  if (newest === undefined) return undefined;
  last = await unlessGone(context.disk, newest.path, () => {
    return findLast(followed, backupLog(log, newest));
  });
  return last === undefined || isCheckpoint(log, last) ? undefined : inverseOf(followed, last);
}

function isCheckpoint({ dialect }: Log, last: LastChange): boolean {
  return last.kind === KIND.state && dialect.checkpointOps.includes(last.op);
}

async function findLast({ context }: FollowedLog, log: Log): Promise<LastChange | undefined> {
  let last: LastChange | undefined;
  const ops = opsOf(log.dialect);
  const scan = await scanLog(context, log, {
    fold: false,
    onRows(batch) {
      for (let row = batch.count - 1; row >= 0; row--) {
        const kind = batch.kind[row];
        if (kind !== KIND.put && kind !== KIND.delete && kind !== KIND.state) continue;
        const start = batch.offset[row];
        const end = start + batch.length[row];
        last = { log, start, end, kind, op: ops[batch.op[row]], time: batch.time[row] };
        return;
      }
    },
  });
  try {
    return last && (await withBatch(scan, last));
  } finally {
    scan.close();
  }
}

/** Moves the start to the first entry of the batch. */
async function withBatch(scan: LogScan, last: LastChange): Promise<LastChange> {
  const [source] = scan.sources;
  const stamp = last.log.dialect.writes?.readStamp(await textBefore(source, last.end));
  if (stamp?.batch === undefined) return last;
  const start = await lineStartBefore(source, last.start, stamp.seq - stamp.batch.first);
  return { ...last, start, op: 'batch' };
}

async function inverseOf(followed: FollowedLog, last: LastChange): Promise<Inverse> {
  const touched = await touchedIn(followed, last);
  const scan = await scanLog(followed.context, last.log, { until: last.start });
  try {
    const changes = touched.whole
      ? await wholeBefore(scan, followed)
      : await keysBefore(scan, touched.keys);
    const keys = [...touched.keys];
    return { changes, op: last.op, time: isoTime(last.time), keys };
  } finally {
    scan.close();
  }
}

/** The keys that the last change set or deleted; `whole` where it replaced the state. */
async function touchedIn({ context }: FollowedLog, { log, start, end }: LastChange) {
  const keys = new Set<string>();
  let whole = false;
  const see = (batch: LineBatch) => {
    for (let row = 0; row < batch.count; row++) {
      if (batch.offset[row] < start || batch.offset[row] > end) continue;
      if (batch.kind[row] === KIND.state) whole = true;
      if (batch.kind[row] !== KIND.put && batch.kind[row] !== KIND.delete) continue;
      const from = batch.keyStart[row];
      keys.add(keyToString(batch.keys.subarray(from, from + batch.keyLength[row])));
    }
  };
  const scan = await scanLog(context, log, { fold: false, onRows: see });
  scan.close();
  return { keys, whole };
}

async function keysBefore(scan: LogScan, keys: Iterable<string>): Promise<Change[]> {
  const changes: Change[] = [];
  for (const key of keys) {
    const index = scan.keydir.find(stringToKey(key));
    if (index < 0) {
      changes.push({ do: 'delete', key });
      continue;
    }
    const bytes = await readRange(scan.keydir.at(index), scan.sources, scan.keydir);
    changes.push({ do: 'put', key, value: framed(textOf(bytes)) });
  }
  return changes;
}

async function wholeBefore(scan: LogScan, { state }: FollowedLog): Promise<Change[]> {
  const texts = new Map<string, string>();
  await eachText(scan.keydir, scan.sources, (key, text) => void texts.set(key, framed(text)));
  return replacing(texts, state?.all().keys() ?? []);
}
