// The fast reading of timestamps must say what Date.parse says, for every text there is.
import { describe, expect, it } from 'vitest';
import { parseTimeMs } from '../src/engine/dialects/times.js';

const parsed = (text: string): number => {
  const bytes = Buffer.from(`"${text}"`);
  return parseTimeMs(bytes, 1, bytes.length - 2);
};

describe('a timestamp', () => {
  it('is the instant that Date.parse reads, on every day of 400 years', () => {
    const dayMs = 86_400_000;
    for (let ms = Date.parse('1800-01-01T00:00:00.000Z'); ms < 7e12; ms += dayMs * 1.000_011) {
      const text = new Date(ms).toISOString();
      expect(parsed(text)).toBe(Date.parse(text));
    }
  });

  it.each([
    '2024-02-29T23:59:59.999Z',
    '2023-02-29T00:00:00.000Z',
    '2026-04-31T12:00:00.000Z',
    '2026-11-20T24:00:00.000Z',
    '2026-11-20T23:59:60.000Z',
    '0000-01-01T00:00:00.000Z',
    '9999-12-31T23:59:59.999Z',
    '2026-00-10T00:00:00.000Z',
    '2026-11-20T08:59:41Z',
    '2026-11-20T08:59:41.207+01:00',
    '2026-11-20',
    'yesterday',
  ])('like %s is what Date.parse makes of it', (text) => {
    expect(parsed(text)).toBe(Date.parse(text));
  });

  it('with one byte changed is what Date.parse makes of it', () => {
    const usual = '2026-11-20T08:59:41.207Z';
    for (let place = 0; place < usual.length; place++) {
      for (const byte of '09:-.TZx ') {
        const text = usual.slice(0, place) + byte + usual.slice(place + 1);
        expect(parsed(text), text).toBe(Date.parse(text));
      }
    }
  });

  it('that is empty or longer than any time is none', () => {
    expect([parsed(''), parsed('2'.repeat(65))]).toEqual([NaN, NaN]);
  });
});
