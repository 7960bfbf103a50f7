/** opslog-checks: what verify says of a store besides its lines: manifest, snapshot, leftovers. */
import { join } from 'node:path';
import type { LogScan } from '../../checks/scan-log.js';
import type { Context } from '../../context.js';
import type { FindingList } from '../../finding-list.js';
import { PROBLEM } from '../../scan/kernel.js';
import { plural } from '../../text.js';
import { baseOf, type Base } from './opslog-base.js';
import { checkArchives } from './opslog-archives.js';
import { compactLock, lookAtLock, writerLock } from './opslog-lock.js';
import { findLate } from './opslog-late.js';
import { keysByPath } from './opslog-layout.js';
import { countEntries, countRecords, Sources } from './opslog-sources.js';
import { manifestName } from './opslog-manifest.js';
import { snapshotForm } from './opslog-snapshot.js';
import { checkOperations, explainRules } from './opslog-rules.js';

/** Adds the findings of a store directory; a bare log has those of its lines alone. */
export async function checkOpslog(
  context: Context,
  scan: LogScan,
  findings: FindingList,
): Promise<void> {
  const { path: directory, dialect } = scan.log;
  await explainRules(scan, findings);
  if (context.disk.stat(directory)?.kind !== 'directory') return;
  const base = baseOf(context.disk, directory);
  checkManifest(base, findings);
  checkNamed(base, findings);
  checkTemporaries(context, base, findings);
  checkCompactLock(context, directory, findings);
  const sources = new Sources(context.disk, directory);
  try {
    await checkSnapshot(context, base, scan, findings, sources);
    await checkUnread(context, base, scan, findings, sources);
    await checkArchives(context, base, findings, sources);
    await checkOperations(context, dialect, base, findings);
  } finally {
    sources.close();
  }
}

/** What a program writes just now, or has renamed since it was listed, is no leftover. */
function checkTemporaries(context: Context, { names }: Base, findings: FindingList): void {
  const { directory, temporaries } = names;
  const look = (name: string) => lookAtLock(context, directory, name);
  if ([writerLock, compactLock].some((name) => look(name).state === 'live')) return;
  for (const path of temporaries.map((name) => join(directory, name))) {
    if (context.disk.lstat(path) === undefined) continue;
    const words = 'never renamed to its place: what it was written for did not happen';
    findings.add('leftover-temp', path, words, { impact: 'harmless' });
  }
}

function checkManifest({ names, from }: Base, findings: FindingList): void {
  const { reading, directory } = names;
  if (reading.state === 'ok') return;
  const path = join(directory, manifestName);
  const best = from === 'temporary' ? 'its .tmp is whole' : 'the newest snapshot stands for it';
  if (reading.state === 'missing') {
    findings.add('log-missing', path, `the manifest is gone: ${best}`, {
      impact: 'unknown',
      consequence: 'The library would make an empty store here, and count nothing of the old one.',
    });
    findings.add('opening-destroys', path, 'stop its program, and do not start it before recover', {
      consequence: 'At its next start it makes an empty store over this one.',
    });
    return;
  }
  // Two agents that join at once write the one temporary file both: a bug of the library's.
  const garbled = 'Agents that join at once leave this behind (both write manifest.json.tmp).';
  const consequence = `The library cannot open the store. ${garbled}`;
  const words = `${reading.message}: ${best}`;
  findings.add('bad-json', path, words, { line: 1, impact: 'unknown', consequence });
}

/** What the manifest names, and what is not where it says. */
function checkNamed({ names, missing, outside, ignored, manifest }: Base, findings: FindingList) {
  const { directory } = names;
  for (const name of outside) {
    const path = join(directory, manifestName);
    const words = `it names ${name}, which is outside the store or another user's: not read`;
    findings.add('bad-entry', path, words, { impact: 'unknown' });
  }
  for (const name of missing) {
    const isSnapshot = name === manifest?.currentSnapshot;
    findings.add('log-missing', join(directory, name), 'the manifest names it, and it is gone', {
      impact: 'lost',
      consequence: isSnapshot
        ? 'The library refuses to open the store.'
        : 'The library takes it for an empty log, without a word.',
    });
  }
  const log = names.logs.find(({ name }) => name === ignored);
  if (log === undefined || log.bytes === 0) return;
  const words =
    `${plural(log.bytes, 'byte')} in the log of a single writer, which nobody reads since agents ` +
    'are registered: the library forgets it when the first agent joins';
  findings.add('unread-entries', log.path, words, { impact: 'lost' });
}

