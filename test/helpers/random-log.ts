/** Random logs of the bot's format, made together with the state they must leave. */
import { crc32 } from 'node:zlib';
import fc from 'fast-check';

/** What a line does to the state. Keys are JavaScript strings, values JSON text as it stands. */
export type Effect =
  | { do: 'nothing' }
  | { do: 'put'; key: string; value: string }
  | { do: 'delete'; key: string }
  | { do: 'replace'; members: [string, string][] };

/** A line without newline. `numbered`: it takes the members `seq` and `crc`. */
export interface LogLine {
  text: string;
  effect: Effect;
  numbered: boolean;
}

/** JSON strings that are keys: one key in several spellings, and names that trip JavaScript. */
const keyTexts = ['"a"', '"\\u0061"', '"b"', '"user:1"', '"\\u0075ser:1"', '"0"', '"10"', '"9"'];
keyTexts.push(
  '"__proto__"',
  '"constructor"',
  '"toString"',
  '"\\ud800"',
  '"\\uDBFF"',
  '"é"',
  '"😀"',
);
keyTexts.push('"\\ud83d\\uDE00"', '"\\u00e9"', '"\u2028"', '"\\n\\"\\\\"', '" "', '"-1"', '"1.5"');

/** Values whose bytes a parser and a printer would not give back. */
const valueTexts = [
  '9007199254740993',
  '-0',
  '1.0',
  '1E400',
  '1e-7',
  '0.10',
  '-123456789012345678',
];
valueTexts.push(
  '{"a":1,"a":2}',
  '[ 1 ,\t2 ]',
  '"\\u0041\\/"',
  '"\u2028"',
  'null',
  'true',
  '[]',
  '{}',
);
valueTexts.push(
  '{"op":"SET","key":"a","value":1}',
  '{"b":1,"10":2,"2":3,"__proto__":4}',
  '"\\ud800"',
);
valueTexts.push(`${'['.repeat(600)}1${']'.repeat(600)}`, `"${'long '.repeat(60)}"`);

const keyText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...keyTexts) },
  fc.nat(200).map((n) => `"k${n}"`),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }).map((key) => JSON.stringify(key)),
);
const valueText = fc.oneof(
  fc.constantFrom(...valueTexts),
  fc.json({ maxDepth: 3 }),
  fc.double().map((number) => JSON.stringify(number)),
);
const keyOf = (text: string) => JSON.parse(text) as string;

/** Members of a state: an object's, with names that may occur twice, or those of what is spread. */
const object = fc
  .array(fc.tuple(fc.oneof(keyText, fc.constant('""')), valueText), { maxLength: 12 })
  .map((members) => ({
    text: `{${members.map(([key, value]) => `${key}:${value}`).join(',')}}`,
    members: members.map(([key, value]): [string, string] => [keyOf(key), value]),
  }));
const spread = fc.oneof(
  fc.array(valueText, { maxLength: 4 }).map((values) => ({
    text: `[ ${values.join(' , ')} ]`,
    members: values.map((value, i): [string, string] => [`${i}`, value]),
  })),
  fc.constant({
    text: '"h\\u0069"',
    members: [
      ['0', '"h"'],
      ['1', '"i"'],
    ] as [string, string][],
  }),
);
const state = fc.oneof({ weight: 4, arbitrary: object }, spread);

const entry = (...members: string[]) =>
  `{"timestamp":"2026-11-19T09:00:00.000Z",${members.join(',')}}`;
const nothing = (text: string): LogLine => ({ text, effect: { do: 'nothing' }, numbered: false });

