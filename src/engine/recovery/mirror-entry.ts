/**
 * mirror-entry: an entry made of a value of the main JSON file. A plan says where the value lies,
 * never what it is: reports, saved plans and receipts hold no values. It is made when it is read.
 */
import { createHash } from 'node:crypto';
import { withoutSpacing } from '../checks/json-equal.js';
import type { Mirror } from '../checks/mirror.js';
import type { Dialect } from '../dialects/dialect.js';
import type { SourceFile } from '../disk.js';
import { LogctlError } from '../errors.js';
import { stringToKey } from '../keydir/key-bytes.js';
import type { PlanPart } from './plan.js';

/** The part of a plan that becomes such an entry. */
export type EntryPart = Extract<PlanPart, { part: 'entry' }>;

/**
 * Plans the entry that sets `key` to the mirror's value. `time`: of the entry, ms since 1970 UTC.
 * Undefined where the mirror lacks the key, and where the format has no such entries.
 */
export async function planEntry(
  dialect: Pick<Dialect, 'putEntry'>,
  { source, keydir }: Mirror,
  { key, time, why }: { key: string; time: number; why: string },
): Promise<EntryPart | undefined> {
  const index = keydir.find(stringToKey(key));
  if (index < 0) return undefined;
  const { offset, length } = keydir.at(index);
  const from = { path: source.path, offset, length };
  const text = await textOf(dialect, source, { key, time, from });
  if (text === undefined) return undefined;
  return { part: 'entry', key, time, from, length: text.length, sha256: sha256Of(text), why };
}

/** The entry's bytes, newline included. Throws LogctlError `changed` where they are other ones. */
export async function entryBytes(
  dialect: Pick<Dialect, 'putEntry'>,
  source: SourceFile,
  part: EntryPart,
): Promise<Buffer> {
  const text = await textOf(dialect, source, part);
  if (text !== undefined && sha256Of(text) === part.sha256) return text;
  const { path } = part.from;
  const hint = 'nothing was changed: plan again';
  throw new LogctlError('changed', `${path} changed since the plan`, hint, { path });
}

async function textOf(
  { putEntry }: Pick<Dialect, 'putEntry'>,
  source: SourceFile,
  { key, time, from }: Pick<EntryPart, 'key' | 'time' | 'from'>,
): Promise<Buffer | undefined> {
  const bytes = new Uint8Array(from.length);
  const length = await source.read(bytes, from.offset);
  const value = Buffer.from(withoutSpacing(bytes.subarray(0, length))).toString('utf8');
  const text = putEntry?.({ key, value, now: time });
  return text === undefined ? undefined : Buffer.from(`${text}\n`);
}

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
