/** text: numbers and times as reports write them. */

/** RFC 3339 UTC of milliseconds since 1970; null for NaN and what no date can hold. */
export function isoTime(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** `1 line`, `2 lines`; thousands are separated. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? noun : nouns}`;
}
