/** entries: one row per entry, and every version of one key. */
import { checkBackups, backupLog } from './checks/backups.js';
import { decodedContext } from './decode/decoded-disk.js';
import type { Context, EntriesOptions } from './context.js';
import type { SourceFile } from './disk.js';
import type { Finding } from './findings.js';
import { globMatcher } from './glob.js';
import { keyToString } from './keydir/key-bytes.js';
import { whileListed } from './listed-files.js';
import { opsOf, openSource, type Log } from './log.js';
import type { EntriesReport, EntryRow, LogPart } from './model.js';
import { requireKeys } from './recognise.js';
import { envelope, exitOf, failureOf, nextFor, verdictOf } from './report.js';
import { scanLog, type LogScan } from './checks/scan-log.js';
import { asUtf8 } from './keydir/state-hash.js';
import { KIND, type LineBatch } from './scan/kernel.js';
import type { FailedTarget } from './store-search.js';
import { resolveTargets } from './targets.js';
import { isoTime } from './text.js';

type Emit = (row: EntryRow) => void | Promise<void>;

/** One row before its value is read. */
export interface Candidate extends EntryRow {
  valueOffset: number;
  /** A member of a whole-state entry, not an entry of its own. */
  fromState?: boolean;
}

/**
 * Lists entries in file order, or with `history` every version of a key, newest first, backups
 * included. With `emit` each row goes there and the report's `entries` stay empty. A history is
 * known only at its end and comes then. `limit` 0: all.
 */
export async function listEntries(
  outside: Context,
  targets: string[],
  options: EntriesOptions,
  emit?: Emit,
): Promise<EntriesReport> {
  const context = decodedContext(outside, options);
  const startedAt = context.now();
  const failed: FailedTarget[] = [];
  const { logs } = await resolveTargets(context, targets, options, failed);
  const isOneOfMany = targets.length > 1 || logs.length + failed.length > 1;
  const findings: Finding[] = [];
  const parts: LogPart[] = [];
  const rows: EntryRow[] = [];
  const give: Emit = emit ?? ((row) => void rows.push(row));
  let matched = 0;
  for (const log of logs) {
    const lister = new Lister(context, options, give);
    try {
      parts.push(await listOne(log, lister, options, findings));
    } catch (error) {
      if (!isOneOfMany) throw error;
      parts.push(failedPart(context, { path: log.path, dialect: log.dialect.name }, error));
    }
    matched += lister.matched;
  }
  for (const { path, error } of failed) {
    parts.push(failedPart(context, { path, dialect: '' }, error));
  }
  const next = logs.length === 1 ? nextFor(findings, logs[0].path) : [];
  return {
    ...envelope(context, 'entries', startedAt, parts, { findings, next }),
    report: 'entries',
    entries: rows,
    matched,
    history: options.history,
    since: isoTime(options.since ?? NaN) ?? undefined,
    until: isoTime(options.until ?? NaN) ?? undefined,
  };
}

async function listOne(
  log: Log,
  lister: Lister,
  options: EntriesOptions,
  findings: Finding[],
): Promise<LogPart> {
  if (options.history !== undefined) requireKeys(log);
  const scan = options.history === undefined ? await lister.list(log) : await lister.history(log);
  const own = scan.findings.inOrder();
  for (const one of own) findings.push(one);
  const exitCode = exitOf(own);
  const { path, dialect } = log;
  const { bytes, lines } = scan;
  const verdict = verdictOf(exitCode);
  return { path, dialect: dialect.name, verdict, exitCode, bytes, lines };
}

function failedPart(
  context: Context,
  log: { path: string; dialect: string },
  error: unknown,
): LogPart {
  const { exitCode, ...failure } = failureOf(error, context);
  const nothing = { bytes: 0, lines: 0, error: failure };
  return { ...log, verdict: verdictOf(exitCode), exitCode, ...nothing };
}

