/** scan-tail: the end of a log alone, for a check that costs nothing on 10 GB. */
import type { Context } from '../context.js';
import type { SourceFile } from '../disk.js';
import { FindingList } from '../finding-list.js';
import { openSource, type Log } from '../log.js';
import type { LogSummary } from '../model.js';
import { scanLog } from './scan-log.js';
import { partOf } from '../bytes/source-part.js';

/** The last line may be a checkpoint of any size; beyond this it is not searched for its start. */
const windowBytes = 1 << 20;

export interface TailScan {
  findings: FindingList;
  bytes: number;
  tail: LogSummary['tail'];
}

/**
 * Checks what follows the last but one newline. Offsets in findings are those of the file; lines
 * are unknown and left out.
 */
export async function scanTail(context: Context, log: Log): Promise<TailScan> {
  if (log.missing) {
    const findings = new FindingList();
    findings.add('log-missing', log.path, 'the log is gone, its siblings are there');
    return { findings, bytes: 0, tail: 'missing' };
  }
  const { path } = log.files[log.files.length - 1];
  // A stream has no end to jump to: it is read from its start.
  if (path === '-' || path.endsWith('.gz')) {
    const scan = await scanLog(context, log, { fold: false });
    scan.close();
    return { findings: scan.findings, bytes: scan.bytes, tail: scan.tail };
  }
  const source = openSource(context, path);
  try {
    const { size } = source.stat();
    const from = await lineStart(source, size);
    const scan = await scanFrom(context, log, source, from ?? size);
    const findings = new FindingList();
    for (const one of scan.findings.all) {
      // A consequence names its line, and here nobody counted the lines.
      const unknown = { line: undefined, consequence: undefined };
      findings.push({ ...one, ...unknown, offset: (one.offset ?? 0) + (from ?? size) });
    }
    return { findings, bytes: size, tail: size === 0 ? 'empty' : scan.tail };
  } finally {
    source.close();
  }
}

/** Scans an open file of a log from `from` on, a line's start. The caller closes the file. */
async function scanFrom(context: Context, log: Log, source: SourceFile, from: number) {
  const made = partOf(source, from);
  return scanLog({ ...context, made, progress: undefined }, log, { fold: false });
}

/** Scans the last line of an open plain file of a log; none where that line is very long. */
export async function scanLastLine(context: Context, log: Log, source: SourceFile) {
  const { size } = source.stat();
  return scanFrom(context, log, source, (await lineStart(source, size)) ?? size);
}

/** Where the last line begins; undefined when it is longer than the window and has its newline. */
async function lineStart(source: SourceFile, size: number): Promise<number | undefined> {
  const from = Math.max(0, size - windowBytes);
  const bytes = Buffer.alloc(size - from);
  await source.read(bytes, from);
  const newline = bytes.lastIndexOf(0x0a, bytes.length - 2);
  if (newline >= 0 || from === 0) return from + newline + 1;
  return bytes[bytes.length - 1] === 0x0a ? undefined : from;
}