/** The library never takes this lock for stale, and then never compacts, without a word. */
function checkCompactLock(context: Context, directory: string, findings: FindingList): void {
  const look = lookAtLock(context, directory, compactLock);
  if (look.state === 'free') return;
  const path = join(directory, compactLock);
  if (look.state === 'live') findings.add('live-writer', path, look.words);
  else {
    findings.add('stale-lock', path, look.words, {
      consequence: 'No agent will ever compact again: the library takes this lock for held.',
    });
  }
}

/** A snapshot that was cut at a line's end shows by its number of records alone. */
async function checkSnapshot(
  context: Context,
  { snapshot, manifest, from }: Base,
  scan: LogScan,
  findings: FindingList,
  sources: Sources,
): Promise<void> {
  if (snapshot === undefined) return;
  const fatal = PROBLEM.json | PROBLEM.refused;
  const isDamaged = scan.damages.some(({ path, problem }) => {
    return path === snapshot && (problem & fatal) !== 0;
  });
  if (isDamaged) {
    const words = 'a snapshot with a damaged line: the library opens nothing of the store';
    findings.add('reader-refuses', snapshot, words);
  }
  checkForm(sources, snapshot, findings);
  if (manifest === undefined || from === 'names') return;
  const { activeRecords } = manifest.stats;
  const records = await countRecords(context, scan, snapshot, sources);
  if (records >= activeRecords) return;
  const lost = activeRecords - records;
  const words = `${plural(records, 'record')} where the manifest counts ${activeRecords}`;
  findings.add('truncated-log', snapshot, `${words}: ${lost} are gone`, {
    impact: 'lost',
    consequence: isDamaged ? undefined : 'The library loads what is left, without a word.',
  });
}

/** A first line with `records` in it is all the library reads: for it the form is the older one. */
function checkForm(sources: Sources, snapshot: string, findings: FindingList): void {
  const { source } = sources.at(snapshot);
  const { kind, bytesMax = 0, isHeadless } = snapshotForm(source);
  if (isHeadless === true) {
    const words = 'the header is missing: the library takes the first record for it, and drops it';
    findings.add('reader-differs', snapshot, words, { line: 1, offset: 0, impact: 'lost' });
  }
  const behind = source.stat().size - bytesMax - 1;
  if (kind !== 'line' || behind <= 0) return;
  const words = `a header with "records" in it: the library looks at nothing of the lines behind`;
  const position = { line: 2, offset: bytesMax + 1, length: behind };
  findings.add('reader-refuses', snapshot, words, position);
}

/** Entries that were acknowledged and that the state of the store does not have. */
async function checkUnread(
  context: Context,
  base: Base,
  scan: LogScan,
  findings: FindingList,
  sources: Sources,
): Promise<void> {
  const { dialect } = scan.log;
  const { names, logs, snapshot, ignored } = base;
  const stamp = names.snapshots.find(({ path }) => path === snapshot)?.stamp ?? Infinity;
  const read = new Set(logs.map(({ path }) => path));
  for (const log of names.logs) {
    const isNew = log.stamp >= stamp && log.bytes > 0 && log.name !== ignored;
    if (!isNew || read.has(log.path)) continue;
    const entries = await countEntries(context, dialect, sources, log.path);
    if (entries === 0) continue;
    const who = log.agent === undefined ? 'an older manifest came back' : raceWords(log.agent);
    const words = `${plural(entries, 'entry', 'entries')} of a log the manifest does not name`;
    findings.add('unread-entries', log.path, `${words}: ${who}`, { impact: 'lost' });
  }
  const { entries, isFreshOverOld } = await findLate(context, dialect, base, sources);
  const forgot = !base.isMerged && names.logs.some(({ agent }) => agent !== undefined);
  const why = isFreshOverOld
    ? 'an empty store was made over this one, as the library does where its manifest is gone'
    : forgot
      ? 'opened without an agent and compacted, the store forgot all its agents'
      : 'compacted by an agent that had not seen them, or written to an old log after that';
  for (const [path, keys] of keysByPath(entries)) {
    const words = `${plural(keys.length, 'entry', 'entries')} no reader sees: ${why}`;
    findings.add('unread-entries', path, words, { key: keys[0], impact: 'lost' });
  }
}

const raceWords = (agent: string) =>
  `agent ${agent} joined while another wrote the manifest, and its registration was lost`;
