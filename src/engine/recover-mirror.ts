/** recover-mirror: what becomes of the main JSON file when its log is recovered. */
import type { Analysis } from './analyse.js';
import type { Context, RecoverOptions } from './context.js';
import type { DiskReader } from './disk.js';
import { LogctlError } from './errors.js';
import { withoutSpacing } from './json-equal.js';
import { stringToKey } from './key-bytes.js';
import type { Log } from './log.js';
import { readMirror, type Mirror } from './mirror.js';
import { openParts } from './part-source.js';
import type { LogPlan, MirrorPlan, PlanPart } from './plan.js';
import { scanLog, type LogScan } from './scan-log.js';
import { siblingsOf } from './siblings.js';
import { diffStates } from './state-compare.js';
import { plural } from './text.js';
import { readRange } from './values.js';

/** Reads the log a plan would make, through the same kernel. The caller closes the scan. */
export async function scanPlanned(
  context: Context,
  log: Log,
  parts: readonly PlanPart[],
): Promise<LogScan> {
  const source = await openParts(context, log.path, parts);
  const disk = Object.assign(Object.create(context.disk) as DiskReader, {
    open: () => source,
    stat: () => source.stat(),
  });
  const planned = { ...log, missing: false, files: [{ ...log.files[0], path: log.path }] };
  return scanLog({ ...context, disk }, planned);
}

/**
 * Adds `mirror` to a plan, where asked for: nothing, a rebuilt file, or a refusal while the file
 * holds keys or values the recovered state lacks. With `adoptMirror` those become entries first.
 */
export async function planMirror(
  context: Context,
  { log, scan }: Analysis,
  options: RecoverOptions,
  plan: LogPlan,
): Promise<void> {
  if (!options.rebuildMirror && !options.adoptMirror && !options.replaceMirror) return;
  const path = options.mirror ?? siblingsOf(log.path).mirror;
  if (path === undefined) {
    const hint = 'name the main JSON file: --mirror PATH';
    throw new LogctlError('usage', `${log.path} has no main JSON file by its place`, hint);
  }
  const whole: PlanPart = { part: 'range', path: log.path, offset: 0, length: scan.bytes };
  const parts = plan.action === 'none' && scan.bytes > 0 ? [whole] : plan.parts;
  const after = await scanPlanned(context, log, parts);
  const exists = context.disk.stat(path) !== undefined;
  const mirror = exists ? await readMirror(context, path) : undefined;
  try {
    plan.mirror = await decide(after, mirror, path, options);
    if (plan.mirror.action === 'refused') refuse(plan, plan.mirror);
    if (plan.mirror.action === 'adopt' && mirror !== undefined) {
      await adopt(context, log, plan, parts, mirror);
    }
  } finally {
    after.close();
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
  if (mirror === undefined) return { path, action: 'write', keys, ahead: [], differing: [] };
  const other = { keydir: mirror.keydir, sources: [mirror.source] };
  const { changed, onlyFirst, onlySecond: ahead } = await diffStates(after, other);
  const plan = { path, keys, ahead, differing: changed };
  const holdsMore = ahead.length + changed.length > 0;
  if (!holdsMore) {
    const same = onlyFirst.length === 0 && mirror.errorAt === undefined;
    return { ...plan, action: same ? 'none' : 'write' };
  }
  if (options.adoptMirror) return { ...plan, action: 'adopt', keys: keys + ahead.length };
  return { ...plan, action: options.replaceMirror ? 'replace' : 'refused' };
}

function refuse(plan: LogPlan, { path, ahead, differing }: MirrorPlan): void {
  const more = plural(ahead.length + differing.length, 'key or value', 'keys or values');
  const named = [...ahead, ...differing].slice(0, 3).join(', ');
  plan.action = 'refused';
  plan.refusal = {
    message: `${path} holds ${more} that the recovered state lacks: ${named}`,
    next: ['--adopt-mirror'],
  };
}

/** Appends what only the main JSON file has, as entries like any other. */
async function adopt(
  context: Context,
  log: Log,
  plan: LogPlan,
  parts: readonly PlanPart[],
  mirror: Mirror,
): Promise<void> {
  const { putEntry } = log.dialect;
  if (putEntry === undefined || plan.mirror === undefined) return;
  const { path, ahead, differing } = plan.mirror;
  plan.parts = [...parts];
  plan.action = 'recover';
  for (const key of [...ahead, ...differing]) {
    const range = mirror.keydir.at(mirror.keydir.find(stringToKey(key)));
    const bytes = withoutSpacing(await readRange(range, [mirror.source], mirror.keydir));
    const value = Buffer.from(bytes).toString('utf8');
    const text = `${putEntry({ key, value, now: context.now() })}\n`;
    plan.parts.push({ part: 'text', text, why: `${JSON.stringify(key)} adopted from ${path}` });
    plan.bytesInserted += Buffer.byteLength(text);
    plan.bytesAfter += Buffer.byteLength(text);
  }
}
