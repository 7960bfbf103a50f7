/** What a line of the bot's log is, by JSON.parse and the format's rules alone: an oracle. */
import { isUtf8 } from 'node:buffer';

/** A line as a reader that parses it sees it. Keys are JavaScript strings. */
export type Judged =
  | { is: 'blank' | 'bad' | 'meta' }
  | { is: 'put'; key: string; value: unknown }
  | { is: 'delete'; key: string }
  | { is: 'state'; members: [string, unknown][] };

/** Judges one line, newline excluded. `isFirst`: a byte order mark may stand before it. */
export function judgeLine(line: Uint8Array, isFirst = false): Judged {
  if (line.length === 0) return { is: 'blank' };
  const text = Buffer.from(line).toString('utf8');
  let entry: unknown;
  try {
    entry = JSON.parse(isFirst ? text.replace(/^\ufeff/, '') : text);
  } catch {
    return { is: 'bad' };
  }
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return { is: 'bad' };
  return judgeEntry(entry as Record<string, unknown>);
}

function judgeEntry(entry: Record<string, unknown>): Judged {
  const { op, key } = entry;
  if (typeof op !== 'string') return { is: 'bad' };
  if (op === 'CHECKPOINT') return judgeState(entry.state);
  if (op !== 'SET' && op !== 'DELETE') return { is: 'meta' };
  if (op === 'SET' && !key) return judgeState(entry.data);
  const name = propertyName(key);
  if (name === undefined) return { is: 'bad' };
  // A SET without a value puts `undefined`, which no file can hold.
  if (op === 'DELETE' || !Object.hasOwn(entry, 'value')) return { is: 'delete', key: name };
  return { is: 'put', key: name, value: entry.value };
}

/** Object.assign spreads objects, arrays and strings, and ignores everything else. */
function judgeState(members: unknown): Judged {
  const spreads = typeof members === 'string' ? members !== '' : typeof members === 'object';
  if (!spreads || members === null) return { is: 'meta' };
  return { is: 'state', members: Object.entries(members as object) };
}

/** `state[key]` as JavaScript names it; undefined where that throws. */
function propertyName(key: unknown): string | undefined {
  try {
    return String(key);
  } catch {
    return undefined;
  }
}

/** The lines of a file, cut at each line feed; the last one only if it has bytes. */
export function linesOf(file: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let from = 0; from < file.length;) {
    const at = file.indexOf(0x0a, from);
    const to = at < 0 ? file.length : at;
    lines.push(file.subarray(from, to));
    from = to + 1;
  }
  return lines;
}

/** True where every line is an entry in valid UTF-8, or blank, and has its newline. */
export function isCleanLog(file: Uint8Array): boolean {
  if (file.length > 0 && file[file.length - 1] !== 0x0a) return false;
  return isUtf8(file) && linesOf(file).every((line, i) => judgeLine(line, i === 0).is !== 'bad');
}

/** The documented and the upstream state after these lines, values as JSON.parse gives them. */
export function statesOf(lines: readonly Uint8Array[]) {
  let documented = new Map<string, unknown>();
  const upstream = new Map<string, unknown>();
  lines.forEach((line, i) => {
    const judged = judgeLine(line, i === 0);
    if (judged.is === 'put') {
      documented.set(judged.key, judged.value);
      upstream.set(judged.key, judged.value);
    } else if (judged.is === 'delete') {
      documented.delete(judged.key);
      upstream.delete(judged.key);
    } else if (judged.is === 'state') {
      documented = new Map(judged.members);
      for (const [key, value] of judged.members) upstream.set(key, value);
    }
  });
  return { documented, upstream };
}
