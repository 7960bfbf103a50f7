/** nedb-checks: what the library would make of a store, and what its next start would destroy. */
import type { LogScan } from '../../checks/scan-log.js';
import type { Context } from '../../context.js';
import type { FindingList } from '../../finding-list.js';
import { isJsonKey, keyToString } from '../../keydir/key-bytes.js';
import { plural } from '../../text.js';
import { OP } from './nedb-codec.js';
import { corruptAlertThreshold } from './nedb-opening.js';
import { hasOddNames } from './nedb-odd-names.js';
import { loadAsLibrary, type NedbLoad } from './nedb-upstream.js';

const stopFirst =
  'Stop the program that uses this store, and do not start it before recover is done: every ' +
  'start of it rewrites the file from what it could read.';

const saveFirst = 'logctl replay gives all of them: save its output before the program starts.';

/** Adds the findings of this format alone. Reads the store again only where there is a reason. */
export async function checkNedb(
  context: Context,
  scan: LogScan,
  findings: FindingList,
  framing: { lineFeeds: boolean },
): Promise<void> {
  const { path } = scan.log;
  checkEmpty(context, scan, findings);
  if (scan.bytes === 0 || !(await mayDiffer(context, scan))) return;
  const load = await loadAsLibrary(context, path, { ...framing, ordered: false });
  for (const source of load.sources) source.close();
  if (load.refusal !== undefined) return reportRefusal(path, load, findings);
  reportErased(scan, load, findings);
  reportLost(path, load, findings);
}

/** An empty file is an empty store, for the library and for all that can be seen in it. */
function checkEmpty(context: Context, { log, bytes }: LogScan, findings: FindingList): void {
  if (log.path === '-') return;
  const copy = `${log.path}~`;
  const size = context.disk.stat(copy)?.size ?? 0;
  if (!log.missing && bytes === 0 && size > 0) {
    const words = `${plural(size, 'byte')} beside an empty store: its next start overwrites them`;
    findings.add('opening-destroys', copy, words, { impact: 'lost', consequence: stopFirst });
  } else if (!log.missing && bytes === 0) {
    const words = '0 bytes: a store without documents, or one that a power cut emptied';
    findings.add('truncated-log', log.path, words, { severity: 'notice', impact: 'unknown' });
  }
}

/** False where each line says the same to the library as it says here: nearly always. */
async function mayDiffer(context: Context, scan: LogScan): Promise<boolean> {
  if (scan.damages.length > 0 || scan.uncounted > 0 || scan.differingLines > 0) return true;
  // Unique indexes are rules about values, which a scan does not look at.
  if (scan.counter.ops[OP.index] > 0 || hasOtherKeys(scan)) return true;
  return hasOddNames(context, scan.sources[0]);
}

/** An `_id` that is no string may meet another one, and `__proto__` is no key of a plain object. */
function hasOtherKeys({ keydir }: LogScan): boolean {
  if (keydir.find(Buffer.from('__proto__')) >= 0) return true;
  return keydir.order('documented').some((index) => {
    // No copy of each of a million keys for the sake of its first byte.
    const { bytes, start, length } = keydir.keyBytes(index);
    return length > 0 && isJsonKey(bytes, start);
  });
}

function reportRefusal(path: string, load: NedbLoad, findings: FindingList): void {
  const { message, key, line, offset, kind } = load.refusal!;
  const counts = kind === 'corrupt' ? ` (${load.corrupt} of ${plural(load.lines, 'line')})` : '';
  findings.add('reader-refuses', path, `nedb refuses to open it${counts}: ${message}`, {
    ...(line !== undefined && { line, offset }),
    ...(key !== undefined && { key: keyToString(key) }),
  });
}

/** What the library does not load is gone from the file after its next start. */
function reportErased({ log, keydir }: LogScan, load: NedbLoad, findings: FindingList): void {
  const lost = [...keydir.order('documented')].filter((index) => {
    return load.table.lineOf(keydir.key(index)) !== keydir.at(index).line;
  });
  const percent = Math.round((1000 * load.corrupt) / load.lines) / 10;
  const rate = `${percent} % of ${plural(load.lines, 'line')}, it allows ${allowed} %`;
  const erased = [
    ...(load.corrupt > 0
      ? [`${plural(load.corrupt, 'line')} that nedb cannot read (${rate})`]
      : []),
    ...(lost.length > 0 ? [plural(lost.length, 'whole document')] : []),
  ];
  if (erased.length === 0) return;
  findings.add('opening-destroys', log.path, `its next start erases ${erased.join(', and ')}`, {
    ...(lost.length > 0 && { key: keyToString(keydir.key(lost[0])) }),
    impact: lost.length > 0 ? 'lost' : 'unknown',
    consequence: stopFirst,
  });
}

const allowed = 100 * corruptAlertThreshold;

/** Whole documents that the library does not load, or takes for one another. */
function reportLost(path: string, { table }: NedbLoad, findings: FindingList): void {
  const { collisions, firstCollision, lostToPrototype, falsyIds, firstFalsyId } = table;
  if (collisions > 0) {
    const { name, ...at } = firstCollision!;
    const words = `${plural(collisions, 'document')} under the name of another kind of _id`;
    const why = 'nedb loads only the last of them';
    const details = { ...at, key: name, impact: 'lost' as const, consequence: saveFirst };
    findings.add('reader-differs', path, `${words}: ${why}`, details);
  }
  if (falsyIds > 0) {
    const words = `${plural(falsyIds, 'document')} whose _id is "", 0, false or null`;
    const details = { ...firstFalsyId, impact: 'lost' as const, consequence: saveFirst };
    findings.add('reader-differs', path, `${words}: nedb writes and never loads them`, details);
  }
  if (lostToPrototype > 0) {
    const words = 'a document whose _id is __proto__: nedb cannot hold it';
    findings.add('reader-differs', path, words, { key: '__proto__', impact: 'lost' });
  }
}
