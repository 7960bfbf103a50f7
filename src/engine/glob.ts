/** glob: `*`, `?`, `[set]` in key filters and in quoted paths (cron expands nothing nicely). */
import { join } from 'node:path';
import type { DiskReader } from './disk.js';

/** True when a path needs expanding. */
export const isGlob = (text: string): boolean => /[*?[]/.test(text);

/** A predicate for one glob over whole strings; `*` also matches `/`. */
export function globMatcher(glob: string): (text: string) => boolean {
  const pattern = new RegExp(`^${translate(glob, '[^]')}$`, 'u');
  return (text) => pattern.test(text);
}

/** The existing paths that match, sorted. `*` and `?` stay within one path segment. */
export function expandGlob(disk: DiskReader, glob: string): string[] {
  const segments = glob.split('/');
  let found = [segments[0] === '' ? '/' : ''];
  for (const segment of segments.filter((part) => part !== '')) {
    if (!isGlob(segment)) {
      found = found.map((at) => join(at, segment));
      continue;
    }
    const matches = new RegExp(`^${translate(segment, '[^/]')}$`, 'u');
    found = found.flatMap((at) => {
      const names = disk.list(at === '' ? '.' : at) ?? [];
      const visible = names.filter((name) => segment.startsWith('.') || !name.startsWith('.'));
      return visible.filter((name) => matches.test(name)).map((name) => join(at, name));
    });
  }
  return found.filter((path) => disk.stat(path));
}

function translate(glob: string, any: string): string {
  let pattern = '';
  for (let i = 0; i < glob.length; i++) {
    const char = glob[i];
    const close = char === '[' ? glob.indexOf(']', i + 2) : -1;
    if (char === '*') pattern += `${any}*`;
    else if (char === '?') pattern += any;
    else if (close > 0) {
      const body = glob.slice(i + 1, close).replace(/[\\\]^]/g, '\\$&');
      pattern += `[${body.startsWith('!') ? `^${body.slice(1)}` : body}]`;
      i = close;
    } else pattern += char.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
  }
  return pattern;
}
