/** entry-text: changes as the lines our writer appends; the formats say how, this says what. */
import { crc32 } from 'node:zlib';

/** One change of a state. Values are JSON text on one line, as `jsonText` makes it. */
export type Change =
  | { do: 'put'; key: string; value: string }
  | { do: 'delete'; key: string }
  /** The whole state becomes these members, in this order. */
  | { do: 'replace'; members: readonly (readonly [key: string, value: string])[] };

/** An entry whose members its program chose: JSON text without braces, time and stamp left out. */
export interface GivenEntry {
  do: 'given';
  members: string;
  /** Its own time as JSON text; absent: the time at which it is written. */
  timestamp?: string;
}

/** What a writer can be told to append. */
export type Written = Change | GivenEntry;

/** What an entry carries besides its change. */
export interface EntryStamp {
  /** Milliseconds since 1970 UTC. */
  now: number;
  /** Its number in the log; the highest so far plus one. */
  seq: number;
  /** Entries that count together or not at all: the number of the first, and how many. */
  batch?: { first: number; of: number };
  /** Version of the values, where the program gave one. */
  version?: number;
}

/** What a checkpoint carries besides its members. */
export interface CheckpointStamp {
  /** Milliseconds since 1970 UTC. */
  now: number;
  version?: number;
  /** Bytes of its backup that it stands for; absent where it stands for none. */
  folded?: number;
  /** The highest number among the entries folded; absent where none had one. */
  seq?: number;
  /** For readers that merge whole-state entries: those that replace see the next line instead. */
  upstreamOnly?: boolean;
}

/** How a format's entries are written. */
export interface EntryWriting {
  /** One entry as a line, without newline. */
  entry(written: Written, stamp: EntryStamp): string;
  /** Members as a program made them. Throws LogctlError `refused` where they are no entry. */
  given(members: Readonly<Record<string, unknown>>): GivenEntry;
  /** A checkpoint's text around its members; the crc and the last brace come behind it. */
  checkpoint(stamp: CheckpointStamp): { before: string; behind: string };
  /** Keys that no entry of their own can set. */
  readonly unwritableKeys: readonly string[];
  /** Reads the end of a line of ours (its last 200 bytes); undefined when it carries no number. */
  readStamp(end: string): ReadStamp | undefined;
  /** Reads the end of a checkpoint: the bytes of the log before it that it stands for. */
  readFolded(end: string): number | undefined;
  /** Reads there when the checkpoint was written: milliseconds since 1970 UTC, NaN without. */
  readCompactedAt(end: string): number;
}

/** What a line's end shows of its stamp; `seq` is 0 in a checkpoint that stands for none. */
export type ReadStamp = Pick<EntryStamp, 'seq' | 'batch' | 'version'>;

/** Ends an entry whose text lacks its last brace with the checksum of what stands before. */
export function withCrc(open: string): string {
  return `${open},"crc":"${crcDigits(crc32(open))}"}`;
}

/** A checksum as it stands in a line. */
export const crcDigits = (sum: number): string => sum.toString(16).padStart(8, '0');

/** A JSON string that every line reader frames right. */
export const writtenString = (text: string): string => framed(JSON.stringify(text));

/** JSON text with NEL, LS and PS escaped: some readers take them for line ends. */
export function framed(json: string): string {
  if (!/[\u0085\u2028\u2029]/.test(json)) return json;
  return json.replace(/[\u0085\u2028\u2029]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
