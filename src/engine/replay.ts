/** replay: the state now, or at any earlier moment. */
import { checkBackups } from './checks/backups.js';
import { BufferedSink } from './bytes/buffered-sink.js';
import { asLines, asText } from './bytes/value-text.js';
import { decodedContext } from './decode/decoded-disk.js';
import type { Context, ReplayOptions, Sink } from './context.js';
import type { SourceFile } from './disk.js';
import { codeOf } from './damage/damage-findings.js';
import { EXIT, LogctlError, type ExitCode } from './errors.js';
import { globMatcher, isGlob } from './glob.js';
import { gatherValues, type Frame } from './keydir/gather.js';
import { jsonToKey, keyToJson, keyToString, stringToKey } from './keydir/key-bytes.js';
import { whileListed } from './listed-files.js';
import { openLog, probeDirectory, probeFile, type Log } from './log.js';
import { readMirror } from './checks/mirror.js';
import type { ReplayLogPart, ReplayPoint, ReplayReport } from './model.js';
import { findMoment, type Moment } from './moment.js';
import { recognise, requireKeys } from './recognise.js';
import { envelope, exitOf, nextFor, verdictOf } from './report.js';
import { scanLog, type LogScan } from './checks/scan-log.js';
import { documentedState, upstreamState, type ReadState } from './checks/upstream-state.js';
import { diffStates, type State } from './keydir/state-compare.js';
import { liveCount, liveOrder, stateHash } from './keydir/state-hash.js';
import { checkCut } from './checks/store-checks.js';
import { FINDINGS, type Finding } from './findings.js';
import { resolveTargets } from './targets.js';
import { isoTime } from './text.js';

/**
 * Writes the state to `sink`, keys in order, and gives the report. Nothing is written where the
 * exit code is 4. Takes exactly one log. Throws LogctlError.
 */
export async function replay(
  outside: Context,
  targets: string[],
  options: ReplayOptions,
  sink: Sink,
): Promise<ReplayReport> {
  const context = decodedContext(outside, options);
  const startedAt = context.now();
  const { logs } = await resolveTargets(context, targets, options);
  if (logs.length !== 1) {
    const names = logs.map(({ path }) => path).join(', ');
    throw new LogctlError('usage', `replay takes one log, not ${logs.length}`, `one of ${names}`);
  }
  if (!(await beginsWithNothing(context, logs[0]))) requireKeys(logs[0]);
  const { moment, scan } = await whileListed(context, logs[0], async (log) => {
    const found = await findMoment(context, log, options);
    return { moment: found, scan: await scanMoment(context, found, options) };
  });
  let state = documentedState(scan);
  try {
    if (scan.counter.firstKind !== undefined) requireKeys(logs[0]);
    await checkStart(context, scan, options);
    if (options.semantics === 'upstream') state = await upstreamState(context, scan, moment.until);
    sayRefusal(scan, state);
    const findings = scan.findings.inOrder();
    const exitCode = exitCodeOf(scan, state, options);
    const part = partOf(scan, state, moment, exitCode, options);
    if (exitCode !== EXIT.damaged) await produce(context, state, options, part, sink);
    const next = nextFor(findings, logs[0].path);
    const { path } = logs[0];
    const report = envelope(context, 'replay', startedAt, [part], {
      findings,
      next: path === '-' ? [] : next,
    });
    const askedTime = isoTime(options.at ?? NaN);
    return { ...report, report: 'replay', ...(askedTime === null ? {} : { askedTime }) };
  } finally {
    state.close();
    scan.close();
  }
}

/** No bytes, or zero bytes: where nothing follows the state is empty, whatever its keys are. */
async function beginsWithNothing(context: Context, { path, files, missing }: Log) {
  if (missing || path === '-' || files[0]?.path !== path) return false;
  const head = new Uint8Array(4_096);
  const file = context.disk.open(path);
  try {
    return head.subarray(0, await file.read(head, 0)).every((byte) => byte === 0);
  } finally {
    file.close();
  }
}

