/** store-checks: what the files beside a log say about it: cut logs, leftovers, live writers. */
import { basename, join } from 'node:path';
import { openBeside } from '../beside.js';
import { backupLog, baseOf, type CheckedBackup } from './backups.js';
import type { Context } from '../context.js';
import { hiddenEntries } from '../damage/damage-findings.js';
import type { FindingList } from '../finding-list.js';
import { intentForReading } from '../compaction/intent.js';
import { keyToString } from '../keydir/key-bytes.js';
import type { HolderSearch } from '../kernel-locks.js';
import { whileListed } from '../listed-files.js';
import type { Log } from '../log.js';
import { scanLog, type LogScan } from './scan-log.js';
import { isContinued, overlapOf } from './log-start.js';
import { KIND, type LineBatch } from '../scan/kernel.js';
import { siblingsOf } from '../siblings.js';
import { partOf } from '../bytes/source-part.js';
import { plural } from '../text.js';

/** Adds the findings that need a log's neighbours; gives who writes it, null where unknown. */
export async function checkStore(
  context: Context,
  scan: LogScan,
  backups: readonly CheckedBackup[],
  findings: FindingList,
): Promise<HolderSearch | null> {
  if (scan.log.path === '-') return null;
  await checkStart(context, scan, backups, findings);
  checkLeftovers(context, scan, findings);
  await checkLock(context, scan, findings);
  checkReaders(scan, findings);
  return checkHolders(context, scan, findings);
}

/** A log that was cut or does not continue its newest sound backup. */
async function checkStart(
  context: Context,
  scan: LogScan,
  backups: readonly CheckedBackup[],
  findings: FindingList,
): Promise<void> {
  const { log } = scan;
  if (await checkCut(context, scan, async () => backups, findings)) return;
  const base = continuedBase(log, backups);
  const orphan = scan.counter.firstKind !== undefined && scan.counter.firstKind !== KIND.state;
  const startsDamaged = scan.damages[0]?.offset === 0;
  if (!orphan || startsDamaged || base === undefined) return;
  if (await continues(context, scan, base)) return;
  const backup = await scanLog(context, backupLog(log, base));
  backup.close();
  const lost = [...backup.keydir.order('documented')].filter(
    (index) => scan.keydir.find(backup.keydir.key(index)) < 0,
  );
  const keys = `${plural(lost.length, 'key')} only the backup has`;
  findings.add('orphan-start', log.path, `does not continue ${basename(base.path)}: ${keys}`, {
    line: 1,
    offset: 0,
    key: lost.length > 0 ? keyToString(backup.keydir.key(lost[0])) : undefined,
    impact: lost.length > 0 ? 'lost' : 'unknown',
  });
}

/** The backup that a log continues which begins with a plain entry; undefined where none tells. */
export function continuedBase(
  { dialect }: Log,
  backups: readonly CheckedBackup[],
): CheckedBackup | undefined {
  // A log whose compaction leaves plain entries begins with one whatever came before.
  if (dialect.compaction === 'lines') return undefined;
  const base = backups.find(({ verdict }) => verdict !== 'damaged');
  return base?.compressed === true ? undefined : base;
}

/** Reports a log that was cut beside a backup that verifies, or is gone; true when it did. */
export async function checkCut(
  context: Context,
  scan: LogScan,
  backups: () => Promise<readonly CheckedBackup[]>,
  findings: FindingList,
): Promise<boolean> {
  const cut = cutOf(scan);
  if (cut === undefined) return false;
  return whileListed(context, scan.log, async () => {
    const base = baseOf(scan.log, await backups());
    if (base === undefined && !scan.log.missing) return false;
    if (await isAllOf(context, scan, base)) return false;
    await reportCut(context, scan, base, cut, findings);
    return true;
  });
}

/** How a killed compaction shows: nothing, zero bytes, or a torn checkpoint at the start. */
export function cutOf(scan: LogScan): string | undefined {
  if (scan.log.missing) return 'it is gone';
  if (scan.bytes === 0) return '0 bytes';
  const [first] = scan.damages;
  if (first === undefined && scan.counter.firstKind === undefined) return 'nothing but line ends';
  if (first === undefined || first.offset !== 0) return undefined;
  const [piece] = first.pieces;
  // JSON that is no entry: nothing of it was cut off.
  if (piece === undefined) return undefined;
  if (piece.kind === 'nul') return `${piece.length} zero bytes at its start`;
  // A killed compaction writes no newline: what follows is nothing, or entries glued to it.
  const start = scan.log.dialect.checkpointStart;
  if (start === undefined || (first.ended && hiddenEntries(first).length === 0)) return undefined;
  const torn = first.head.slice(0, Math.min(start.length, piece.length));
  return start.startsWith(torn) ? 'a torn checkpoint at its start' : undefined;
}

/**
 * True for a log of no bytes beside a base without live keys: where compaction leaves the lines of
 * live keys, it leaves none of that base.
 */
export async function isAllOf(
  context: Context,
  { log, bytes }: LogScan,
  base: CheckedBackup | undefined,
): Promise<boolean> {
  if (log.missing || bytes > 0 || base === undefined) return false;
  if (log.dialect.compaction !== 'lines') return false;
  let others = 0;
  const onRows = ({ kind, count }: LineBatch) => {
    for (let row = 0; row < count; row++) {
      const isEntry = kind[row] === KIND.put || kind[row] === KIND.delete;
      if (!isEntry && kind[row] !== KIND.blank) others++;
    }
  };
  const backup = await scanLog(context, backupLog(log, base), { onRows });
  backup.close();
  // Lines that are no entries of a key are kept, whatever they are.
  return backup.keydir.count === 0 && others === 0;
}

