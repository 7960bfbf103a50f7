/** Lines that are hard to read right, one by one. */
import { checkpoint, numbered, remove, set, setAll } from './bot-log.js';

/** Bytes of texts and of single bytes, one behind the other. */
export const bytesOf = (...parts: (string | number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));

/**
 * Lines that would be whole entries, were not the value. A group of two blocks begins with a line
 * behind a bad one, and one of four follows: the value's last byte, and then the two before it, end
 * the first block, the first group, and the first two blocks of the second.
 */
const inLines = (...values: string[]): Buffer => {
  const lines = values.flatMap((value) =>
    [35, 36, 37, 99, 100, 101, 227, 228, 229].map((room) => {
      const key = 'k'.repeat(room - value.length);
      return `{"op":"SET","key":"${key}","value":${value}}`;
    }),
  );
  return bytesOf(lines.join('\n'));
};

/** Lines whose borders are worth a look, each a file of its own, by what they are. */
export const trickyFiles: [string, Uint8Array][] = [
  ['a plain put', bytesOf(set('user:1', { score: 7 }, 1))],
  ['a put with checksum', bytesOf(numbered(set('a', [1, 'x'], 1), 12))],
  ['a put whose checksum does not match', bytesOf(numbered(set('a', 1), 1).replace(':1', ':2'))],
  ['a delete', bytesOf(remove('user:1', 2))],
  ['a checkpoint', bytesOf(checkpoint({ a: { b: [1] }, 'é\n': 'x', 10: null }, 3))],
  ['a whole-state put', bytesOf(setAll({ token: 'x', __proto__: 1 }, 4))],
  ['spread arrays and strings', bytesOf('{"op":"SET","data":["x",[2]]}\n{"op":"SET","data":"hé"}')],
  ['spaces everywhere', bytesOf('\t{ "op" :\r"SET" , "key" : "k" , "value" : [ 1 ,\t2 ] } ')],
  [
    'escaped names and texts',
    bytesOf('{"\\u006fp":"S\\u0045T","ke\\u0079":"\\ud83d\\ude00","value":"\\\\"}'),
  ],
  ['a lone surrogate as key', bytesOf('{"op":"SET","key":"\\ud800","value":-0}')],
  [
    'members twice',
    bytesOf('{"op":"DELETE","op":"SET","key":"a","key":"b","value":1,"value":1.0}'),
  ],
  ['a state twice', bytesOf('{"op":"CHECKPOINT","state":{"a":1},"state":{"b":2,"b":3}}')],
  [
    'keys that are no strings',
    bytesOf('{"op":"SET","key":5e0,"value":1}\n{"op":"SET","key":[1,["x"]],"value":1}'),
  ],
  [
    'keys that count as none',
    bytesOf('{"op":"SET","key":"","value":1}\n{"op":"SET","key":-0.0,"value":1}'),
  ],
  ['a key whose name throws', bytesOf('{"op":"SET","key":{"toString":1},"value":1}')],
  ['a put without value', bytesOf('{"op":"SET","key":"a"}')],
  ['an unknown operation', bytesOf('{"op":"set","key":"a","value":{"op":"SET","key":"b"}}')],
  ['JSON that is no entry', bytesOf('null\n5\n"SET"\n["op","SET"]\n{}\n{"op":1}')],
  ['carriage returns', bytesOf(`${set('a', 1)}\r\n${remove('a')}\r`)],
  ['blank lines', bytesOf('\n\n \n\t\r\n')],
  ['a byte order mark', bytesOf(`\ufeff${set('a', 1)}`)],
  ['a byte order mark inside', bytesOf(`${set('a', 1)}\n\ufeff${set('b', 1)}`)],
  ['half a byte order mark', bytesOf([0xef, 0xbb], set('a', 1))],
  ['the ends of one inside', bytesOf(`${set('a', 1)}\n`, [0xef, 0xbf], set('b', 1))],
  ['zero bytes', bytesOf(set('a', 1), [0, 0, 0], set('b', 2))],
  ['a torn put', bytesOf(set('user:1', 'x').slice(0, -3))],
  ['glued lines', bytesOf(set('a', 1).slice(0, 60), set('b', 2))],
  ['bad bytes in a value', bytesOf('{"op":"SET","key":"a","value":"x', [0xe2, 0x82], '"}')],
  ['bad bytes in a key', bytesOf('{"op":"SET","value":1,"key":"x', [0xf0, 0x9f, 0x98], 'y"}')],
  ['bad bytes at the line end', bytesOf('{"op":"SET"}', [0xe2, 0x82])],
  ['bad bytes outside a string', bytesOf('{"op":"DELETE",', [0xc3, 0xa9], '"key":"a"}')],
  ['scalars that break off', inLines('1.', '-', '1e', '1E+', '1.5e', '-01', 'tru', 'nulls')],
  ['brackets that do not fit', inLines('[1}', '{"a":1]', '[[}]', '[]]', '[{]}', '{{}}')],
  ['nearly brackets', inLines('{"a":1y', '{"a":1\x7f', '[1Y', '[1_')],
  ['whitespace for a value', inLines(' ', '[1, ]', '{"a": }', '"\t')],
  ['marks without values', inLines('{"a":}', '[1,]', '{"a":1,}', '[,1]', '{"a"}', '{"a":1,2}')],
  ['characters of every length', bytesOf(set('aé€😀', 'aé€😀\u2028'))],
];
