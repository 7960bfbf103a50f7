/** earlier-evidence: what earlier runs put aside beside a log, named in the plan, never applied. */
import { join } from 'node:path';
import { readSmallPlain, type DiskReader } from '../disk.js';
import { siblingsOf } from '../siblings.js';
import { plural } from '../text.js';

/** A larger quarantine file is named without a look into it. */
const readBytesMax = 1 << 20;

/**
 * One note per quarantine file, oldest first. Its pieces went by a decision of that run, and
 * `--undo` of its receipt brings them back: a later plan only says that they are there.
 */
export function earlierEvidence(disk: DiskReader, path: string): string[] {
  const { directory, name } = siblingsOf(path);
  const isQuarantine = (entry: string) =>
    entry.startsWith(`${name}.quarantine.`) && /\.quarantine\.\d+\.jsonl$/.test(entry);
  return (disk.list(directory) ?? []).filter(isQuarantine).map((entry) => {
    const text = readSmallPlain(disk, join(directory, entry), readBytesMax);
    if (text === undefined) return `${entry} holds what an earlier run put aside`;
    const lines = text.split('\n').filter((line) => line !== '');
    if (!lines.every(isRecord)) return `${entry} of an earlier run cannot be read whole`;
    const pieces = plural(lines.length, 'piece');
    return `${entry} holds ${pieces} that an earlier run put aside`;
  });
}

function isRecord(line: string): boolean {
  try {
    const record = JSON.parse(line) as Record<string, unknown> | null;
    return typeof record?.offset === 'number' && typeof record.length === 'number';
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
