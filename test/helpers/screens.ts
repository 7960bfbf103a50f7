// What tests ask of a screen: facts in their order, lines that fit, nothing a terminal obeys.
import { expect } from 'vitest';

/** Expects the facts to stand in the text in this order; runs of white space count as one blank. */
export function expectFacts(text: string, facts: string[]): void {
  const flat = text.replace(/\s+/g, ' ');
  let from = 0;
  for (const fact of facts.map((words) => words.replace(/\s+/g, ' ').trim())) {
    const at = flat.indexOf(fact, from);
    expect(at, `${fact}\nmissing, or too early, in\n${text}`).toBeGreaterThanOrEqual(0);
    from = at + fact.length;
  }
}

/** Expects every line of the text to fit and to end in something that can be seen. */
export function expectToFit(text: string, columns = 80): void {
  for (const line of text.split('\n')) {
    expect(line.length, line).toBeLessThanOrEqual(columns);
    expect(line).not.toMatch(/ $/);
  }
}

/**
 * What a terminal obeys or a reader cannot see: controls but the newline, bidi and zero-width
 * characters, line separators, tag characters, lone surrogates.
 */
export const unsafeOnTerminals = new RegExp(
  '[\\u0000-\\u0009\\u000b-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e' +
    '\\u2060-\\u2069\\ufeff\\u{e0000}-\\u{e007f}\\p{Cs}]',
  'u',
);
