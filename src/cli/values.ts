/** Option values: text in, numbers out; a wrong one becomes a usage error. */
import { InvalidArgumentError } from 'commander';
import { globMatcher } from '../engine/reading.js';

const secondMs = 1_000;
const msPerUnit: Record<string, number> = {
  ms: 1,
  s: secondMs,
  m: 60 * secondMs,
  min: 60 * secondMs,
  h: 3_600 * secondMs,
  d: 86_400 * secondMs,
  w: 7 * 86_400 * secondMs,
};

/**
 * Gives a duration in milliseconds: `90s`, `15m`, `2h`, `3d`, `1w`, `1.5h`. A unit is needed.
 * Throws InvalidArgumentError.
 */
export function parseDuration(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(text) ?? [];
  const unitMs = Object.hasOwn(msPerUnit, unit ?? '') ? msPerUnit[unit] : undefined;
  if (unitMs === undefined) throw wrong('write a duration like 90s, 15m, 2h or 3d');
  return safe(Math.round(Number(amount) * unitMs));
}

/** Gives a period in milliseconds: `daily`, `weekly`, a duration. Throws InvalidArgumentError. */
export function parsePeriod(text: string): number {
  if (text === 'daily') return msPerUnit.d;
  if (text === 'weekly') return msPerUnit.w;
  return parseDuration(text);
}

/** Gives a share between 0 and 1: `0.5`, `50%`. Throws InvalidArgumentError. */
export function parseRatio(text: string): number {
  const [, amount, sign] = /^(\d+(?:\.\d+)?)(%)?$/.exec(text) ?? [];
  const share = Number(amount) / (sign === undefined ? 1 : 100);
  if (!(share <= 1)) throw wrong('write a share like 0.5 or 50%');
  return share;
}

/**
 * Gives an instant in milliseconds since 1970 UTC, from RFC 3339 (without a zone: local time), a
 * local day `YYYY-MM-DD` (its midnight), or an age before `nowMs` (`2h`, `3d`).
 * Throws InvalidArgumentError; dates that the calendar does not have too.
 */
export function parseTime(text: string, nowMs: number): number {
  const parts = dateTime.exec(text)?.groups;
  if (parts === undefined) {
    if (/^\d+(\.\d+)?[a-z]+$/.test(text)) return nowMs - parseDuration(text);
    throw wrong('write 2026-11-19T21:57:00Z, 2026-11-19 (local time), or an age like 2h or 3d');
  }
  const { day, clock = '00:00', fraction = '', zone = '' } = parts;
  if (!onCalendar(day)) throw wrong(`there is no day ${day}`);
  // Date takes a day alone as UTC, a day with a clock as local: the clock is always given.
  // Digits beyond the millisecond are cut, as Date would do.
  const instantMs = Date.parse(`${day}T${clock}${fraction}${zone.toUpperCase()}`);
  if (Number.isNaN(instantMs)) throw wrong('its clock or zone is out of range');
  return instantMs;
}

const dateTime = new RegExp(
  '^(?<day>\\d{4}-\\d{2}-\\d{2})(?:[Tt ](?<clock>\\d{2}:\\d{2}(?::\\d{2})?)' +
    '(?<fraction>\\.\\d+)?(?<zone>[Zz]|[+-]\\d{2}:\\d{2})?)?$',
);

function onCalendar(day: string): boolean {
  const instant = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(day);
}

/**
 * Gives bytes: `512`, `10k`, `1MiB`. As GNU has it, `k`, `K` and `KiB` are 1024, `kB` is 1000.
 * Throws InvalidArgumentError.
 */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(?:([kmgt])(i?b)?|b)?$/i.exec(text);
  if (match === null) throw wrong('write a size in bytes like 512, 10k or 1MiB');
  const [, amount, unit, suffix] = match;
  const power = unit === undefined ? 0 : 'kmgt'.indexOf(unit.toLowerCase()) + 1;
  const base = suffix?.toLowerCase() === 'b' ? 1000 : 1024;
  return safe(Math.round(Number(amount) * base ** power));
}

/** Gives a parser for whole numbers from `least` on. It throws InvalidArgumentError. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    if (!/^\d+$/.test(text)) throw wrong('write a whole number');
    if (Number(text) < least) throw wrong(`the least is ${least}`);
    return safe(Number(text));
  };
}

/** Gives a sha-256 in lower case hex. Throws InvalidArgumentError. */
export function parseHash(text: string): string {
  if (!/^[0-9a-f]{64}$/i.test(text)) throw wrong('write the 64 hex digits of a sha-256');
  return text.toLowerCase();
}

/** Gives a glob as it is. Throws LogctlError `usage` for one that can match nothing: `[z-a]`. */
export function parseGlob(text: string): string {
  globMatcher(text);
  return text;
}

function safe(number: number): number {
  if (!Number.isSafeInteger(number)) throw wrong('the number is too large');
  return number;
}

const wrong = (message: string) => new InvalidArgumentError(message);