class Lister {
  matched = 0;
  /** The log that the files are of. */
  private beside = '';
  private readonly wants: (row: Candidate) => boolean;
  private readonly limit: number;

  constructor(
    private readonly context: Context,
    private readonly options: EntriesOptions,
    private readonly emit: Emit,
  ) {
    this.wants = filterOf(options);
    this.limit = options.limit === undefined || options.limit === 0 ? Infinity : options.limit;
  }

  async list(log: Log): Promise<LogScan> {
    this.beside = log.path;
    const scan: LogScan = await scanLog(this.context, log, {
      fold: false,
      onRows: async (batch, firstLine, path) => {
        for (const row of candidates(batch, firstLine, path, log)) {
          if (!this.wants(row) || ++this.matched > this.limit) continue;
          await this.give(row);
        }
      },
    });
    scan.close();
    return scan;
  }

  /** Every version of the key: oldest file first, then turned round. */
  async history(log: Log): Promise<LogScan> {
    this.beside = log.path;
    try {
      const { scan, versions } = await whileListed(this.context, log, (current) => {
        return this.versionsOf(current);
      });
      for (const row of versions.slice(0, this.limit)) await this.give(row);
      return scan;
    } finally {
      this.letGo();
    }
  }

  /** Files of the past stay open until their values are given: they may be pruned meanwhile. */
  private readonly held = new Map<string, SourceFile>();

  private letGo(): void {
    for (const file of this.held.values()) file.close();
    this.held.clear();
  }

  private async versionsOf(log: Log): Promise<{ scan: LogScan; versions: Candidate[] }> {
    this.letGo();
    const backups = await checkBackups(this.context, log, this.options);
    const sound = backups.filter(({ verdict }) => verdict === 'ok').reverse();
    const versions: Candidate[] = [];
    for (const backup of sound) {
      this.held.set(backup.path, openSource(this.context, backup.path));
      await this.versionsIn(backupLog(log, backup), versions);
    }
    for (const file of log.dialect.past?.(this.context.disk, log.path) ?? []) {
      await this.versionsIn({ ...log, path: file.path, files: [file] }, versions);
    }
    const scan = await this.versionsIn(log, versions);
    if (log.dialect.past !== undefined) this.date(log, versions);
    const news = await this.withoutRestated(versions);
    const unique = withoutCopies(news).reverse().filter(this.wants);
    this.matched = unique.length;
    return { scan, versions: unique };
  }

  /** Records of a checkpoint have its time; then all in the order of their times. */
  private date({ dialect }: Log, versions: Candidate[]): void {
    const { disk } = this.context;
    for (const row of versions) {
      if (row.time !== null || dialect.checkpointTime === undefined) continue;
      row.time = isoTime(dialect.checkpointTime(disk, row.path));
      row.fromState = true;
    }
    const timeOf = ({ time }: Candidate) => (time === null ? -Infinity : Date.parse(time));
    versions.sort((a, b) => timeOf(a) - timeOf(b));
  }

  /** Without checkpoints that only repeat the version before them. */
  private async withoutRestated(versions: Candidate[]): Promise<Candidate[]> {
    const news: Candidate[] = [];
    for (const [place, row] of versions.entries()) {
      const before = versions[place - 1];
      const mayRestate = row.fromState && before?.bytes === row.bytes;
      if (mayRestate && (await this.valueOf(before)) === (await this.valueOf(row))) continue;
      news.push(row);
    }
    return news;
  }

  private async valueOf({ path, valueOffset, bytes }: Candidate): Promise<string> {
    return this.reading(path, (source) => textOf(source, valueOffset, bytes));
  }

  private async reading<T>(path: string, read: (source: SourceFile) => Promise<T>): Promise<T> {
    const held = this.held.get(path);
    const source = held ?? openSource(this.context, path, this.beside);
    try {
      return await read(source);
    } finally {
      if (held === undefined) source.close();
    }
  }

