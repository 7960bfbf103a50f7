/** backup-probe: when backups ended, by their first and last lines alone. */
import type { CopyAge } from './backup-order.js';
import { backupLog } from './backups.js';
import { firstLineEnd, textBefore } from '../bytes/line-back.js';
import type { Context } from '../context.js';
import type { SourceFile } from '../disk.js';
import { unlessGone } from '../listed-files.js';
import type { Log } from '../log.js';
import { scanLastLine } from './scan-tail.js';
import type { BackupName } from '../siblings.js';

/** A backup and when it ended. */
export type ProbedBackup = BackupName & CopyAge;

/** Looks at both ends of each plain backup. Of a compressed one only the name is known. */
export async function probeBackups(
  context: Context,
  log: Log,
  backups: readonly BackupName[],
): Promise<ProbedBackup[]> {
  const probed: ProbedBackup[] = [];
  for (const backup of backups) {
    const { disk } = context;
    const unknown = { firstTime: NaN, lastTime: NaN, startsWithState: false, lastSeq: 0 };
    if (backup.compressed) {
      probed.push({ ...backup, ...unknown });
      continue;
    }
    const file = await unlessGone(disk, backup.path, () => {
      return disk.open(backup.path, { noLinks: true });
    });
    if (file === undefined) continue;
    try {
      probed.push({ ...backup, ...(await endsOf(context, log, file)) });
    } finally {
      file.close();
    }
  }
  return probed;
}

async function endsOf(context: Context, log: Log, file: SourceFile) {
  const scan = await scanLastLine(context, backupLog(log, file), file);
  scan.close();
  const { lastTime, lastSeq } = scan.counter;
  const end = await firstLineEnd(file);
  const { writes } = log.dialect;
  const text = end === undefined || writes === undefined ? '' : await textBefore(file, end);
  const firstTime = writes?.readCompactedAt(text) ?? NaN;
  return { firstTime, lastTime, lastSeq, startsWithState: !Number.isNaN(firstTime) };
}
