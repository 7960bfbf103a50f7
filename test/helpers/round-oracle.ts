/**
 * What must hold after a recovery, judged from the bytes alone.
 *
 * Nothing of the engine's own judgement is used: whole entries are known by their text, and the
 * new file is put together anew from the plan's ranges. Each check gives what is wrong in words.
 */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { RecoverOptions } from '../../src/engine/context.js';
import type { LogPlan, PlanPart } from '../../src/engine/recovery/plan.js';
import type { RoundScene } from './round-scenes.js';

/** Files by their paths. */
export type Files = Readonly<Record<string, Buffer>>;

/** A round as it is played: what is there, what the operator says, and who judges the end. */
export interface RoundPlay {
  /** The log or store, as the operator names it. */
  path: string;
  files: Files;
  /** Directories besides those of the files. */
  directories: readonly string[];
  options: RecoverOptions;
  what: string;
  /** What is wrong with a recovery that was carried out. */
  judge(plan: LogPlan, after: Files): string[];
  /** Must undo bring this file back as it was? */
  undone(path: string): boolean;
}

/** What is wrong with a recovery that was carried out. */
export function faultsOf(scene: RoundScene, plan: LogPlan, after: Files): string[] {
  const { path } = scene.format;
  const before = scene.files[path] ?? Buffer.alloc(0);
  const result = after[path];
  if (result === undefined) return ['the log is gone'];
  return [
    ...partition(plan, before),
    ...(assembled(plan, scene.files).equals(result) ? [] : ['the new file is not the planned one']),
    ...invented(scene, result, plan.parts),
    ...quarantine(plan, scene.files, after),
    ...kept(scene, plan, before, result),
    ...counted(scene, plan, before, result),
    ...untouched(scene, plan, after),
    ...states(scene, plan, after),
  ];
}

/** The planned file, from the files as they were. */
export function assembled({ parts }: LogPlan, files: Files): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (part.part === 'text') return Buffer.from(part.text);
      if (part.part === 'entry') return Buffer.from(entryText(part, files));
      const { path, offset, length } = part;
      return plain(files, path).subarray(offset, offset + length);
    }),
  );
}

/** The line that a part of the main JSON file becomes. */
function entryText({ key, time, from }: EntryPart, files: Files): string {
  const { path, offset, length } = from;
  const value: unknown = JSON.parse(
    plain(files, path)
      .subarray(offset, offset + length)
      .toString(),
  );
  const members = { timestamp: new Date(time).toISOString(), op: 'SET', key, value };
  return `${JSON.stringify(members)}\n`;
}

type EntryPart = Extract<PlanPart, { part: 'entry' }>;

function plain(files: Files, path: string): Buffer {
  const bytes = files[path] ?? Buffer.alloc(0);
  return path.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}

/** Kept and quarantined ranges of the log cover each of its bytes once. */
function partition(plan: LogPlan, before: Buffer): string[] {
  const times = new Uint8Array(before.length);
  const cover = ({ offset, length }: { offset: number; length: number }) => {
    for (let at = offset; at < offset + length; at++) times[at]++;
  };
  for (const part of plan.parts) {
    if (part.part === 'range' && part.path === plan.path && part.mends !== true) cover(part);
  }
  for (const record of plan.quarantine) if (record.path === plan.path) cover(record);
  const wrong = times.findIndex((count) => count !== 1);
  return wrong < 0 ? [] : [`byte ${wrong} is kept or in quarantine ${times[wrong]} times`];
}

/** Each line comes from a file that was there, or is one that a recovery may write. */
function invented(scene: RoundScene, result: Buffer, parts: readonly PlanPart[]): string[] {
  const sources = Object.keys(scene.files).map((path) => readable(scene, path));
  const mirror = scene.format.mirror && scene.files[scene.format.mirror]?.toString();
  const given = new Set(
    parts.flatMap((part) => {
      if (part.part === 'text') return [part.text];
      return part.part === 'entry' ? [entryText(part, scene.files)] : [];
    }),
  );
  const wrong: string[] = [];
  for (const line of linesOf(result)) {
    if (sources.some((source) => source.includes(line))) continue;
    if (line.includes(Buffer.from('"op":"RECOVERED"'))) continue;
    const text = line.toString('utf8');
    if (text.includes('\ufffd') || /\\u2028|\\u2029|\\u0085/i.test(text)) continue;
    const isGiven = given.has(`${text}\n`) && mirror !== undefined && isOfMirror(text, mirror);
    if (!isGiven) wrong.push(`no file had the line ${text.slice(0, 200)}`);
  }
  return wrong;
}

function readable({ files }: RoundScene, path: string): Buffer {
  try {
    return plain(files, path);
  } catch {
    return Buffer.alloc(0);
  }
}

/** An entry that sets a key to the value that the main JSON file has, torn or not. */
function isOfMirror(line: string, mirror: string): boolean {
  const member = /"key":(.*),"value":(.*)\}$/.exec(line);
  if (member === null) return false;
  const bare = (text: string) => text.replace(/\s/g, '');
  return bare(mirror).includes(bare(`${member[1]}:${member[2]}`));
}

