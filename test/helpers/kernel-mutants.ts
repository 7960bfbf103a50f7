/** Mistakes in the SIMD kernel's sources, one for each mask and carry: all of them must be seen. */

/** `from` stands once in the file; with `to` in its place the kernel accepts or finds too much. */
export interface KernelMutant {
  file: string;
  from: string;
  to: string;
}

const gone = (file: string, ...lines: string[]): KernelMutant[] =>
  lines.map((from) => ({ file, from, to: '' }));
const zeroCarry = (file: string, ...carries: string[]): KernelMutant[] =>
  carries.map((from) => ({ file, from, to: `${from.slice(0, from.indexOf('='))}= 0;` }));

export const kernelMutants: KernelMutant[] = [
  ...gone('strings.as.ts', 'found &= ~escaped;'),
  { file: 'strings.as.ts', from: 'let errors = escaped & ~letters;', to: 'let errors: u64 = 0;' },
  ...gone(
    'strings.as.ts',
    'if (digits != 0) errors |= digits & ~maskOf(isHex(a), isHex(b), isHex(c), isHex(d));',
  ),
  ...zeroCarry(
    'strings.as.ts',
    'insideCarry = <u64>(<i64>inside >> 63);',
    'escapeCarry = (ends & slashes) >> 63;',
    'digitCarry = (long >> 63) | (long >> 62) | (long >> 61) | (long >> 60);',
  ),
  ...gone(
    'scan.as.ts',
    'errors |= control & inside;',
    'if (white != 0) errors |= white & ~(equalAt(p, 0x09) | equalAt(p, 0x0d));',
    'errors |= findScalars(p, digits, others);',
    'errors |= judge(colons, commas, lineFeeds, white);',
  ),
  ...gone(
    'scalars.as.ts',
    'errors |= (zeros << 1) & digits;',
    'if (end < 64) errors |= ((<u64>1) << end) & (digits | others);\n    else ',
    'errors |= behind(zeros, zeroCarry) & digits;',
    'errors |= fraction & ~digits;',
    'errors |= exponent & ~digits;',
    'errors |= runEnds(digits, exponent, exponentCarry) & bytes;',
    'errors |= integerEnds & ~points & ~exponentLetters & bytes;',
    ' | (fractionEnds & ~exponentLetters & bytes)',
  ),
  { file: 'scalars.as.ts', from: 'let errors = first & ~digits;', to: 'let errors: u64 = 0;' },
  {
    file: 'scalars.as.ts',
    from: 'let errors = literalEndCarry & (digits | others);',
    to: 'let errors: u64 = 0;',
  },
  ...zeroCarry('scalars.as.ts', 'pointCarry = (integerEnds & points) >> 63;'),
  ...gone(
    'brackets.as.ts',
    'errors |= bit & (0 - <u64>((<i32>load<u8>(slot) != isObject) & (opens ^ 1)));',
  ),
  ...gone(
    'grammar.as.ts',
    'errors |= valueDue & ~(values | closeEmpty);',
    'errors |= nameDue & ~(opening | closers);',
    'errors |= colons ^ colonDue;',
    'errors |= lineStart & ~objects;',
    ' | (lineFeeds ^ lineEndDue)',
  ),
  {
    file: 'grammar.as.ts',
    from: 'let errors = values & ~(valueDue | lineStart);',
    to: 'let errors: u64 = 0;',
  },
  {
    file: 'rows.as.ts',
    from: 'if (doubtful || end > badAt) return false;',
    to: 'if (doubtful) return false;',
  },
  {
    file: 'members.as.ts',
    from: 'if (isText && role != ROLE.members && hasEscape(at, length)) {',
    to: 'if (false) {',
  },
  {
    file: 'scan.as.ts',
    from: 'const sound = errors == 0 ? ~(<u64>0) : (errors & (0 - errors)) - 1;',
    to: 'const sound = ~(<u64>0);',
  },
];
