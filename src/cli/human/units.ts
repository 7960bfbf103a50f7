/** Numbers, sizes, times and ages as people read them. */
import { thousands } from '../../engine/reading.js';

export { thousands };

/** `1 entry`, `4,672 entries`: a plural in s unless it is given. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${thousands(number)} ${number === 1 ? one : many}`;
}

/** `187 bytes`, `2.31 MiB`: what fits a column. */
export function briefBytes(bytes: number): string {
  if (bytes < 1024) return count(bytes, 'byte');
  const { amount, unit } = scaled(bytes);
  return `${amount} ${unit}`;
}

/** `2,418,112 bytes (2.31 MiB)`. */
export function fullBytes(bytes: number): string {
  return bytes < 1024 ? count(bytes, 'byte') : `${count(bytes, 'byte')} (${briefBytes(bytes)})`;
}

/** The same for a right-aligned column: number and unit stand below each other. */
export function columnBytes(bytes: number): string {
  if (bytes === 0) return '0    ';
  if (bytes < 1024) return `${bytes} B  `;
  return briefBytes(bytes);
}

/** Two decimals below 10, one above; KiB have one, since bytes are a small thing there. */
function scaled(bytes: number): { amount: string; unit: string } {
  const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let amount = bytes / 1024;
  let at = 0;
  // 1023.95 would be printed as 1024.0.
  while (amount >= 1023.95 && at < units.length - 1) {
    amount /= 1024;
    at += 1;
  }
  return { amount: amount.toFixed(at > 0 && amount < 9.995 ? 2 : 1), unit: units[at] };
}

/** `0.1 s`, `42 s`, `3 min 20 s`. */
export function seconds(ms: number): string {
  if (ms < 9_950) return `${(ms / 1_000).toFixed(1)} s`;
  const whole = Math.round(ms / 1_000);
  return whole < 120 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** `19 s ago`, `11 min ago`, `5 h ago`, `3 d ago`; a time ahead of the clock is said to be so. */
export function age(ms: number): string {
  const wholeSeconds = Math.floor(Math.abs(ms) / 1_000);
  const [unitSeconds, unit] = [
    [86_400, 'd'] as const,
    [3_600, 'h'] as const,
    [60, 'min'] as const,
    [1, 's'] as const,
    // Two of a unit before the next is used: 90 minutes are not 1 h.
  ].find(([size]) => wholeSeconds >= 2 * size) ?? [1, 's'];
  const amount = thousands(Math.floor(wholeSeconds / unitSeconds));
  return ms < 0 ? `${amount} ${unit} ahead of this clock` : `${amount} ${unit} ago`;
}

/** `79 %` of a whole; 0 of nothing. */
export function percent(part: number, whole: number): string {
  return `${whole === 0 ? 0 : Math.round((100 * part) / whole)} %`;
}

/** `2026-11-03T02:17:03Z` from an RFC 3339 time in UTC: milliseconds left out. */
export function toSecond(time: string): string {
  return time.replace(/\.\d+Z$/, 'Z');
}

/** `2026-11-03 02:17` from an RFC 3339 time in UTC, for tables; `-` for none. */
export function toMinute(time: string | null): string {
  return time === null ? '-' : time.slice(0, 16).replace('T', ' ');
}
