/** sound-scan: a clear no to a log that a program should not go on with. */
import { checkBackups } from '../checks/backups.js';
import type { Context } from '../context.js';
import { LogctlError } from '../errors.js';
import { nextFor } from '../report.js';
import type { LogScan } from '../checks/scan-log.js';
import { checkCut } from '../checks/store-checks.js';

/**
 * Throws LogctlError `damaged`, with the place and the next command, where the scan met bytes that
 * are no entry, or where the log was cut; the scan is closed then. A torn end is no damage.
 */
export async function refuseDamage(
  context: Context,
  scan: LogScan,
  { backupDir }: { backupDir?: string },
): Promise<void> {
  const { log, findings } = scan;
  const { path } = log;
  try {
    await checkCut(context, scan, () => checkBackups(context, log, { backupDir }), findings);
    const error = findings.all.find(({ severity }) => severity === 'error');
    if (error === undefined) return;
    const next = nextFor(findings.all, path).map(({ argv }) => argv);
    const at = error.line === undefined ? '' : `line ${error.line}, byte ${error.offset}: `;
    const message = `${path}: ${at}${error.code}: ${error.message}`;
    throw new LogctlError('damaged', message, next[0]?.join(' ') ?? '', { path, next });
  } catch (error) {
    scan.close();
    throw error;
  }
}
