/** times: timestamps of log lines to milliseconds, fast for the usual form. */

/** What stands between the digits of `YYYY-MM-DDTHH:mm:ss.sssZ`, and where. */
const separators = [...'--T::.Z'].map((char) => char.charCodeAt(0));
const separatorPlaces = [4, 7, 10, 13, 16, 19, 23];

/**
 * Milliseconds since 1970 UTC of a timestamp's text, NaN when it is none.
 * `YYYY-MM-DDTHH:mm:ss.sssZ` is read here, other forms than toISOString's go to Date.parse.
 */
export function parseTimeMs(bytes: Uint8Array, start: number, length: number): number {
  if (length === 24 && hasSeparators(bytes, start)) {
    const ms = isoTimeMs(bytes, start);
    if (!Number.isNaN(ms)) return ms;
  }
  if (length === 0 || length > 64) return NaN;
  return Date.parse(Buffer.from(bytes.subarray(start, start + length)).toString('latin1'));
}

function hasSeparators(bytes: Uint8Array, start: number): boolean {
  for (let k = 0; k < separators.length; k++) {
    if (bytes[start + separatorPlaces[k]] !== separators[k]) return false;
  }
  return true;
}

/** NaN for digits that are none, and for what is left to Date.parse. */
function isoTimeMs(bytes: Uint8Array, start: number): number {
  const century = twoDigits(bytes, start);
  const year = twoDigits(bytes, start + 2);
  const month = twoDigits(bytes, start + 5);
  const day = twoDigits(bytes, start + 8);
  const hour = twoDigits(bytes, start + 11);
  const minute = twoDigits(bytes, start + 14);
  const second = twoDigits(bytes, start + 17);
  const hundredth = twoDigits(bytes, start + 20);
  const thousandth = bytes[start + 22] - 48;
  // One negative number makes all of it negative.
  const all = century | year | month | day | hour | minute | second | hundredth | thousandth;
  if (all < 0 || thousandth > 9) return NaN;
  // Days past the shortest month's end, leap seconds and 24:00 are Date.parse's to judge.
  if (month < 1 || month > 12 || day < 1 || day > 28) return NaN;
  if (hour > 23 || minute > 59 || second > 59) return NaN;
  const days = daysFromCivil(century * 100 + year, month, day);
  const ms = hundredth * 10 + thousandth;
  return days * 86_400_000 + hour * 3_600_000 + minute * 60_000 + second * 1_000 + ms;
}

/** The number that two digits make; negative when one is no digit. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at] - 48;
  const ones = bytes[at + 1] - 48;
  return tens > 9 || ones > 9 || (tens | ones) < 0 ? -1 : tens * 10 + ones;
}

/** Days since 1970. Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
function daysFromCivil(civilYear: number, month: number, day: number): number {
  const year = month <= 2 ? civilYear - 1 : civilYear;
  const era = Math.floor(year / 400);
  const yearOfEra = year - era * 400;
  const dayOfYear = ((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) | 0;
  const leapDays = ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0);
  return era * 146_097 + yearOfEra * 365 + leapDays + dayOfYear + day - 1 - 719_468;
}
