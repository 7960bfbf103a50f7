/** progressive-writing: the game bot's append log as we write it. Sources: progressive.md. */
import {
  framed,
  withCrc,
  writtenString,
  type CheckpointStamp,
  type EntryStamp,
  type GivenEntry,
  type Written,
} from '../../writer/entry-text.js';
import { LogctlError } from '../../errors.js';
import type { Dialect } from '../dialect.js';

/** The writing side of the dialect. */
export const progressiveWriting: Pick<Dialect, 'recoveredNote' | 'putEntry' | 'writes'> = {
  recoveredNote({ from, to, receipt, now }) {
    const head = `{"timestamp":"${new Date(now).toISOString()}","op":"RECOVERED","seq":${to}`;
    return withCrc(`${head},"lost":[[${from},${to}]],"receipt":${JSON.stringify(receipt)}`);
  },
  putEntry({ key, value, now }) {
    const time = new Date(now).toISOString();
    const body = bodyOf({ do: 'put', key, value: framed(value) });
    return `{"timestamp":"${time}",${body}}`;
  },
  writes: {
    entry: entryText,
    given,
    checkpoint: checkpointText,
    // A SET whose key is "" counts as one without a key, for every reader of the format.
    unwritableKeys: [''],
    readStamp,
    readFolded: (end) => Number(foldedAtEnd.exec(end)?.[2] ?? NaN) || undefined,
    readCompactedAt: (end) => Date.parse(foldedAtEnd.exec(end)?.[1] ?? ''),
  },
};

/** Members in the order in which readers look for them; all behind the value are extra ones. */
function entryText(written: Written, { now, seq, batch, version }: EntryStamp): string {
  const marks =
    (version === undefined ? '' : `,"version":${version}`) +
    (batch === undefined ? '' : `,"batch":${batch.first},"of":${batch.of}`);
  const own = written.do === 'given' ? written.timestamp : undefined;
  const time = own ?? `"${new Date(now).toISOString()}"`;
  return withCrc(`{"timestamp":${time},${bodyOf(written)}${marks},"seq":${seq}`);
}

/** What the writer's stamp says, so that an entry copied from another log gets a new one. */
const stampMembers = new Set(['timestamp', 'seq', 'crc', 'batch', 'of']);

/** As append-log.js appendLogEntry has it: the members of the entry, its own time before ours. */
function given(members: Readonly<Record<string, unknown>>): GivenEntry {
  if (typeof members.op !== 'string') {
    const hint = 'SET, DELETE and CHECKPOINT are replayed, others are kept and ignored';
    throw new LogctlError('refused', 'an entry needs an op, and it is a string', hint);
  }
  const time = JSON.stringify(members.timestamp) as string | undefined;
  const own = Object.entries(members).filter(([name]) => !stampMembers.has(name));
  return {
    do: 'given',
    members: framed(JSON.stringify(Object.fromEntries(own))).slice(1, -1),
    ...(time === undefined ? {} : { timestamp: framed(time) }),
  };
}

function checkpointText({ now, version, folded, seq, upstreamOnly }: CheckpointStamp) {
  const marks =
    (upstreamOnly === true ? ',"upstreamOnly":true' : '') +
    (folded === undefined ? '' : `,"folded":${folded}`) +
    (version === undefined ? '' : `,"version":${version}`) +
    (seq === undefined ? '' : `,"seq":${seq}`);
  const behind = `},"compactedAt":"${new Date(now).toISOString()}"${marks}`;
  return { before: '{"op":"CHECKPOINT","state":{', behind };
}

function bodyOf(change: Written): string {
  switch (change.do) {
    case 'put':
      return `"op":"SET","key":${writtenString(change.key)},"value":${change.value}`;
    case 'delete':
      return `"op":"DELETE","key":${writtenString(change.key)}`;
    case 'replace': {
      const members = change.members.map(([key, value]) => `${writtenString(key)}:${value}`);
      return `"op":"SET","data":{${members.join(',')}}`;
    }
    case 'given':
      return change.members;
  }
}

const foldedAtEnd =
  /,"compactedAt":"([^"]*)"(?:,"upstreamOnly":true)?,"folded":(\d+)(?:,"\w+":(?:\d+|"\w*"))*\}$/;

const stampAtEnd =
  /(?:,"version":(\d+))?(?:,"batch":(\d+),"of":(\d+))?(?:,"seq":(\d+))?,"crc":"[0-9a-f]{8}"\}$/;

function readStamp(end: string) {
  const found = stampAtEnd.exec(end);
  if (found === null) return undefined;
  const [, version, first, of, seq] = found;
  return {
    seq: Number(seq ?? 0),
    ...(first === undefined ? {} : { batch: { first: Number(first), of: Number(of) } }),
    ...(version === undefined ? {} : { version: Number(version) }),
  };
}
