/** compact-fold: what compaction learns of a log before anything is written. */
import { checkBackups } from '../checks/backups.js';
import { upstreamOnlyKeys } from './checkpoint-writer.js';
import { LiveLines } from './live-lines.js';
import type { CompactOptions, Context } from '../context.js';
import type { SyncSource } from '../disk.js';
import { LogctlError } from '../errors.js';
import type { Log } from '../log.js';
import { scanLog, type LogScan } from '../checks/scan-log.js';
import { upstreamState } from '../checks/upstream-state.js';
import { KIND, PROBLEM, type LineBatch } from '../scan/kernel.js';
import { stateHash } from '../keydir/state-hash.js';
import { checkCut } from '../checks/store-checks.js';
import { prefixEnds, rewritten } from './swap-carry.js';
import type { Stretch } from './swap-late.js';
import { lastLineEnd } from '../bytes/sync-read.js';
import { unfinishedBatch } from '../damage/unfinished-batch.js';
import { shellQuote } from '../shell-quote.js';
import { judgeRest } from './swap-rest.js';

/** Neighbouring lines are one stretch, newlines included. */
export interface CarriedLines {
  count: number;
  stretches: Stretch[];
}

/** A log folded up to its last newline. Close it at the end. */
export interface FoldedLog {
  /** Open apart from the scan's files: leases sit on it. */
  old: SyncSource;
  prefixLength: number;
  ends: Uint8Array;
  scan: LogScan;
  /** When the fold began, ms since 1970: whatever comes behind the prefix is younger. */
  startedAt: number;
  /** Lines without effect on the state, which are kept. */
  carried: CarriedLines;
  /** Where compaction leaves lines as they stand: those of the live keys. */
  live: LiveLines | undefined;
  /** Bytes behind the prefix, whole lines or not. */
  tailLength: number;
  close(): void;
}

/** Both hashes of one state. */
export interface StateHashes {
  documented: string;
  upstream: string;
}

/**
 * Reads the log once. Throws LogctlError: `damaged` where a line is damaged or the log was cut,
 * `changed` when it was rewritten meanwhile.
 */
export async function foldLog(
  context: Context,
  log: Log,
  options: CompactOptions,
): Promise<FoldedLog> {
  const startedAt = context.now();
  if (log.missing) await refuseDamage(context, await scanLog(context, log), options);
  const old = context.disk.open(log.path);
  const carried: CarriedLines = { count: 0, stretches: [] };
  try {
    const { size, id } = old.stat();
    // A batch that was cut counts for nobody, so it is no part of the state: it stays behind it.
    const batch = await unfinishedBatch(old, size, log.dialect);
    const { returnsEndLines: returns } = log.dialect.codec('segment').shape;
    const prefixLength = batch?.start ?? lastLineEnd(old, 0, size, { returns });
    const ends = prefixEnds(old, prefixLength);
    const live = log.dialect.compaction === 'lines' ? new LiveLines() : undefined;
    const onRows = (batch: LineBatch, firstLine: number) => {
      collectCarried(batch, carried);
      live?.see(batch, firstLine);
    };
    const scan = await scanLog(context, log, { until: prefixLength, onRows });
    try {
      if (scan.sources[0].stat().id !== id) throw rewritten(log.path, 'was replaced');
      await refuseDamage(context, scan, options);
      if (batch === undefined) await refuseRest(context, scan, old, prefixLength);
    } catch (error) {
      scan.close();
      throw error;
    }
    const close = () => {
      scan.close();
      old.close();
    };
    const tailLength = size - prefixLength;
    return { old, prefixLength, ends, scan, startedAt, carried, live, tailLength, close };
  } catch (error) {
    old.close();
    throw error;
  }
}

/**
 * The state hashes of a scan; one computation where both states are one. `context`: the world it
 * was read in. `until`: bytes that were read. Throws `refused` where the library loads nothing.
 */
export async function hashesOf(
  context: Context,
  scan: LogScan,
  until: number,
): Promise<StateHashes> {
  const { keydir, sources, log } = scan;
  const documented = await stateHash(keydir, sources, 'documented');
  const isOne = log.dialect.upstream.load === undefined && keydir.upstreamCount === keydir.count;
  if (isOne) return { documented, upstream: documented };
  const state = await upstreamState(context, scan, until);
  try {
    if (state.refusal !== undefined) throw unloadable(log.path, state.refusal.message);
    // What its reader cannot hold is no difference that compaction makes.
    return { documented, upstream: await stateHash(state.keydir, state.sources, state.semantics) };
  } finally {
    state.close();
  }
}

function unloadable(path: string, why: string): LogctlError {
  const next = [['logctl', 'recover', '--dry-run', path]];
  const message = `${path}: its own library would not load it: ${why}`;
  return new LogctlError('refused', message, next[0].join(' '), { path, next });
}

/** About how many bytes the head will have; never too few. */
export function headBytesMax({ scan, carried, live }: FoldedLog): number {
  const { keydir } = scan;
  const lines = carried.stretches.reduce((sum, { from, to }) => sum + to - from, 0);
  if (live !== undefined) return live.bytes + lines;
  const members = [...upstreamOnlyKeys(keydir)];
  const extra = members.reduce((sum, index) => {
    return sum + 6 * keydir.keyBytes(index).length + keydir.valueLength(index);
  }, 0);
  return keydir.liveBytes + 2 * (keydir.count + members.length) + extra + lines + marksBytes;
}

/** What stands around the members of two checkpoints. */
const marksBytes = 512;

const keptNotes = PROBLEM.unknownOp | PROBLEM.ignored | PROBLEM.carried;

function collectCarried(batch: LineBatch, carried: CarriedLines): void {
  if (batch.odd === 0) return;
  for (let row = 0; row < batch.count; row++) {
    const isKept = (batch.problem[row] & keptNotes) !== 0;
    if (!isKept || batch.kind[row] !== KIND.meta) continue;
    const from = batch.offset[row];
    const to = from + batch.length[row] + 1;
    const last = carried.stretches.at(-1);
    carried.count++;
    if (last?.to === from) last.to = to;
    else carried.stretches.push({ from, to });
  }
}

async function refuseDamage(context: Context, scan: LogScan, options: CompactOptions) {
  const { log, findings } = scan;
  await checkCut(context, scan, () => checkBackups(context, log, options), findings);
  const [first] = findings.inOrder().filter(({ severity }) => severity === 'error');
  if (first === undefined) return;
  const where = first.line === undefined ? '' : ` at line ${first.line}`;
  throw damaged(log.path, `${first.code}${where}: ${first.message}`);
}

/** Damage in the end that no newline ends, or nothing but the start of an entry. */
async function refuseRest(
  context: Context,
  { log, counter }: LogScan,
  old: SyncSource,
  from: number,
) {
  const { size: to } = old.stat();
  if (to === from) return;
  const { lastTime: timeBefore } = counter;
  const rest = await judgeRest(context, log, old, { from, to, timeBefore });
  if (rest.kind === 'damaged') throw damaged(log.path, `${rest.damage.code} at its end`);
  if (from === 0 && rest.kind === 'torn') throw damaged(log.path);
}

function damaged(path: string, why = 'it holds nothing but the start of an entry'): LogctlError {
  const next = [['logctl', 'recover', '--dry-run', path]];
  const hint = `logctl recover --dry-run ${shellQuote(path)}`;
  return new LogctlError('damaged', `${path} is damaged: ${why}`, hint, { path, next });
}
