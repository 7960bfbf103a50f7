/** upstream-state: the state of a log as the format's own library would load it. */
import type { Context } from '../context.js';
import { refusesReader } from '../damage/damage-findings.js';
import type { UpstreamLoad } from '../dialects/dialect.js';
import type { Semantics } from '../keydir/keydir.js';
import type { State } from '../keydir/state-compare.js';
import type { LogScan } from './scan-log.js';

/** One of the two states of a log, ready to be written or hashed. */
export interface ReadState extends State {
  semantics: Semantics;
  /** Keys its reader cannot hold. */
  lost: readonly string[];
  /** Why its reader would not load the log; undefined: it loads. */
  refusal?: UpstreamLoad['refusal'];
  /** Closes what was opened for this state alone; the scan's files stay open. */
  close(): void;
}

/** The state every whole entry counts in. */
export function documentedState({ keydir, sources }: LogScan): ReadState {
  return { keydir, sources, semantics: 'documented', lost: [], close: () => undefined };
}

/** The state the format's own library would load. `until`: bytes of the last file that count. */
export async function upstreamState(
  context: Context,
  scan: LogScan,
  until?: number,
): Promise<ReadState> {
  const { upstream } = scan.log.dialect;
  if (upstream.load === undefined) return ruledState(scan);
  const { keydir, sources, refusal } = await upstream.load(context, scan.log, until);
  const close = () => sources.forEach((source) => source.close());
  return { keydir, sources, semantics: 'documented', lost: [], refusal, close };
}

/** Where the rules of the dialect say all: the scan holds that state too. */
function ruledState(scan: LogScan): ReadState {
  const { losesKeys, refusesBadLines } = scan.log.dialect.upstream;
  const damage = refusesBadLines ? scan.damages.find(refusesReader) : undefined;
  const { path, line, offset } = damage ?? {};
  return {
    ...documentedState(scan),
    ...{ semantics: 'upstream', lost: losesKeys },
    refusal: path === undefined ? undefined : { message: 'not JSON', path, line, offset },
  };
}