/** What the library says where it loads by rules of its own; the lines' findings say the rest. */
function sayRefusal({ log, findings }: LogScan, { refusal }: ReadState): void {
  if (refusal === undefined || log.dialect.upstream.load === undefined) return;
  const { message, path, line, offset } = refusal;
  findings.add('reader-refuses', path, message, { line, offset });
}

/** Reads the prefix; with `--on-error stop` only what stands before the first damage. */
async function scanMoment(context: Context, moment: Moment, options: ReplayOptions) {
  const scan = await scanLog(context, moment.log, { until: moment.until });
  const first = scan.damages.find((damage) => FINDINGS[codeOf(damage)].severity === 'error');
  if (options.onError !== 'stop' || first === undefined) return scan;
  scan.close();
  const before = await scanLog(context, moment.log, { until: first.offset });
  // What stopped the replay is told, though it lies behind what was read.
  const isFirst = ({ path, offset }: Finding) => path === first.path && offset === first.offset;
  for (const one of scan.findings.all.filter(isFirst)) before.findings.push(one);
  const { lastEntry, lastTime } = before.counter;
  const { path, line, offset } = first;
  moment.at = lastEntry === undefined ? null : pointOf(path, lastEntry, lastTime);
  moment.next = pointOf(path, { line, offset }, NaN);
  return before;
}

function pointOf(path: string, place: { line: number; offset: number }, time: number): ReplayPoint {
  return { path, line: place.line, offset: place.offset, time: isoTime(time) };
}

/** An empty log beside a backup is no empty state: the start is looked at before it is believed. */
async function checkStart(context: Context, scan: LogScan, options: ReplayOptions): Promise<void> {
  if (scan.log.path === '-') return;
  await checkCut(context, scan, () => checkBackups(context, scan.log, options), scan.findings);
}

function exitCodeOf(scan: LogScan, state: ReadState, options: ReplayOptions): ExitCode {
  const attention = scan.findings.all.some(({ severity }) => severity !== 'notice');
  const fallback = attention ? EXIT.attention : EXIT.ok;
  if (options.semantics === 'upstream') {
    return state.refusal === undefined ? fallback : EXIT.damaged;
  }
  return options.onError === 'skip' || options.onError === 'stop'
    ? fallback
    : exitOf(scan.findings.all);
}

function partOf(
  scan: LogScan,
  state: ReadState,
  moment: Moment,
  exitCode: ExitCode,
  options: ReplayOptions,
): ReplayLogPart {
  const { semantics = 'documented', expectHash } = options;
  const { log, bytes, lines } = scan;
  return {
    path: log.path,
    dialect: log.dialect.name,
    verdict: verdictOf(exitCode),
    exitCode,
    bytes,
    lines,
    semantics,
    at: moment.at,
    next: moment.next,
    keys: liveCount(state.keydir, state.semantics, state.lost),
    keysShown: 0,
    liveBytes: state.keydir.liveBytes,
    outputBytes: 0,
    stateHash: null,
    ...(expectHash === undefined ? {} : { expectedHash: expectHash }),
  };
}

/** Live keys of the asked-for semantics in order, without those its reader cannot hold. */
function orderOf({ keydir, semantics, lost }: ReadState) {
  return liveOrder(keydir.order(semantics), keydir, lost);
}

/** The keys to write: those a glob matches, all without one. */
function chosenOrder(state: ReadState, keyGlob: string | undefined): Uint32Array {
  if (keyGlob === undefined) return orderOf(state);
  const { keydir, semantics, lost } = state;
  if (!isGlob(keyGlob)) {
    // A string and a number may be spelled alike. Nearly always there is one: no need to go by all.
    const named = [stringToKey(keyGlob), jsonToKey(keyGlob)].map((key) => {
      return keydir.find(key, semantics);
    });
    const found = named.filter((index) => index >= 0);
    if (found.length < 2) return liveOrder(Uint32Array.from(found), keydir, lost);
  }
  const matches = globMatcher(keyGlob);
  return orderOf(state).filter((index) => matches(keyToString(keydir.key(index))));
}

