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
  { file: 'classes.as.ts', from: 'let errors = control & ~others;', to: 'let errors: u64 = 0;' },
  ...gone(
    'classes.as.ts',
    'if (breaks != 0) errors |= breaks & ~(equalAt(p, 0x09) | equalAt(p, 0x0d));',
  ),
  ...gone('scan.as.ts', '  judgeScalars(from, count);\n'),
  ...gone(
    'scalars.as.ts',
    '(first & ~digits) | ',
    ' | (behind(zeros, zeroBefore) & digits)',
    'errors |= fraction & ~digits;',
    'else errors |= ends & bytes;',
    'if (end < 64) errors |= ((<u64>1) << end) & bytes;\n    else ',
    ' | (ends & bytes)',
    '(exponent & ~digits) | ',
    ' | (exponentEnds & bytes)',
    ' | (ends & ~exponents & bytes)',
  ),
  {
    file: 'scalars.as.ts',
    from: 'let errors = literalEndCarry & bytes;',
    to: 'let errors: u64 = 0;',
  },
  ...zeroCarry(
    'scalars.as.ts',
    'minusBefore = leading >> 63;',
    'zeroBefore = zeros >> 63;',
    'pointBefore = pointed >> 63;',
    'letterCarry = exponents >> 63;',
    'signCarry = signed >> 63;',
    'integerCarry = inInteger;',
    'fractionCarry = inFraction;',
  ),
  ...gone(
    'brackets.as.ts',
    'if (isWrong) store<u64>(record, load<u64>(record, MASK.errors) | bit, MASK.errors);',
  ),
  { file: 'brackets.as.ts', from: 'objectBefore = 0 - <u64>within;', to: 'objectBefore = 0;' },
  { file: 'brackets.as.ts', from: 'depth1Before = 0 - <u64>(level == 1);', to: '' },
  {
    file: 'grammar.as.ts',
    from: 'errors = load<u64>(record, MASK.errors);',
    to: 'errors = 0;',
  },
  ...gone(
    'grammar.as.ts',
    'errors |= values & ~(valueDue | lineStart);',
    'errors |= valueDue & ~(values | (closers & opened));',
    'errors |= nameDue & ~(opening | closers);',
    'errors |= colons ^ colonDue;',
    'errors |= lineFeeds ^ lineEndDue;',
  ),
  ...zeroCarry(
    'grammar.as.ts',
    'memberCarry = memberBefore;',
    'colonCarry = colonBefore;',
    'nameEndCarry = nameEndBefore;',
    'inNameCarry = inName;',
  ),
  {
    file: 'grammar.as.ts',
    from: 'lastSound = errors == 0 ? ~(<u64>0) : (errors & (0 - errors)) - 1;',
    to: 'lastSound = ~(<u64>0);',
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
  ...gone(
    'patterns.as.ts',
    'load<u8>(lineFeed) != 0x0a || ',
    ' || lineFeed > badAt',
    'if (!isTextAt(part, at)) return false;',
    ' || load<u8>(end - 1) <= 0x20',
    '(type & load<u8>(part, PART.types)) == 0 || ',
    'if (hasEscape(at + 1, length)) return false;',
  ),
  {
    file: 'patterns.as.ts',
    from: 'return value == value;',
    to: 'return true;',
  },
];
