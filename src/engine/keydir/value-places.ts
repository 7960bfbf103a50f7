/** value-places: the order in which values lie in their files. */

const placeBits = 18;
const placeMask = (1 << placeBits) - 1;
/** What of an offset stands in the low word, before the place. */
const lowFactor = 2 ** (32 - placeBits);
/** Values that can be sorted at once. */
export const placesMax = 1 << placeBits;

/**
 * The places 0 to `count` of values, by file and offset. At most `placesMax` of them, offsets
 * below 2^46. Offset and place are sorted as one number of 64 bits: a function that compares would
 * take most of the time that it takes to read the values.
 */
export function sortPlaces(files: Uint16Array, offsets: Float64Array, count: number): Uint32Array {
  const places = new Uint32Array(count);
  let isOneFile = true;
  let isSorted = true;
  for (let place = 1; place < count; place++) {
    places[place] = place;
    if (files[place] !== files[0]) isOneFile = false;
    if (offsets[place] < offsets[place - 1]) isSorted = false;
  }
  if (!isSorted) sortByOffset(places, offsets);
  if (isOneFile) return places;
  const byFile = [...new Set(files.subarray(0, count))].sort((a, b) => a - b);
  return Uint32Array.from(
    byFile.flatMap((file) => [...places.filter((place) => files[place] === file)]),
  );
}

function sortByOffset(places: Uint32Array, offsets: Float64Array): void {
  const numbers = new BigUint64Array(places.length);
  // Its words, the low one first: as the keydir's module, this is for little-endian machines.
  const words = new Uint32Array(numbers.buffer);
  for (let place = 0; place < places.length; place++) {
    const high = Math.floor(offsets[place] / lowFactor);
    words[2 * place] = ((offsets[place] - high * lowFactor) << placeBits) | place;
    words[2 * place + 1] = high;
  }
  numbers.sort();
  for (let i = 0; i < places.length; i++) places[i] = words[2 * i] & placeMask;
}