async function produce(
  context: Context,
  state: ReadState,
  options: ReplayOptions,
  part: ReplayLogPart,
  sink: Sink,
): Promise<void> {
  const { expectHash, diff } = options;
  const { keydir, semantics, lost } = state;
  const sources = state.sources.map((source) => interruptible(context, source));
  if (options.hash === true || expectHash !== undefined || options.quiet === true) {
    part.stateHash = await stateHash(keydir, sources, semantics, lost);
    if (expectHash !== undefined && part.stateHash !== expectHash.toLowerCase()) differs(part);
  }
  if (diff !== undefined) {
    part.diff = await diffWith(context, { keydir, sources }, diff, options);
    const { added, removed, changed } = part.diff;
    if (added.length + removed.length + changed.length > 0) differs(part);
  } else if (options.quiet !== true) {
    await writeState(state, sources, options, part, sink);
  }
}

/** The same file, whose reads hear Ctrl-C: to hash or to write a large state takes its time. */
function interruptible({ checkpoint }: Context, source: SourceFile): SourceFile {
  return {
    path: source.path,
    stat: () => source.stat(),
    close: () => source.close(),
    read(target, position) {
      const pause = checkpoint?.();
      if (pause === undefined) return source.read(target, position);
      return pause.then(() => source.read(target, position));
    },
  };
}

function differs(part: ReplayLogPart): void {
  part.exitCode = EXIT.attention;
  part.verdict = verdictOf(part.exitCode);
}

async function writeState(
  state: ReadState,
  sources: readonly SourceFile[],
  options: ReplayOptions,
  part: ReplayLogPart,
  sink: Sink,
): Promise<void> {
  const { keydir } = state;
  const order = chosenOrder(state, options.keyGlob);
  const isLines = options.format === 'jsonl';
  const output = new BufferedSink(sink);
  const give = async (bytes: Uint8Array) => {
    part.outputBytes += bytes.length;
    // Copied by parts: who takes the output may hold it longer than these bytes are there.
    for (let at = 0; at < bytes.length; at += outputPartBytes) {
      await output.write(bytes.subarray(at, at + outputPartBytes));
    }
  };
  part.keysShown = order.length;
  if (!isLines) await give(Buffer.from(order.length === 0 ? '{' : '{\n'));
  await gatherValues({ keydir, sources }, order, isLines ? lineFrame() : memberFrame(), give);
  if (!isLines) await give(Buffer.from(order.length === 0 ? '}\n' : '\n}\n'));
  await output.flush();
}

/** At most what a BufferedSink copies. */
const outputPartBytes = 1 << 18;

/** One JSON object a key. */
const lineFrame = (): Frame => ({
  ...{ between: '', open: '{"key":', keyText: keyToJson, colon: ',"value":', behind: '}\n' },
  as: asLines(),
});

/** The members of one object, a line each. */
const memberFrame = (): Frame => ({
  ...{ between: ',\n', open: '', colon: ':', behind: '' },
  keyText: (key) => JSON.stringify(keyToString(key)),
  as: asText(),
});

/** Compares with another log, or with a state file (one JSON object). */
async function diffWith(context: Context, state: State, path: string, options: ReplayOptions) {
  const other = await openState(context, path, options);
  try {
    const { changed, onlyFirst, onlySecond } = await diffStates(state, other);
    return { against: path, added: onlyFirst, removed: onlySecond, changed };
  } finally {
    for (const source of other.sources) source.close();
  }
}

async function openState(context: Context, path: string, options: ReplayOptions) {
  const probe = probeDirectory(context, path) ?? (await probeFile(context, path));
  const dialect = recognise(probe);
  // Lines of JSON are a state only where their keys are named; else the file is a state as it is.
  if (dialect !== undefined && (dialect.isFallback !== true || options.keyAt !== undefined)) {
    const log: Log = await openLog(context, path, options);
    const { keydir, sources } = await scanLog(context, log);
    return { keydir, sources };
  }
  const { keydir, source, errorAt } = await readMirror(context, path);
  if (errorAt === undefined) return { keydir, sources: [source] };
  source.close();
  throw new LogctlError('not-a-log', `${path}: neither a log nor a state`, 'name one of them');
}
