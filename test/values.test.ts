// What the values of options mean.
import { describe, expect, it } from 'vitest';
import { parseDuration, parseHash, parseSize, parseTime, wholeNumber } from '../src/cli/values.js';

const nowMs = Date.UTC(2026, 10, 20, 9, 0, 0);
const localMs = (...parts: [number, number, number, number?, number?, number?]) =>
  new Date(...parts).getTime();

describe('times', () => {
  it.each([
    ['2026-11-19T21:57:00Z', Date.UTC(2026, 10, 19, 21, 57)],
    ['2026-11-19t21:57:00.250z', Date.UTC(2026, 10, 19, 21, 57, 0, 250)],
    ['2026-11-19T23:57:00+02:00', Date.UTC(2026, 10, 19, 21, 57)],
    ['2026-11-19 21:57Z', Date.UTC(2026, 10, 19, 21, 57)],
    ['2026-11-19T21:57:00', localMs(2026, 10, 19, 21, 57)],
    ['2026-11-19', localMs(2026, 10, 19)],
    ['2h', nowMs - 7_200_000],
    ['3d', nowMs - 3 * 86_400_000],
  ])('%s', (text, expected) => {
    expect(parseTime(text, nowMs)).toBe(expected);
  });

  it('are local without a zone, also where local is not UTC', () => {
    const before = process.env.TZ;
    process.env.TZ = 'America/New_York';
    try {
      expect(parseTime('2026-11-19', nowMs)).toBe(Date.UTC(2026, 10, 19, 5));
      expect(parseTime('2026-11-19T12:00', nowMs)).toBe(Date.UTC(2026, 10, 19, 17));
    } finally {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    }
  });

  it.each(['yesterday', '2026-02-30', '2026-13-01', '2026-11-19T25:00Z', '12', '', '3x', '2026'])(
    'refuses %j',
    (text) => {
      expect(() => parseTime(text, nowMs)).toThrow();
    },
  );
});

describe('durations, in milliseconds', () => {
  it.each([
    ['250ms', 250],
    ['90s', 90_000],
    ['15m', 900_000],
    ['15min', 900_000],
    ['1.5h', 5_400_000],
    ['1w', 604_800_000],
  ])('%s', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });

  it.each(['5', 'h', '5 h', '-5h', '5y', '1toString', '99999999999999w'])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow();
  });
});

describe('sizes, in bytes', () => {
  it.each([
    ['512', 512],
    ['512b', 512],
    ['10k', 10_240],
    ['10kB', 10_000],
    ['1MiB', 1_048_576],
    ['1.5GiB', 1_610_612_736],
  ])('%s', (text, expected) => {
    expect(parseSize(text)).toBe(expected);
  });

  it.each(['', 'k', '1x', '1 MiB', '-1', '1e3', '0x10'])('refuses %j', (text) => {
    expect(() => parseSize(text)).toThrow();
  });
});

describe('numbers and hashes', () => {
  it('takes whole numbers from the least on', () => {
    expect(wholeNumber(1)('4672')).toBe(4672);
    for (const text of ['0', '-1', '1.5', '1e3', 'x', '', '9007199254740993']) {
      expect(() => wholeNumber(1)(text), text).toThrow();
    }
  });

  it('takes a sha-256 in hex of either case', () => {
    expect(parseHash('AB'.repeat(32))).toBe('ab'.repeat(32));
    expect(() => parseHash('ab'.repeat(31))).toThrow();
  });
});
