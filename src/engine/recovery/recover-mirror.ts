/** recover-mirror: what becomes of the main JSON file when its log is recovered. */
import type { Context, RecoverOptions } from '../context.js';
import { LogctlError } from '../errors.js';
import type { Log } from '../log.js';
import { readMirror, type Mirror } from '../checks/mirror.js';
import { planEntry } from './mirror-entry.js';
import { mirrorBytes } from './mirror-writer.js';
import type { PartList } from './part-list.js';
import type { LogPlan, MirrorPlan } from './plan.js';
import type { LogScan } from '../checks/scan-log.js';
import { siblingsOf } from '../siblings.js';
import { diffStates } from '../keydir/state-compare.js';
import { plural } from '../text.js';
import { linkTarget } from '../compaction/swap-refusals.js';
import { shellQuote } from '../shell-quote.js';

/** Where the main JSON file of a log is; throws a usage error where nothing tells. */
function mirrorPathOf(log: Log, options: RecoverOptions): string {
  const path = options.mirror ?? siblingsOf(log.path).mirror;
  if (path !== undefined) return path;
  const hint = 'name the main JSON file: --mirror PATH';
  throw new LogctlError('usage', `${log.path} has no main JSON file by its place`, hint);
}

/** True where the options ask for the main JSON file. */
export const wantsMirror = ({ rebuildMirror, adoptMirror, replaceMirror }: RecoverOptions) =>
  rebuildMirror === true || adoptMirror === true || replaceMirror === true;

/**
 * Decides about the main JSON file: nothing, a rebuilt file, or a refusal while it holds keys or
 * values the state lacks. With `adoptMirror` those become entries: they are added to `parts`.
 * `after`: the state the log will have. True when entries were added.
 */
export async function planMirror(
  context: Context,
  log: Log,
  after: LogScan,
  options: RecoverOptions,
  { plan, parts }: { plan: LogPlan; parts: PartList },
): Promise<boolean> {
  const path = mirrorPathOf(log, options);
  if (context.disk.lstat(path)?.kind === 'symlink') {
    const hint = `name the file itself: --mirror ${shellQuote(linkTarget(context.disk, path))}`;
    throw new LogctlError('refused', `${path} is a symbolic link`, hint, { path });
  }
  const exists = context.disk.stat(path) !== undefined;
  const mirror = exists ? await readMirror(context, path, log.path) : undefined;
  try {
    plan.mirror = await decide(after, mirror, path, options);
    if (plan.mirror.action === 'refused') refuse(plan, plan.mirror, options);
    if (plan.mirror.action !== 'adopt' || mirror === undefined) return false;
    await adopt(context, log, plan.mirror, parts, mirror);
    return true;
  } finally {
    mirror?.source.close();
  }
}

async function decide(
  after: LogScan,
  mirror: Mirror | undefined,
  path: string,
  options: RecoverOptions,
): Promise<MirrorPlan> {
  const keys = after.keydir.count;
  const bytes = await mirrorBytes(after);
  const exists = mirror !== undefined;
  const nothing = { path, exists, keys, bytes, ahead: [], differing: [] };
  if (mirror === undefined) return { ...nothing, action: 'write' };
  const { errorAt: tornAt } = mirror;
  const other = { keydir: mirror.keydir, sources: [mirror.source] };
  const { changed, onlyFirst, onlySecond: ahead } = await diffStates(after, other);
  const plan = {
    ...nothing,
    ahead,
    differing: changed,
    ...(tornAt === undefined ? {} : { tornAt }),
  };
  const missing = onlyFirst.filter((key) => !after.log.dialect.upstream.losesKeys.includes(key));
  if (ahead.length + changed.length === 0) {
    const same = missing.length === 0 && tornAt === undefined;
    return { ...plan, action: same ? 'none' : 'write' };
  }
  // A key that no entry can set would be lost in the adoption.
  const unwritable = after.log.dialect.writes?.unwritableKeys ?? [];
  const canAdopt = ![...ahead, ...changed].some((key) => unwritable.includes(key));
  if (options.adoptMirror && canAdopt) return { ...plan, action: 'adopt' };
  return { ...plan, action: options.replaceMirror ? 'replace' : 'refused' };
}

function refuse(
  plan: LogPlan,
  { path, ahead, differing }: MirrorPlan,
  { adoptMirror }: RecoverOptions,
): void {
  const keys = [...ahead, ...differing].map((key) => (key === '' ? '""' : key));
  const more = plural(keys.length, 'key or value', 'keys or values');
  const named = keys.slice(0, 3).join(', ');
  const others = keys.length > 3 ? ` and ${keys.length - 3} more` : '';
  plan.action = 'refused';
  plan.refusal = {
    message: `${path} holds ${more} that the recovered state lacks: ${named}${others}`,
    // Where adopting was asked for, there are keys that no entry could set.
    next: [...(adoptMirror === true ? [] : [['--adopt-mirror']]), ['--replace-mirror']],
  };
}

/** Appends what only the main JSON file has, as entries like any other. */
async function adopt(
  context: Context,
  log: Log,
  { path, ahead, differing }: MirrorPlan,
  parts: PartList,
  mirror: Mirror,
): Promise<void> {
  for (const key of [...ahead, ...differing]) {
    const why = `${JSON.stringify(key)} adopted from ${path}`;
    const entry = await planEntry(log.dialect, mirror, { key, time: context.now(), why });
    if (entry !== undefined) parts.entry(entry);
  }
}
