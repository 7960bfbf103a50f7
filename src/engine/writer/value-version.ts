/** value-version: which version of a program's values a log holds. */
import { textBefore } from '../bytes/line-back.js';
import type { LogScan } from '../checks/scan-log.js';

/**
 * The version our writer gave the newest values of an open scan: its last entry says it, else the
 * checkpoint it begins with. Undefined where neither does.
 */
export async function versionOf({ log, counter, sources }: LogScan): Promise<number | undefined> {
  const { headBytes, lastEntry } = counter;
  if (lastEntry === undefined) return undefined;
  for (const end of [lastEntry.offset + lastEntry.length, headBytes - 1]) {
    const version = log.dialect.writes?.readStamp(await textBefore(sources[0], end))?.version;
    if (version !== undefined) return version;
  }
  return undefined;
}
