/** recognise: which dialect is it? By content; and what to say where none or more than one fits. */
import type { FormatOptions } from './context.js';
import { DIALECTS } from './dialects/index.js';
import type { Dialect, Probe } from './dialects/dialect.js';
import { guessAt } from './dialects/unknown-content.js';
import { LogctlError } from './errors.js';
import { plural } from './text.js';

/** First bytes that an error shows. */
const shownBytes = 32;

/** The dialect of a probe by content, or undefined. Two that fit are an error naming both. */
export function recognise(probe: Probe): Dialect | undefined {
  const fits = (dialect: Dialect) => dialect.recognises(probe);
  const special = DIALECTS.filter(({ isFallback }) => isFallback !== true).filter(fits);
  const fitting =
    special.length > 0 ? special : DIALECTS.filter(({ isFallback }) => isFallback).filter(fits);
  if (fitting.length < 2) return fitting[0];
  const names = fitting.map(({ name }) => name).join(' and ');
  const hint = `it begins ${beginning(probe)}; choose one with --dialect`;
  throw new LogctlError('not-a-log', `${probe.path} fits ${names}`, hint, { path: probe.path });
}

/** True where a format of its own is recognised, and not only lines of JSON. */
export function isStore(probe: Probe): boolean {
  const dialect = recognise(probe);
  return dialect !== undefined && dialect.isFallback !== true;
}

/** The dialect of this name. Throws LogctlError `usage`. */
export function dialectNamed(name: string): Dialect {
  const named = DIALECTS.find((dialect) => dialect.name === name);
  if (named) return named;
  const known = DIALECTS.map((dialect) => dialect.name).join(', ');
  throw new LogctlError('usage', `no dialect ${name}`, `known dialects: ${known}`);
}

/** What was seen where no dialect fits, and what can be tried. `size`: bytes, where known. */
export function notRecognised(probe: Probe, size: number | undefined): LogctlError {
  const { path, kind, head, names } = probe;
  const seen = [
    ...(size === undefined || kind === 'directory' ? [] : [plural(size, 'byte')]),
    kind === 'directory' ? plural(names.length, 'name') : `begins ${beginning(probe)}`,
  ];
  const wanted = DIALECTS.map((dialect) => `${dialect.name} (${dialect.looksLike})`).join('; ');
  const guess = head.length > 0 ? guessAt(head) : undefined;
  const hint = guess ?? `known: ${wanted}; name one with --dialect`;
  const message = `${path} is no log that is known here: ${seen.join(', ')}`;
  return new LogctlError('not-a-log', message, hint, { path });
}

/** The first bytes as JSON writes a string: no control character is left in it. */
function beginning({ head }: Probe): string {
  const text = Buffer.from(head.subarray(0, shownBytes)).toString('latin1');
  const more = head.length > shownBytes ? '...' : '';
  return `${JSON.stringify(text)}${more}`;
}

/** The options as they are typed. */
const flags: Record<keyof FormatOptions, string> = {
  keyAt: '--key-at',
  valueAt: '--value-at',
  timeAt: '--time-at',
  deleteAt: '--delete-at',
  decode: '--decode',
  archive: '--archive',
  includeArchived: '--include-archived',
};

/**
 * Options of one dialect for a log of another are a misunderstanding, where that log was named.
 * Throws LogctlError `usage`.
 */
export function refuseOthersOptions(probe: Probe, dialect: Dialect, options: FormatOptions): void {
  if (!probe.isNamed) return;
  for (const option of Object.keys(flags) as (keyof FormatOptions)[]) {
    const takers = DIALECTS.filter(({ takes = [] }) => takes.includes(option));
    if (options[option] === undefined || takers.length === 0) continue;
    if (takers.some(({ name }) => name === dialect.name)) continue;
    const names = takers.map(({ name }) => name).join(', ');
    const words = `${flags[option]} is an option of ${names}, and ${probe.path} is ${dialect.name}`;
    const hint = `to read it as that all the same, add --dialect ${takers[0].name}`;
    throw new LogctlError('usage', words, hint, { path: probe.path });
  }
}

/**
 * Throws LogctlError `usage` where lines have no keys: no state, no history, nothing to compact.
 */
export function requireKeys({ path, dialect }: { path: string; dialect: Dialect }): void {
  if (dialect.needsForKeys === undefined) return;
  const words = `${path}: ${dialect.about}, and no key was named`;
  throw new LogctlError('usage', words, `name it: ${dialect.needsForKeys}`, { path });
}

/** The options of single dialects among others, as a member; none where none was given. */
export function givenOptions(all: FormatOptions): { options?: FormatOptions } {
  const names = Object.keys(flags) as (keyof FormatOptions)[];
  const given = names.filter((name) => all[name] !== undefined);
  if (given.length === 0) return {};
  return { options: Object.fromEntries(given.map((name) => [name, all[name]])) };
}