const put = fc.tuple(keyText, valueText, fc.nat(5)).map(([key, value, form]): LogLine => {
  const effect: Effect = { do: 'put', key: keyOf(key), value };
  const texts = [
    entry('"op":"SET"', `"key":${key}`, `"value":${value}`),
    `{"value":${value},"key":${key},"op":"SET"}`,
    ` { "op" : "S\\u0045T" ,\t"key": ${key} , "value" :\r${value} } `,
    `{"op":"SET","key":"other","key":${key},"value":[0],"value":${value}}`,
    `{"\\u006fp":"SET","ke\\u0079":${key},"extra":{"value":1,"key":"no"},"v\\u0061lue":${value}}`,
  ];
  return { text: texts[form] ?? texts[0], effect, numbered: form === 5 || form === 0 };
});
const remove = fc.tuple(keyText, fc.nat(3)).map(([key, form]): LogLine => {
  const effect: Effect = { do: 'delete', key: keyOf(key) };
  const text = form === 0 ? `{"op":"SET","key":${key}}` : entry('"op":"DELETE"', `"key":${key}`);
  return { text, effect, numbered: form > 1 };
});
const stringified = fc
  .constantFrom(
    ['5e0', '5'],
    ['-1', '-1'],
    ['true', 'true'],
    ['[1,["x"]]', '1,x'],
    ['{}', '[object Object]'],
  )
  .map(([text, key]): LogLine => {
    const effect: Effect = { do: 'put', key, value: '1' };
    return { text: `{"op":"SET","key":${text},"value":1}`, effect, numbered: true };
  });
const whole = fc
  .tuple(state, fc.boolean(), fc.boolean())
  .map(([{ text, members }, isSet, twice]) => {
    const name = isSet ? 'data' : 'state';
    const first = twice ? `"${name}":{"lost":1},` : '';
    const op = isSet ? '"op":"SET"' : '"op":"CHECKPOINT"';
    const effect: Effect = { do: 'replace', members };
    return { text: `{${op},${first}"${name}":${text}}`, effect, numbered: isSet };
  });
const ineffective = fc
  .constantFrom(
    '',
    '{"op":"set","key":"a","value":1}',
    '{"op":"MERGE","data":{"a":1}}',
    '{"op":""}',
  )
  .map(nothing);
const stateless = fc
  .constantFrom('0', 'null', 'false', '""', '17')
  .chain((none) =>
    fc.constantFrom(
      nothing(`{"op":"SET","key":${none === '17' ? 0 : none},"value":1,"data":${none}}`),
      nothing(`{"op":"CHECKPOINT","state":${none}}`),
    ),
  );

/** One random line. Whole states are rare, else nothing would ever grow. */
export const logLine: fc.Arbitrary<LogLine> = fc.oneof(
  { weight: 60, arbitrary: put },
  { weight: 25, arbitrary: remove },
  { weight: 4, arbitrary: stringified },
  { weight: 3, arbitrary: whole },
  { weight: 4, arbitrary: ineffective },
  { weight: 2, arbitrary: stateless },
);

/** The bytes of a log: the lines that want them get numbers and checksums, in order. */
export function logBytes(lines: readonly LogLine[], withNumbers: boolean): Buffer {
  let seq = 0;
  const texts = lines.map(({ text, numbered }) => {
    if (!numbered || !withNumbers) return `${text}\n`;
    const open = `${text.slice(0, -1)},"seq":${++seq}`;
    return `${open},"crc":"${crc32(open).toString(16).padStart(8, '0')}"}\n`;
  });
  return Buffer.from(texts.join(''));
}

/** Keys and value texts of both states, in order, after these lines. */
export function expectedStates(lines: readonly LogLine[]) {
  let documented = new Map<string, string>();
  const upstream = new Map<string, string>();
  for (const { effect } of lines) {
    if (effect.do === 'put') {
      documented.set(effect.key, effect.value);
      upstream.set(effect.key, effect.value);
    } else if (effect.do === 'delete') {
      documented.delete(effect.key);
      upstream.delete(effect.key);
    } else if (effect.do === 'replace') {
      documented = new Map(effect.members);
      for (const [key, value] of effect.members) upstream.set(key, value);
    }
  }
  return { documented, upstream };
}
