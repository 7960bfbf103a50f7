/** mirror: the main JSON file beside a log, compared with the log's state key by key. */
import { basename } from 'node:path';
import { faultBeside } from '../beside.js';
import type { Context } from '../context.js';
import { refusesReader } from '../damage/damage-findings.js';
import type { SourceFile } from '../disk.js';
import type { FindingList } from '../finding-list.js';
import { Keydir } from '../keydir/keydir.js';
import { openSource } from '../log.js';
import { walkFile } from '../walk.js';
import type { MirrorPart } from '../model.js';
import { KIND, TYPE, type LineCodec } from '../scan/kernel.js';
import { referenceKernel } from '../scan/reference.js';
import type { LogScan } from './scan-log.js';
import { siblingsOf } from '../siblings.js';
import { temporariesOf } from '../temporaries.js';
import { diffStates } from '../keydir/state-compare.js';
import { plural } from '../text.js';

/** The whole file is one JSON object; its members are the keys. */
const codec: LineCodec = {
  shape: { slots: [], keySlot: -1, crcSlot: -1, framing: 'file' },
  ops: ['mirror'],
  decode(line) {
    line.kind = line.topType === TYPE.object ? KIND.state : KIND.bad;
    line.stateSlot = 0;
  },
};

/** A read mirror. `errorAt`: the byte at which it is no JSON object; undefined when it is one. */
export interface Mirror {
  keydir: Keydir;
  source: SourceFile;
  bytes: number;
  errorAt: number | undefined;
}

const namedMax = 1_000;
const nothingNamed = { differing: [], differingKeys: 0, ahead: [], aheadKeys: 0 };
/** A mirror this much older than the last entry is not being written any more. */
const staleMs = 5_000;
const secondReadingMs = 1_000;

/**
 * Reads a mirror; the caller closes `source`. `beside`: the log it lies beside; absent: it is what
 * was named. Throws LogctlError.
 */
export async function readMirror(context: Context, path: string, beside?: string): Promise<Mirror> {
  const source = openSource(context, path, beside);
  const chunkBytes = context.chunkBytes ?? 1 << 20;
  const kernel = referenceKernel({ codec, keydir: new Keydir(), chunkBytes, fold: true });
  let errorAt: number | undefined;
  const end = await walkFile(context, source, kernel, {
    file: 0,
    onBatch() {
      const { batch } = kernel;
      if (batch.kind[0] !== KIND.state) errorAt = Math.max(0, batch.errorAt[0]);
    },
  });
  return { keydir: kernel.keydir, source, bytes: end.size, errorAt };
}

/** Where the mirror of a log would be, and whether its absence is worth a word. */
interface Place {
  path: string;
  expected: boolean;
  /** The log; undefined where the operator named the mirror. */
  beside: string | undefined;
}

function placeOf(context: Context, logPath: string, named: string | undefined): Place | undefined {
  if (named !== undefined) return { path: named, expected: true, beside: undefined };
  const { mirror, directory } = siblingsOf(logPath);
  if (mirror === undefined) return undefined;
  const others = (context.disk.list(directory) ?? []).filter((name) => name.endsWith('.log'));
  const expected = others.some((name) => {
    const other = siblingsOf(`${directory}/${name}`).mirror;
    return other !== undefined && other !== mirror && context.disk.stat(other) !== undefined;
  });
  return { path: mirror, expected, beside: logPath };
}

/**
 * Compares the mirror of a scanned log, twice where a writer may be between log and mirror.
 * Gives null where the log has no mirror; adds its findings.
 */
export async function checkMirror(
  context: Context,
  scan: LogScan,
  named: string | undefined,
  findings: FindingList,
): Promise<MirrorPart | null> {
  if (scan.log.path === '-' || scan.log.dialect.isFallback === true) return null;
  const place = placeOf(context, scan.log.path, named);
  if (place === undefined) return null;
  const { path } = place;
  await checkTemporaries(context, path, findings);
  const part: MirrorPart = { path, state: 'agrees', keys: 0, ...nothingNamed };
  const fault = faultOfMirror(context, place);
  if (fault !== undefined) {
    findings.add('passed-over', path, `the main JSON file ${fault}: it was not read`);
    return null;
  }
  const stat = context.disk.stat(path);
  if (stat === undefined) {
    if (!place.expected) return null;
    const name = basename(path);
    const consequence = canRebuild(scan)
      ? `The bot would rebuild ${name} from the log when it starts.`
      : `Do not start the bot now: without ${name} it would begin with nothing.`;
    findings.add('mirror-missing', path, 'the main JSON file is gone', { consequence });
    return { ...part, state: 'missing' };
  }
  if (stat.kind !== 'file') {
    const words = `is a ${stat.kind === 'other' ? 'device or a pipe' : stat.kind}, not a file`;
    findings.add('mirror-torn', path, words);
    return { ...part, state: 'torn' };
  }
  let seen = await compareOnce(context, scan, place);
  const old = scan.counter.lastTime - stat.mtimeMs >= staleMs;
  if (seen.differs && !old) {
    await context.sleep(secondReadingMs);
    const now = context.disk.stat(scan.log.path);
    const grew = now !== undefined && now.size !== scan.bytes && !scan.log.missing;
    seen = { ...(await compareOnce(context, scan, place)), grew };
  }
  return report(scan, part, seen, findings);
}