async function reportCut(
  context: Context,
  scan: LogScan,
  base: CheckedBackup | undefined,
  cut: string,
  findings: FindingList,
): Promise<void> {
  const { log } = scan;
  const code = log.missing ? 'log-missing' : 'truncated-log';
  // The line that was cut is this finding now, not one of its own.
  const first = scan.damages[0];
  if (first?.offset === 0) findings.drop((one) => one.offset === 0 && one.path === log.path);
  if (base === undefined) {
    const words = 'the log is gone and no backup of it verifies';
    findings.add(code, log.path, words, { impact: 'lost' });
    return;
  }
  const backup = await scanLog(context, backupLog(log, base));
  backup.close();
  const lost = [...backup.keydir.order('documented')].filter(
    (index) => scan.keydir.find(backup.keydir.key(index)) < 0,
  ).length;
  const hidden = first === undefined ? 0 : hiddenEntries(first).length;
  const glued = hidden > 0 ? `, then ${plural(hidden, 'whole entry', 'whole entries')}` : '';
  const holds = `but ${basename(base.path)} holds ${plural(base.bytes, 'byte')}`;
  // A compaction cuts the file that is there, it never takes it away.
  const { emptiesInPlace } = log.dialect;
  const isPerhapsMeant = scan.bytes === 0 && !log.missing && emptiesInPlace === true;
  const killed = isPerhapsMeant ? ': cleared, or cut' : ': a compaction was killed';
  const why = log.missing ? '' : killed;
  const words = `${cut}${glued}, ${holds}${why}`;
  const refuses = scan.bytes > 0 && first !== undefined;
  const reader = log.dialect.upstream.reader.replace(/^./, (letter) => letter.toUpperCase());
  findings.add(code, log.path, `${words}; lost for readers of the log: ${plural(lost, 'key')}`, {
    line: first?.line,
    offset: 0,
    length: first?.length ?? 0,
    impact: lost > 0 ? 'lost' : 'harmless',
    ...(isPerhapsMeant && { severity: 'attention' as const }),
    ...(log.dialect.upstream.load === undefined && {
      consequence: refuses
        ? `${reader} refuses this file.`
        : `${reader} takes it for an empty log, without an error.`,
    }),
  });
}

/** True where the log is the one that the backup was made of, and more of it. */
async function continues(context: Context, scan: LogScan, base: CheckedBackup): Promise<boolean> {
  const backup = openBeside(context.disk, base.path, scan.log.path);
  try {
    const source = partOf(scan.sources[0], 0, scan.bytes);
    const log = { source, bytes: scan.bytes, damagedAt: scan.damages[0]?.offset };
    return isContinued(await overlapOf(log, backup));
  } finally {
    backup.close();
  }
}

function checkLeftovers(context: Context, scan: LogScan, findings: FindingList): void {
  const { directory, intent, temporaryPrefix } = siblingsOf(scan.log.path);
  if (context.disk.stat(intent) !== undefined) {
    const { unreadable } = intentForReading(context.disk, scan.log.path);
    const words = unreadable
      ? 'a compaction stopped half way, and what it was doing cannot be read: lines may be missing'
      : 'a compaction stopped half way; nothing is lost';
    findings.add('unfinished-compaction', intent, words);
    return;
  }
  for (const name of context.disk.list(directory) ?? []) {
    if (!name.startsWith(temporaryPrefix)) continue;
    findings.add('leftover-temp', join(directory, name), 'a temporary file nobody finished');
  }
}

/** The lock of the format's own library: whose it is, or that nobody holds it any more. */
async function checkLock(context: Context, { log }: LogScan, findings: FindingList): Promise<void> {
  const seen = await log.dialect.lock?.look(context, log.path);
  if (seen?.state === 'live') findings.add('live-writer', log.path, seen.words);
  if (seen?.state === 'stale') findings.add('stale-lock', log.path, seen.words);
}

/** Where the format's own library would load another state from this very log. */
function checkReaders(scan: LogScan, findings: FindingList): void {
  const { upstream } = scan.log.dialect;
  const { keydir, log } = scan;
  const notHeld = upstream.losesKeys.filter((key) => keydir.find(Buffer.from(key)) >= 0);
  if (notHeld.length > 0) {
    const words = `${upstream.reader} cannot hold the key ${notHeld[0]}`;
    findings.add('reader-differs', log.path, words, { key: notHeld[0], impact: 'lost' });
  }
  const only = keydir.upstreamCount - keydir.count;
  if (only === 0) return;
  const kept = [...keydir.order('upstream')].filter((index) => !keydir.isLive(index, 'documented'));
  const names = kept.slice(0, 3).map((index) => keyToString(keydir.key(index)));
  const more = only > names.length ? ` and ${only - names.length} more` : '';
  const why = 'it merges a whole-state entry where the documents say it replaces';
  const words = `${upstream.reader} keeps ${plural(only, 'key')} more: ${names.join(', ')}${more}`;
  findings.add('reader-differs', log.path, `${words}; ${why}`, { key: names[0] });
}

function checkHolders(context: Context, scan: LogScan, findings: FindingList) {
  const stat = scan.sources[0]?.stat();
  if (stat === undefined) return { holders: [], hidden: 0 };
  const search = context.holders?.(stat.id);
  if (search === undefined) return null;
  const holders = search.holders.filter(({ writes }) => writes);
  for (const { pid, command, append } of holders) {
    const how = append ? 'for appending' : 'for writing';
    findings.add('live-writer', scan.log.path, `pid ${pid} (${command}) has it open ${how}`);
  }
  return { holders, hidden: search.hidden };
}
