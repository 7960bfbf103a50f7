/** text: numbers and times as reports write them. */

/** RFC 3339 UTC of milliseconds since 1970; null for NaN and what no date can hold. */
export function isoTime(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/**
 * `4,672`; fractions are rounded. Without the language tables of toLocaleString, whose first use
 * takes 14 ms and 8 MB.
 */
export function thousands(number: number): string {
  return String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 line`, `2 lines`; thousands are separated. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${thousands(count)} ${count === 1 ? noun : nouns}`;
}

/** What to say where a directory has too little room. Bytes. */
export function noSpaceWords(
  directory: string,
  { needed, free }: { needed: number; free: number },
): string {
  return `no space: ${plural(needed, 'byte')} needed in ${directory}, ${thousands(free)} are free`;
}
