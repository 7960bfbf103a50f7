/** logctl replay: the state now, or at any earlier moment. */
import { Option, type Command } from 'commander';
import { EXIT, LogctlError, replay } from '../../engine/reading.js';
import type { ReplayOptions, ReplayReport, Sink } from '../../engine/index.js';
import { safeJson } from '../escape.js';
import type { Io } from '../io.js';
import type { Session } from '../session.js';
import { parseGlob, parseHash, wholeNumber } from '../values.js';
import type { Outcome } from './command.js';
import { addTargets, timeOption } from './targets.js';

interface ReplayFlags {
  format: 'json' | 'jsonl';
  output?: string;
  force?: boolean;
  key?: string;
  at?: number;
  line?: number;
  offset?: number;
  onError: 'fail' | 'stop' | 'skip';
  semantics: 'documented' | 'upstream';
  hash?: boolean;
  expectHash?: string;
  diff?: string;
}

export function define(command: Command, io: Io): void {
  const choice = (flags: string, description: string, [first, ...others]: string[]) =>
    new Option(flags, description).choices([first, ...others]).default(first);
  addTargets(command)
    .hook('preAction', () => refuseContradictions(command.opts()))
    .addOption(choice('--format <format>', 'of the state', ['json', 'jsonl']))
    .option('-o, --output <file>', 'write the state there, and the report to stdout')
    .option('--force', 'overwrite the file of -o')
    .addOption(new Option('--key <glob>', 'only these keys').argParser(parseGlob))
    .addOption(
      timeOption('--at <time>', 'the state then: a time, or an age like 2h', io).conflicts([
        'line',
        'offset',
      ]),
    )
    .addOption(
      new Option('--line <n>', 'the state after this line')
        .argParser(wholeNumber(1))
        .conflicts('offset'),
    )
    .option('--offset <bytes>', 'the state after the line that holds it', wholeNumber(0))
    .addOption(choice('--on-error <how>', 'what damage does', ['fail', 'stop', 'skip']))
    .addOption(
      choice('--semantics <whose>', "the documents' state, or the one the format's library loads", [
        'documented',
        'upstream',
      ]),
    )
    .option('--hash', 'report the state hash')
    .option('--expect-hash <hash>', 'exit 3 when the state has another hash', parseHash)
    .addOption(
      new Option('--diff <file>', 'compare with this log or state instead of printing').conflicts(
        'output',
      ),
    );
}

export async function run(session: Session, command: Command): Promise<Outcome> {
  const flags = command.opts<ReplayFlags>();
  const { output, force = false } = flags;
  if (output !== undefined) {
    return { report: await replayToFile(session, command, { output, force }), stream: 'out' };
  }
  const silent = session.json || flags.diff !== undefined;
  const options = { ...replayOptions(session, flags), quiet: silent };
  const report = await replay(session.context, command.args, options, stateSink(session));
  return { report, stream: silent ? 'out' : 'err' };
}

function refuseContradictions({ force, output }: ReplayFlags): void {
  if (!force || output !== undefined) return;
  throw new LogctlError('usage', '--force is about the file of -o: add -o', '');
}

function replayOptions(session: Session, flags: ReplayFlags): ReplayOptions {
  const { format, at, line, offset, onError, semantics, expectHash, diff } = flags;
  return {
    ...session.where,
    format,
    keyGlob: flags.key,
    at,
    line,
    offset,
    onError,
    semantics,
    // The report alone is asked for its facts, and the hash is the chief one.
    hash: flags.hash === true || session.json,
    expectHash,
    diff,
  };
}

/** Thrown to make writeOutput take its temporary file away. */
class NothingToKeep extends Error {}

async function replayToFile(
  session: Session,
  command: Command,
  { output, force }: { output: string; force: boolean },
): Promise<ReplayReport> {
  const { modeOfValues, refuseLogAsOutput, writeOutput } = await import('../../engine/index.js');
  const options = replayOptions(session, command.opts<ReplayFlags>());
  let report: ReplayReport | undefined;
  const body = async (sink: Sink) => {
    report = await replay(session.context, command.args, options, sink);
    if (!hasState(report)) throw new NothingToKeep();
    const logs = report.logs.map(({ path }) => path);
    await refuseLogAsOutput(session.context, output, logs);
  };
  const mode = () => {
    const { path, dialect } = report!.logs[0];
    return modeOfValues(session.context, path, dialect);
  };
  try {
    const random = session.io.random();
    const world = { ...session.context, disk: session.disk };
    await writeOutput(world, output, { force, random, mode }, body);
  } catch (error) {
    if (!(error instanceof NothingToKeep)) throw error;
    return report!;
  }
  const logs = report!.logs.map((log) => ({ ...log, output }));
  return { ...report!, logs };
}

const hasState = ({ exitCode }: ReplayReport) =>
  exitCode === EXIT.ok || exitCode === EXIT.attention;

/** Bytes as they are, except on a terminal, which must not see controls that hide in strings. */
function stateSink({ io: { out }, progress }: Session): Sink {
  if (!out.isTTY) return (bytes) => out.write(bytes);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return (bytes) => {
    progress.stop();
    return out.write(safeJson(decoder.decode(bytes, { stream: true })));
  };
}
