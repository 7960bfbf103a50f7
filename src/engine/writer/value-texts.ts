/** value-texts: live keys and their values as text, for those who want them whole. */
import type { SourceFile } from '../disk.js';
import { keyToString } from '../keydir/key-bytes.js';
import type { Keydir, Semantics } from '../keydir/keydir.js';
import { asUtf8 } from '../keydir/state-hash.js';
import { readValues } from '../keydir/values.js';

/** Gives each key of a keydir with its value as JSON text, keys in the order of their creation. */
export async function eachText(
  keydir: Keydir,
  sources: readonly SourceFile[],
  take: (key: string, text: string) => void | Promise<void>,
  semantics: Semantics = 'documented',
): Promise<void> {
  const parts: Uint8Array[] = [];
  await readValues(keydir, sources, keydir.order(semantics), (index, part, last) => {
    // Only the last part is whole before the window it lies in is filled again.
    parts.push(last ? part : part.slice());
    if (!last) return;
    const bytes = parts.length === 1 ? part : Buffer.concat(parts);
    parts.length = 0;
    return take(keyToString(keydir.key(index)), textOf(bytes));
  });
}

/** A value's bytes as text, invalid UTF-8 as every reader sees it. */
export const textOf = (bytes: Uint8Array): string => Buffer.from(asUtf8(bytes)).toString('utf8');
