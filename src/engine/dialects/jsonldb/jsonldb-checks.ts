/** jsonldb-checks: what the library would do to a store, or make of it, that somebody must know. */
import { basename } from 'node:path';
import { faultBeside } from '../../beside.js';
import type { Context } from '../../context.js';
import type { FindingList } from '../../finding-list.js';
import { keyToString } from '../../keydir/key-bytes.js';
import { diffStates } from '../../keydir/state-compare.js';
import { scanLog, type LogScan } from '../../checks/scan-log.js';
import { plural } from '../../text.js';
import { loadUpstream, openingOf, type LoadedStore, type Opening } from './jsonldb-upstream.js';

const stopFirst =
  'Stop ioBroker, Z-Wave JS or whatever uses it, and start it when recover is done.';

/** Adds the findings of this format. Called when the store, and the copies beside it, were read. */
export async function checkJsonldb(
  context: Context,
  scan: LogScan,
  findings: FindingList,
): Promise<void> {
  const { path } = scan.log;
  if (path === '-') return;
  const opening = openingOf(context.disk, path);
  for (const file of opening.deletes)
    await checkDeleted(context, scan, { opening, file }, findings);
  if (opening.refusal !== undefined) findings.add('reader-refuses', path, opening.refusal);
  checkKeys(scan, findings);
  await checkReader(context, scan, opening, findings);
}

/** A copy that the library deletes at its next start without having looked into anything. */
async function checkDeleted(
  context: Context,
  scan: LogScan,
  { opening, file }: { opening: Opening; file: string },
  findings: FindingList,
): Promise<void> {
  const stat = context.disk.lstat(file);
  const isFile = stat && faultBeside(context.disk, file, scan.log.path, stat) === undefined;
  const lost = isFile ? await keysOnlyIn(context, scan, file) : [];
  const main = basename(opening.takes ?? scan.log.path);
  const isNeeded = lost.length > 0;
  const what = isNeeded
    ? `${plural(lost.length, 'key')} that ${main} does not have (${lost.slice(0, 3).join(', ')})`
    : isFile
      ? `nothing that ${main} does not have`
      : 'what nobody looked into: it is no file';
  const words = `jsonl-db deletes this at its next start; it holds ${what}`;
  findings.add('opening-destroys', file, words, {
    ...(isNeeded ? { key: lost[0], consequence: stopFirst } : { severity: 'notice' as const }),
    impact: isNeeded ? 'lost' : 'harmless',
  });
}

/** Keys that a copy has and the store, as far as it can be read, has not. */
async function keysOnlyIn(context: Context, scan: LogScan, path: string): Promise<string[]> {
  const { log } = scan;
  const files = [{ path, role: log.files[0].role, beside: log.path }];
  const copy = await scanLog(context, { ...log, path, files, missing: false });
  copy.close();
  const only = copy.keydir.order('documented').filter((index) => {
    return scan.keydir.find(copy.keydir.key(index)) < 0;
  });
  return Array.from(only, (index) => keyToString(copy.keydir.key(index)));
}

/** A damaged byte in a key makes another key, which is written on by every compaction. */
function checkKeys({ keydir, log }: LogScan, findings: FindingList): void {
  for (const index of keydir.order('documented')) {
    const { bytes, start, length } = keydir.keyBytes(index);
    if (!hasReplacement(bytes, start, start + length)) continue;
    const words = 'a key with U+FFFD in it: a damaged byte may have made another key of one';
    findings.add('bad-utf8', log.path, words, {
      ...{ severity: 'notice', key: keyToString(keydir.key(index)), line: keydir.at(index).line },
      impact: 'unknown',
    });
  }
}

/** By hand: a view of each of a million keys costs more than a look at their bytes. */
function hasReplacement(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at + 2 < to; at++) {
    if (bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd) return true;
  }
  return false;
}

/** Both verdicts of the library: with `ignoreReadErrors`, as ioBroker opens it, and without. */
async function checkReader(
  context: Context,
  scan: LogScan,
  opening: Opening,
  findings: FindingList,
): Promise<void> {
  const { path, missing } = scan.log;
  const isPlain = scan.damages.length + scan.uncounted + scan.differingLines === 0;
  if (missing || (isPlain && opening.takes === path)) return;
  const load = await loadUpstream(context, path);
  try {
    reportRefusal(load, path, findings);
    const { changed, onlyFirst, onlySecond } = await diffStates(scan, load);
    const keys = [...onlyFirst, ...changed, ...onlySecond];
    if (keys.length === 0) return;
    const parts = [
      onlyFirst.length > 0 ? `lacks ${plural(onlyFirst.length, 'key')}` : '',
      changed.length > 0 ? `has other values for ${plural(changed.length, 'key')}` : '',
      onlySecond.length > 0 ? `has ${plural(onlySecond.length, 'key')} more` : '',
    ].filter(Boolean);
    const named = keys.slice(0, 3).map((key) => JSON.stringify(key));
    const words = `with ignoreReadErrors jsonl-db ${parts.join(', ')}: ${named.join(', ')}`;
    findings.add('reader-differs', path, words, { key: keys[0] });
  } finally {
    load.sources.forEach((source) => source.close());
  }
}

function reportRefusal({ bad, badCount }: LoadedStore, path: string, findings: FindingList): void {
  const [first] = bad;
  if (first === undefined) return;
  const { line, offset, length } = first;
  const others = badCount > 1 ? `, the first of ${badCount}` : '';
  const where = `invalid data in line ${line}${others}`;
  const words = `without ignoreReadErrors jsonl-db refuses it: ${where}`;
  findings.add('reader-refuses', path, words, { line, offset, length });
}
