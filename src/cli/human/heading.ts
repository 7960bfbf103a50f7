/** The first line of a log's block: its name, its dialect, its verdict. */
import type { LogPart } from '../../engine/index.js';
import { toneOfVerdict, type Look } from './look.js';
import { paragraph, shorten } from './text.js';

/** One line; `words` replace the verdict's own word. `pathWidth` lines several up. */
export function heading(
  log: LogPart,
  look: Look,
  { words = log.verdict as string, pathWidth = 0 } = {},
): string {
  const verdict = look.paint(toneOfVerdict(log.verdict), words);
  const room = Math.max(12, look.columns - log.dialect.length - words.length - 6);
  const path = shorten(log.path, room).padEnd(Math.min(pathWidth, room));
  return [path, log.dialect, verdict].filter((part) => part !== '').join('   ');
}

/** Why this log has no verdict, while the others of the call went on. */
export function logFailure({ error }: LogPart, look: Look): string[] {
  if (error === undefined) return [];
  const hint = error.hint === '' ? [] : paragraph(error.hint, look.columns);
  return [...paragraph(error.message, look.columns), ...hint];
}