/** Temporaries of the main file that nobody is writing: a live writer's are there for a moment. */
async function checkTemporaries(context: Context, path: string, findings: FindingList) {
  const { disk, holders } = context;
  const seen = (name: string) => {
    const stat = disk.lstat(name);
    return stat?.kind === 'file' ? `${stat.id} ${stat.size} ${stat.mtimeMs}` : undefined;
  };
  const isHeld = (name: string) => holders?.(disk.lstat(name)?.id ?? '').holders.length;
  const before = temporariesOf(disk, path).map((name) => [name, seen(name)] as const);
  if (before.length === 0) return;
  await context.sleep(secondReadingMs);
  for (const [name, stat] of before) {
    if (stat === undefined || seen(name) !== stat || isHeld(name)) continue;
    findings.add('leftover-temp', name, 'a temporary file nobody finished');
  }
}

/** Why the main file is not read where nobody named it: a link, or another user's file. */
function faultOfMirror({ disk }: Context, { path, beside }: Place): string | undefined {
  const stat = beside === undefined ? undefined : disk.lstat(path);
  if (stat?.kind !== 'symlink' && stat?.kind !== 'file') return undefined;
  return faultBeside(disk, path, beside!, stat);
}

/** Whether the format's own program, without the mirror, would find its state in the log. */
function canRebuild({ log, damages, keydir }: LogScan): boolean {
  if (log.dialect.upstream.ignoresLogs.includes(basename(log.path))) return false;
  return keydir.upstreamCount > 0 && !damages.some(refusesReader);
}

interface Comparison {
  keys: number;
  differing: string[];
  ahead: string[];
  errorAt: number | undefined;
  bytes: number;
  differs: boolean;
  grew?: boolean;
  lastTime: number;
}

async function compareOnce(
  context: Context,
  scan: LogScan,
  { path, beside }: Place,
): Promise<Comparison> {
  const { lastTime } = scan.counter;
  const nothing = { keys: 0, differing: [], ahead: [], errorAt: 0, bytes: 0, lastTime };
  if (context.disk.stat(path) === undefined) return { ...nothing, differs: true };
  const mirror = await readMirror(context, path, beside);
  try {
    const { errorAt, bytes } = mirror;
    if (errorAt !== undefined) return { ...nothing, errorAt, bytes, differs: true };
    const { changed, onlyFirst, onlySecond } = await diffStates(scan, {
      keydir: mirror.keydir,
      sources: [mirror.source],
    });
    // What the bot cannot hold in an object can be in no mirror it writes.
    const { losesKeys } = scan.log.dialect.upstream;
    const missing = onlyFirst.filter((key) => !losesKeys.includes(key));
    const differing = [...changed, ...missing];
    const keys = mirror.keydir.count;
    const differs = differing.length > 0;
    return { keys, differing, ahead: onlySecond, errorAt, bytes, differs, lastTime };
  } finally {
    mirror.source.close();
  }
}

function report(
  scan: LogScan,
  part: MirrorPart,
  seen: Comparison,
  findings: FindingList,
): MirrorPart {
  const { path } = part;
  const { keys, differing, ahead } = seen;
  const named = {
    keys,
    differing: differing.slice(0, namedMax),
    differingKeys: differing.length,
    ahead: ahead.slice(0, namedMax),
    aheadKeys: ahead.length,
  };
  if (seen.errorAt !== undefined && !seen.grew) {
    reportTorn(scan, path, seen, findings);
    return { ...part, state: 'torn' };
  }
  if (ahead.length > 0) {
    const words = `${plural(ahead.length, 'key')} only here: ${nameSome(ahead)}`;
    findings.add('mirror-ahead', path, words, { key: ahead[0] });
  }
  if (!seen.differs) return { ...part, ...named };
  if (seen.grew) {
    const words = 'being written: the log grew between two readings';
    findings.add('mirror-differs', path, words, { severity: 'notice', impact: 'harmless' });
    return { ...part, ...named, state: 'being written' };
  }
  const words = `${plural(differing.length, 'key')}: ${nameSome(differing)}`;
  const starts = `The bot starts with ${basename(path)} as it is`;
  const consequence = `${starts} and does not look at the log.`;
  findings.add('mirror-differs', path, words, {
    key: differing[0],
    impact: 'changed',
    consequence,
  });
  return { ...part, ...named, state: 'differs' };
}

function reportTorn(
  scan: LogScan,
  path: string,
  { errorAt = 0, bytes }: Comparison,
  findings: FindingList,
): void {
  const ends = errorAt >= bytes ? 'ends early' : 'breaks';
  const words = bytes === 0 ? 'it is empty' : `JSON ${ends} at byte ${errorAt}`;
  const name = basename(path);
  const consequence = canRebuild(scan)
    ? `The bot fails to start with ${name} like this; without it, it would read the log.`
    : `Do not start the bot now: it fails with ${name} like this and has nothing without it.`;
  findings.add('mirror-torn', path, words, { offset: errorAt, consequence });
}

function nameSome(keys: readonly string[]): string {
  const some = keys.slice(0, 3).join(', ');
  return keys.length > 3 ? `${some} and ${keys.length - 3} more` : some;
}
