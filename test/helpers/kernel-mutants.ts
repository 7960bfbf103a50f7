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
  ...gone('classes.as.ts', ' & ~escaped'),
  { file: 'strings.as.ts', from: 'let errors = escaped & ~letters;', to: 'let errors: u64 = 0;' },
  ...gone(
    'strings.as.ts',
    'if (digits != 0) errors |= digits & ~maskOf(isHex(a), isHex(b), isHex(c), isHex(d));',
  ),
  ...zeroCarry(
    'strings.as.ts',
    'escapeCarry = (ends & slashes) >> 63;',
    'digitCarry = (long >> 63) | (long >> 62) | (long >> 61) | (long >> 60);',
  ),
  {
    file: 'classes.as.ts',
    from: 'return v128.any_true(i8x16.lt_u(least, i8x16.splat(0x20)));',
    to: 'return false;',
  },
  ...gone(
    'tokens.as.ts',
    'errors = v128.or(errors, v128.and(control, v128.or(inside, v128.not(breaks))));',
    'errors = v128.or(errors, v128.and(digits, behindPair(zeros, zerosBefore)));',
    'if (v128.any_true(third)) judgeSecondParts(from + block * blockBytes, masks, third);',
    'v128.store(next, insideBefore, CARRY.inside);',
    'v128.store(next, leadingBefore, CARRY.leading);',
    'v128.store(next, zerosBefore, CARRY.zeros);',
    'v128.store(next, runsBefore, CARRY.runs);',
    'insideBefore = inside;',
    'leadingBefore = leading;',
    'zerosBefore = zeros;',
    'runsBefore = runCarry(digits, behindSecond);',
  ),
  {
    file: 'tokens.as.ts',
    from: 'let errors = v128.load(masks, MASK.wrongEscapes);',
    to: 'let errors = i64x2.splat(0);',
  },
  ...gone(
    'scalars.as.ts',
    'differs | ',
    ' && isWell != 0',
    ' || !isFraction(at - 1)',
    '(load<u8>(at) | 0x20) != 0x65 || ',
    'if (!isDigit(at - 1)) return false;',
    ' && isDigit(at + 2)',
  ),
  {
    file: 'scalars.as.ts',
    from: '<u64>(before ^ load<u8>(oddity, ODDITY.before))',
    to: '0',
  },
  {
    file: 'scalars.as.ts',
    from: 'if (kind == KIND.white) return false;',
    to: 'if (kind == KIND.white) continue;',
  },
  {
    file: 'pairs.as.ts',
    from: 'return i64x2.add(sum, topBits(again, before));',
    to: 'return whole;',
  },
  ...gone(
    'brackets.as.ts',
    'if (isWrong) store<u64>(masks, load<u64>(masks, MASK.errors) | bit, MASK.errors);',
    '((byte & 6) != 4) | ',
    ' | <u8>(load<u8>(stack + level) != isObject)',
  ),
  { file: 'brackets.as.ts', from: 'objectBefore = <u64>within;', to: 'objectBefore = 0;' },
  { file: 'brackets.as.ts', from: 'depth1Before = <u64>(level == 1);', to: 'depth1Before = 0;' },
  {
    file: 'grammar.as.ts',
    from: 'let errors = v128.load(masks, MASK.errors);',
    to: 'let errors = i64x2.splat(0);',
  },
  ...gone(
    'grammar.as.ts',
    'errors = v128.or(errors, v128.andnot(values, v128.or(valueDue, lineStarts)));',
    'errors = v128.or(errors, v128.andnot(valueDue, filled));',
    'errors = v128.or(errors, v128.andnot(nameDue, v128.or(opening, closers)));',
    'errors = v128.or(errors, v128.xor(colons, due(nameEnds, nameEndsBefore, white, spaced)));',
    'errors = v128.or(errors, v128.xor(lineFeeds, due(lineEnds, lineEndsBefore, white, spaced)));',
    'membersBefore = dueNext(members, membersBefore, white, spaced);',
    'colonsBefore = dueNext(colons, colonsBefore, white, spaced);',
    'nameEndsBefore = dueNext(nameEnds, nameEndsBefore, white, spaced);',
    'namesBefore = runCarry(inside, runs);',
  ),
  ...zeroCarry(
    'grammar.as.ts',
    'memberCarry = carryOf(membersBefore);',
    'colonCarry = carryOf(colonsBefore);',
    'nameEndCarry = carryOf(nameEndsBefore);',
    'inNameCarry = carryOf(namesBefore);',
  ),
  {
    file: 'grammar.as.ts',
    from: 'return v128.or(x, runCarry(white, pastWhite(behindPair(x, before), white)));',
    to: 'return x;',
  },
  {
    file: 'grammar.as.ts',
    from: 'lastSound = (error & (0 - error)) - 1;',
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
    ' && load<u8>(end - 1) > 0x20',
    '(type & load<u8>(part, PART.types)) != 0 && ',
    'if (hasEscape(key, keyBytes)) return false;',
  ),
  ...gone(
    'tally.as.ts',
    'if (kind != kindPut && kind != kindDelete) add(tallyAt + TALLY.others);',
    'if (time < last) add(tallyAt + TALLY.drops);',
    'if (last != last) store<f64>(tallyAt, time, TALLY.firstTime);',
    'if (seq == seq) add(tallyAt + TALLY.numbered);',
  ),
  {
    file: 'patterns.as.ts',
    from: 'return value == value;',
    to: 'return true;',
  },
];
