/** times: timestamps of log lines to milliseconds, fast for the usual form. */

/** Digits at these places make `YYYY-MM-DDTHH:mm:ss.sssZ`. */
const digitPlaces = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18, 20, 21, 22];

/**
 * Milliseconds since 1970 UTC of a timestamp's text, NaN when it is none.
 * Days by Howard Hinnant's days_from_civil; other forms than toISOString's go to Date.parse.
 */
export function parseTimeMs(bytes: Uint8Array, start: number, length: number): number {
  if (!isIsoForm(bytes, start, length)) {
    if (length === 0 || length > 64) return NaN;
    return Date.parse(Buffer.from(bytes.subarray(start, start + length)).toString('latin1'));
  }
  const two = (at: number) => (bytes[start + at] - 48) * 10 + bytes[start + at + 1] - 48;
  const month = two(5);
  const year = two(0) * 100 + two(2) - (month <= 2 ? 1 : 0);
  const era = Math.floor(year / 400);
  const yearOfEra = year - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + two(8) - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  const days = era * 146_097 + dayOfEra + dayOfYear - 719_468;
  const ms = two(20) * 10 + bytes[start + 22] - 48;
  return days * 86_400_000 + two(11) * 3_600_000 + two(14) * 60_000 + two(17) * 1_000 + ms;
}

function isIsoForm(bytes: Uint8Array, start: number, length: number): boolean {
  if (length !== 24 || bytes[start + 23] !== 0x5a || bytes[start + 10] !== 0x54) return false;
  for (const place of digitPlaces) {
    const byte = bytes[start + place];
    if (byte < 48 || byte > 57) return false;
  }
  // Days past the month's end, leap seconds and 24:00 are left to Date.parse.
  const two = (at: number) => (bytes[start + at] - 48) * 10 + bytes[start + at + 1] - 48;
  const dayFits = two(8) >= 1 && two(8) <= 28;
  return dayFits && two(5) >= 1 && two(5) <= 12 && two(11) <= 23 && two(14) < 60 && two(17) < 60;
}