  private async versionsIn(log: Log, versions: Candidate[]): Promise<LogScan> {
    const key = this.options.history!;
    const scan = await scanLog(this.context, log, {
      onRows: (batch, firstLine, path) => {
        for (const row of candidates(batch, firstLine, path, log)) {
          if (row.key === key) versions.push(row);
        }
      },
      onState: (held, path) => {
        const at = held.members.find(Buffer.from(key));
        if (at < 0) return;
        const { offset, length } = held.members.at(at);
        const { line, time } = held;
        const op = opsOf(log.dialect)[held.op];
        const place = { path, line, offset: held.offset, length: held.length };
        versions.push({
          ...place,
          time: isoTime(time),
          op,
          key,
          bytes: length,
          valueOffset: offset,
          fromState: true,
        });
      },
    });
    scan.close();
    return scan;
  }

  private async give({ valueOffset, fromState: _, ...row }: Candidate): Promise<void> {
    const { values, raw } = this.options;
    if (!values && !raw) return this.emit(row);
    await this.reading(row.path, async (source) => {
      if (values && row.bytes > 0) row.value = await textOf(source, valueOffset, row.bytes);
      if (raw) row.raw = await textOf(source, row.offset, row.length);
    });
    return this.emit(row);
  }
}

/** Bytes of a file as text, invalid UTF-8 as every reader sees it. */
export async function textOf(source: SourceFile, offset: number, length: number): Promise<string> {
  const bytes = new Uint8Array(length);
  await source.read(bytes, offset);
  return Buffer.from(asUtf8(bytes)).toString('utf8');
}

function* candidates(
  batch: LineBatch,
  firstLine: number,
  path: string,
  log: Log,
): Generator<Candidate> {
  for (let row = 0; row < batch.count; row++) {
    const kind = batch.kind[row];
    if (kind === KIND.blank || kind === KIND.bad) continue;
    yield candidateAt(batch, row, { path, line: firstLine + row, log });
  }
}

/** Row `row` of a batch, an entry at `line` of `path`. */
export function candidateAt(
  batch: LineBatch,
  row: number,
  { path, line, log }: { path: string; line: number; log: Log },
): Candidate {
  const kind = batch.kind[row];
  const start = batch.keyStart[row];
  const keyed = kind === KIND.put || kind === KIND.delete;
  return {
    path,
    line,
    offset: batch.offset[row],
    length: batch.length[row],
    time: isoTime(batch.time[row]),
    op: opsOf(log.dialect)[batch.op[row]],
    key: keyed ? keyToString(batch.keys.slice(start, start + batch.keyLength[row])) : null,
    bytes: kind === KIND.delete ? 0 : batch.valueLength[row],
    valueOffset: batch.valueOffset[row],
  };
}

/** Which rows the options ask for. */
export function filterOf(options: EntriesOptions): (row: Candidate) => boolean {
  const { op, key, keyGlob, since, until, startLine = 1, endLine = Infinity } = options;
  const matches = keyGlob === undefined ? undefined : globMatcher(keyGlob);
  return (row) => {
    if (row.line < startLine || row.line > endLine) return false;
    if (op !== undefined && row.op.toUpperCase() !== op.toUpperCase()) return false;
    if (key !== undefined && row.key !== key) return false;
    if (matches !== undefined && (row.key === null || !matches(row.key))) return false;
    if (since === undefined && until === undefined) return true;
    const time = row.time === null ? NaN : Date.parse(row.time);
    return time >= (since ?? -Infinity) && time <= (until ?? Infinity);
  };
}

/** The carried tail of a compaction stands in the backup and in the log: each version once. */
function withoutCopies(versions: Candidate[]): Candidate[] {
  const seenIn = new Map<string, string>();
  return versions.filter((row) => {
    const name = `${row.time} ${row.op} ${row.bytes} ${row.length}`;
    const path = seenIn.get(name) ?? row.path;
    seenIn.set(name, path);
    return path === row.path || row.time === null;
  });
}