/** The quarantine file holds what the plan says goes, byte for byte. */
function quarantine(plan: LogPlan, files: Files, after: Files): string[] {
  const name = Object.keys(after).find((path) => path.includes(`.quarantine.${plan.stamp}.`));
  if (plan.quarantine.length === 0) return name === undefined ? [] : ['a quarantine of nothing'];
  if (name === undefined) return ['the quarantine file is missing'];
  const records = linesOf(after[name]).map((line) => JSON.parse(line.toString()) as Kept);
  const wanted = plan.quarantine.map(({ path, offset, length }) => ({
    source: basename(path),
    offset,
    base64: plain(files, path).toString('base64', offset, offset + length),
  }));
  const found = records.map(({ source, offset, base64 }) => ({ source, offset, base64 }));
  return JSON.stringify(found) === JSON.stringify(wanted) ? [] : ['the quarantine has other bytes'];
}

interface Kept {
  source: string;
  offset: number;
  base64: string;
}

/** Whole lines of the log are in the new one, in order; those of a broken batch may go. */
function kept(scene: RoundScene, plan: LogPlan, before: Buffer, result: Buffer): string[] {
  // Policy prefix ends a log at its first damage, on purpose.
  const gone = plan.quarantine.filter(({ path }) => path === plan.path).map((one) => one.offset);
  const end = plan.policy === 'prefix' ? Math.min(before.length, ...gone) : before.length;
  const wanted = wholeLines(scene, before.subarray(0, end)).filter((line) => {
    return !isBatched(scene, line);
  });
  const found = wholeLines(scene, result);
  let at = 0;
  for (const line of wanted) {
    const next = found.indexOf(line, at);
    if (next < 0) return [`a whole line is gone or out of order: ${line.slice(0, 120)}`];
    at = next + 1;
  }
  return [];
}

/**
 * Whole entries that go are counted: those on lines of their own, and those that were glued. Of a
 * batch that was never whole in this file nothing was acknowledged.
 */
function counted(scene: RoundScene, plan: LogPlan, before: Buffer, result: Buffer): string[] {
  const left = tally(scene, result);
  const there = tally(scene, before);
  const broken = scene.batches.filter((batch) => batch.some((entry) => !there.has(entry)));
  for (const entry of broken.flat()) there.delete(entry);
  let lost = 0;
  for (const [entry, count] of there) {
    lost += Math.max(0, count - (left.get(entry) ?? 0));
  }
  if (lost > plan.entriesLost)
    return [`${lost} whole entries went, the plan says ${plan.entriesLost}`];
  const { budget, entriesLost } = plan;
  return entriesLost <= budget ? [] : [`${entriesLost} entries went, ${budget} may`];
}

const isBatched = ({ batches }: RoundScene, line: string) =>
  batches.some((batch) => batch.includes(line));

/** How often each entry is there, whatever it is glued to. */
function tally({ entries }: RoundScene, bytes: Buffer): Map<string, number> {
  const text = bytes.toString('utf8');
  const counts = new Map<string, number>();
  for (const entry of entries) {
    let count = 0;
    for (let at = text.indexOf(entry); at >= 0; at = text.indexOf(entry, at + entry.length))
      count++;
    if (count > 0) counts.set(entry, count);
  }
  return counts;
}

/** Other files are as they were; the main JSON file where it is not to be written. */
function untouched({ files, format }: RoundScene, plan: LogPlan, after: Files): string[] {
  const writes = plan.mirror !== undefined && plan.mirror.action !== 'none';
  return Object.entries(files).flatMap(([path, bytes]) => {
    if (path === format.path || (path === format.mirror && writes)) return [];
    return after[path]?.equals(bytes) === true ? [] : [`${path} was changed`];
  });
}

/** The planned state, and the main JSON file, are what the lines say, where all are ours. */
function states(scene: RoundScene, plan: LogPlan, after: Files): string[] {
  const { fold, path, mirror } = scene.format;
  const lines = linesOf(after[path]).map((line) => line.toString('utf8'));
  const isOurs = lines.every((line) => scene.entries.has(line) && !isBatched(scene, line));
  if (fold === undefined || !isOurs) return [];
  const state = new Map<string, string>();
  for (const line of lines) fold(state, line);
  const wrong = hashOf(state) === plan.state.hashAfter ? [] : ['the planned state is another one'];
  if (plan.mirror === undefined || plan.mirror.action === 'none') return wrong;
  const members = Object.entries(JSON.parse(after[mirror!].toString()) as Record<string, unknown>);
  const shown = new Map(members.map(([key, value]) => [key, JSON.stringify(value)]));
  return hashOf(shown) === hashOf(state) ? wrong : [...wrong, 'the main file shows another state'];
}

function hashOf(state: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256');
  const compare = (a: string, b: string) => (a < b ? -1 : 1);
  for (const key of [...state.keys()].sort(compare)) {
    hash.update(`${JSON.stringify(key)}:${state.get(key)}\n`);
  }
  return hash.digest('hex');
}

/** Lines that are not empty, without line ends and without the mark that may begin a file. */
function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; from < bytes.length;) {
    const found = bytes.indexOf(0x0a, from);
    const end = found < 0 ? bytes.length : found;
    const line = bytes.subarray(from, bytes[end - 1] === 0x0d ? end - 1 : end);
    const isMarked = from === 0 && line.subarray(0, 3).equals(mark);
    const own = isMarked ? line.subarray(3) : line;
    if (own.length > 0) lines.push(own);
    from = end + 1;
  }
  return lines;
}

const mark = Buffer.from('\ufeff');

function wholeLines({ entries }: RoundScene, bytes: Buffer): string[] {
  return linesOf(bytes)
    .map((line) => line.toString('utf8'))
    .filter((line) => entries.has(line));
}
