/** late-entries: backups that are written to after the compaction which made them. */
import { newestFirst } from './backup-order.js';
import { probeBackups } from './backup-probe.js';
import type { CheckedBackup } from './backups.js';
import { lateBackups, type ChainFile, type LateBackup } from '../compaction/late-backup.js';
import type { Context } from '../context.js';
import { finding, type Finding } from '../findings.js';
import { whileListed } from '../listed-files.js';
import type { Log } from '../log.js';
import { listBackups, siblingsOf } from '../siblings.js';
import { plural } from '../text.js';

/** Where a log's backups lie. */
interface Place {
  backupDir?: string;
}

/** The late entries in a log's backups, newest first, as they were just checked. */
export async function lateInChecked(
  context: Context,
  log: Log,
  { backupDir, headBytes }: Place & { headBytes: number },
  backups: readonly CheckedBackup[],
): Promise<LateBackup[]> {
  const own = backups.filter(({ companion }) => companion !== true);
  if (!hasChain(log)) return [];
  return whileSettled(context, log, { backupDir }, [{ path: log.path, headBytes }, ...own]);
}

/** The late entries in a log's backups, looked at by their ends. Throws LogctlError. */
export async function findLate(context: Context, log: Log, place: Place): Promise<LateBackup[]> {
  if (!hasChain(log)) return [];
  return whileListed(context, log, async () => {
    return whileSettled(context, log, place, await chainOf(context, log, place));
  });
}

/** True for formats whose checkpoints say what they were made from. */
const hasChain = ({ dialect, missing, path }: Log) =>
  dialect.writes !== undefined && !missing && path !== '-';

/** The log and its backups, newest first, by what they hold. */
export async function chainOf(
  context: Context,
  log: Log,
  { backupDir }: Place,
): Promise<ChainFile[]> {
  const names = listBackups(context.disk, log.path, backupDir);
  const probed = await probeBackups(context, log, names);
  return [{ path: log.path }, ...newestFirst(probed, context.now())];
}

/** None where a compaction was at work meanwhile: it merges what came late, and the chain grew. */
async function whileSettled(
  context: Context,
  log: Log,
  { backupDir }: Place,
  chain: readonly ChainFile[],
): Promise<LateBackup[]> {
  const { disk } = context;
  const { intent } = siblingsOf(log.path);
  const before = disk.stat(log.path)?.id;
  const late = disk.lstat(intent) === undefined ? await lateBackups(context, log, chain) : [];
  if (late.length === 0) return late;
  const known = new Set(chain.map(({ path }) => path));
  const isKnown = listBackups(disk, log.path, backupDir).every(({ path }) => known.has(path));
  const isSame = disk.lstat(intent) === undefined && disk.stat(log.path)?.id === before;
  return isKnown && isSame ? late : [];
}

/** What is said of entries that came late. */
export function lateFinding({ path, entries }: LateBackup): Finding {
  const keys = new Set(entries.flatMap(({ key }) => (key === undefined ? [] : [key])));
  const count = plural(entries.length, 'entry', 'entries');
  const words = `${count} of ${plural(keys.size, 'key')} came after its compaction`;
  return finding('late-entries', path, `${words}: the log does not have them`, {
    offset: entries[0].offset,
    key: [...keys][0],
    impact: 'lost',
    consequence:
      'Whoever wrote them goes on writing to the backup (a descriptor it keeps open, or a file ' +
      'mounted by itself): stop it first. No reader of the log sees them.',
  });
}
