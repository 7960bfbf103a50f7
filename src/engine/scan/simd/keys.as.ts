/** keys: texts of keys as canonical bytes, and how long they are as JSON. */

/** True where no byte needs a second look: no control byte, quote, backslash, no 0xed. */
@inline
function isPlain(at: usize, length: u32): bool {
  for (let k: u32 = 0; k < length; k += 16) {
    const bytes = v128.load(at + <usize>k);
    const odd = v128.or(
      v128.or(i8x16.lt_u(bytes, i8x16.splat(0x20)), i8x16.eq(bytes, i8x16.splat(0x22))),
      v128.or(i8x16.eq(bytes, i8x16.splat(0x5c)), i8x16.eq(bytes, i8x16.splat(<i8>0xed))),
    );
    const found = i8x16.bitmask(odd);
    if (found != 0 && k + <u32>ctz(found) < length) return false;
  }
  return true;
}

/** Bytes of the key as JSON, quotes included; as `jsonKeyLength` of key-bytes.ts counts them. */
export function jsonLength(at: usize, length: u32): u32 {
  // Behind the mark of a key that is no string stands its JSON.
  if (length > 0 && load<u8>(at) == 0xff) return length - 1;
  if (isPlain(at, length)) return length + 2;
  let total = length + 2;
  for (let k: u32 = 0; k < length; k++) {
    const byte = <u32>load<u8>(at + <usize>k);
    if (byte == 0x22 || byte == 0x5c) total++;
    else if (byte < 0x20) total += byte >= 8 && byte <= 13 && byte != 11 ? 1 : 5;
    // A lone surrogate, three bytes here, is written \udXXX.
    else if (byte == 0xed && k + 1 < length && load<u8>(at + <usize>k, 1) >= 0xa0) total += 3;
  }
  return total;
}

/**
 * Decodes the escapes of a JSON text to `to`, which has room for as many bytes; gives how many.
 * Lone surrogates become their three-byte pattern, pairs one character, as `canonicalKey` does.
 */
export function unescape(at: usize, length: u32, to: usize): u32 {
  const end = at + <usize>length;
  const start = to;
  while (at < end) {
    const byte = load<u8>(at++);
    if (byte != 0x5c) {
      store<u8>(to++, byte);
      continue;
    }
    const letter = load<u8>(at++);
    if (letter != 0x75) {
      store<u8>(to++, shortEscape(letter));
      continue;
    }
    let unit = hexUnit(at);
    at += 4;
    if ((unit & 0xfc00) == 0xd800 && at + 6 <= end && load<u16>(at) == 0x755c) {
      const low = hexUnit(at + 2);
      if ((low & 0xfc00) == 0xdc00) {
        unit = 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
        at += 6;
      }
    }
    to = putCharacter(to, unit);
  }
  return <u32>(to - start);
}

function shortEscape(letter: u8): u8 {
  if (letter == 0x62) return 8;
  if (letter == 0x66) return 12;
  if (letter == 0x6e) return 10;
  if (letter == 0x72) return 13;
  return letter == 0x74 ? 9 : letter;
}

function hexUnit(at: usize): u32 {
  let unit: u32 = 0;
  for (let k: usize = 0; k < 4; k++) {
    const digit = <u32>load<u8>(at + k);
    unit = (unit << 4) | (digit <= 0x39 ? digit - 0x30 : (digit | 0x20) - 0x57);
  }
  return unit;
}

function putCharacter(to: usize, code: u32): usize {
  if (code < 0x80) {
    store<u8>(to, <u8>code);
    return to + 1;
  }
  if (code < 0x800) {
    store<u8>(to, <u8>(0xc0 | (code >> 6)));
    store<u8>(to + 1, <u8>(0x80 | (code & 63)));
    return to + 2;
  }
  if (code < 0x10000) {
    store<u8>(to, <u8>(0xe0 | (code >> 12)));
    store<u8>(to + 1, <u8>(0x80 | ((code >> 6) & 63)));
    store<u8>(to + 2, <u8>(0x80 | (code & 63)));
    return to + 3;
  }
  store<u8>(to, <u8>(0xf0 | (code >> 18)));
  store<u8>(to + 1, <u8>(0x80 | ((code >> 12) & 63)));
  store<u8>(to + 2, <u8>(0x80 | ((code >> 6) & 63)));
  store<u8>(to + 3, <u8>(0x80 | (code & 63)));
  return to + 4;
}
