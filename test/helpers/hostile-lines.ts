/** Lines of logs as nobody would write them, and plain ones with one thing wrong. */
import { crc32 } from 'node:zlib';

const time = '2026-01-15T12:34:56.789Z';
const times = [
  ...['2026-13-01T00:00:00.000Z', '2025-02-29T00:00:00.000Z', '2024-02-29T00:00:00.000Z'],
  ...['2026-01-01T24:00:00.000Z', '2026-01-01 00:00:00.000Z', '2026-04-31T00:00:00.000Z', 'x', ''],
  ...['2026-01-15T12:34:60.789Z', '0000-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'],
  ...['2026-01-15T12:34:56.7890', '1969-12-31T23:59:59.999Z', '2026-01-15T12:34:56Z'],
];
const numbers = [
  ...['0', '-0', '1', '-1', '12.5', '-0.0', '1e5', '1E+5', '1e-5', '1.5e10', '01', '-01', '1.'],
  ...['.5', '-', '1e', '1e+', '1.2.3', '1e5e5', '1e5.5', '+1', '0x10', '1-2', '00', '0.10'],
  ...['1e999', '-.5', '1.e5', '--1', '1_0', 'NaN', 'Infinity', '0e0', '0E-0', '9'.repeat(70)],
  ...[`1.${'9'.repeat(70)}`, `1e${'9'.repeat(70)}`, `0${'1'.repeat(70)}`],
  ...[`${'9'.repeat(130)}.5e+7`, '12345678901234567890', '1e', '9'.repeat(64), '0.'],
];
const literals = [
  ...['true', 'false', 'null', 'True', 'tru', 'truee', 'nul', 'nulll', 'falsey', 'fals', 'true1'],
  ...['null.', 'undefined', 'truenull', 'true"a"', 't', 'f', 'n', 'e', 'E'],
];
const strings = [
  ...['""', '"a"', '"\\n"', '"\\u00e9"', '"\\ud83d\\ude00"', '"\\ud800"', '"\\u12"', '"\\u12G4"'],
  ...['"\\x41"', '"\\"', '"\\\\"', '"\\\\\\"', '"\\\\\\""', '"é😀"', '"\t"', '"\u0001"'],
  ...['"\u007f"', '"a\u0000b"', '"{}[]:,"', '"//"', '"\\/"', `"${'x'.repeat(63)}"`],
  ...[`"${'x'.repeat(64)}"`, `"${'\\\\'.repeat(33)}"`, `"${'\\"'.repeat(33)}"`, "'a'"],
  ...['"unterminated', '"a" "b"', '"a""b"', '"\\u005c"', '"\\b\\f\\n\\r\\t\\/"', '"\\a"'],
];
const junk = [
  ...['', ' ', '\t', '\r', ',', ':', '{', '}', '[', ']', '"', '\\', '\0', '\v', '\f', '\ufeff'],
  ...['\u00a0', 'a', '0', '-', '.', 'e', '/', '/*c*/', '_', 'Y', 'y', '\x7f', '[]', '{}', '""'],
  ...[',,', '1', '"a":1', '"a"', ',1', ',"a":1', '1.2', 'true', '00', '.0', '}]', ']}', '\x1f'],
];
const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};
const good = {
  numbers: numbers.filter(isJson),
  literals: literals.filter(isJson),
  strings: strings.filter(isJson),
};

/** Makes lines from a source of random numbers; the same numbers make the same lines. */
export class HostileLines {
  private whiteShare = 0;
  private wrongShare = 0;

  constructor(private readonly random: () => number) {}

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  private chance(share: number): boolean {
    return this.random() < share;
  }

  private pick<T>(among: readonly T[]): T {
    return among[this.below(among.length)];
  }

  /** Any line: mostly whole JSON, sometimes with one mistake, sometimes with many. */
  line(): string {
    this.whiteShare = this.chance(0.6) ? 0 : 0.3;
    this.wrongShare = this.chance(0.6) ? 0 : 0.1;
    let line = this.entry();
    if (this.chance(0.15)) line = this.withMistake(line, 0);
    if (this.chance(0.01)) line = '['.repeat(this.below(200)) + '1' + ']'.repeat(this.below(200));
    if (this.chance(0.02)) line = this.pick(['', ' ', '\r', '{}', '[]', '1', 'null', '\ufeff{}']);
    if (this.chance(0.02)) line = this.deep();
    return line.replaceAll('\n', '');
  }

  /** A line as programs write them, now and then with one or two bytes wrong. */
  plainLine(): string {
    this.whiteShare = this.wrongShare = 0;
    let line = this.plainEntry();
    if (this.chance(0.2)) line = this.numbered(line);
    return line;
  }

  /** `line` with one or two bytes gone, put in, or changed, at `from` or behind it. */
  withMistake(line: string, from = 20): string {
    for (let left = this.chance(0.3) ? 2 : 1; left > 0; left--) {
      const at = Math.min(from, line.length) + this.below(Math.max(1, line.length - from));
      const what = this.random();
      const text = this.pick(junk);
      if (what < 0.3) line = line.slice(0, at) + line.slice(at + 1);
      else if (what < 0.6) line = line.slice(0, at) + text + line.slice(at);
      else if (what < 0.9) line = line.slice(0, at) + text + line.slice(at + text.length);
      else line = line.slice(0, at) + line.slice(at + this.below(line.length - at));
    }
    return line.replaceAll('\n', '');
  }

  private white(): string {
    if (!this.chance(this.whiteShare)) return '';
    return this.pick([' ', '  ', '\t', '\r', ' \t ', ' '.repeat(70)]);
  }

  private value(depth = 0): string {
    const what = this.random();
    const wrong = this.chance(this.wrongShare);
    if (depth > 4 || what < 0.25) return this.pick(wrong ? numbers : good.numbers);
    if (what < 0.4) return this.pick(wrong ? literals : good.literals);
    if (what < 0.6) return this.pick(wrong ? strings : good.strings);
    const inner = (): string => this.white() + this.value(depth + 1) + this.white();
    if (what < 0.8) return `[${this.list(this.below(4), inner)}]`;
    return `{${this.list(this.below(4), () => this.member(this.name(), inner()))}}`;
  }

  private list(length: number, item: () => string): string {
    return length === 0 ? this.white() : Array.from({ length }, item).join(',');
  }

  private name(): string {
    if (this.chance(this.wrongShare * 0.2)) return this.pick(['1', 'true', 'a', '"\\u"']);
    return this.pick(['"a"', '"b\\"c"', `"k${this.below(100)}"`, '"é"', '"op"', '"key"', '""']);
  }

  private member(name: string, value: string): string {
    return `${this.white()}${name}${this.white()}:${this.white()}${value}${this.white()}`;
  }

  private key(): string {
    if (!this.chance(0.1)) return `"k${this.below(50)}"`;
    const odd = ['"a\\"b"', '""', '"é"', '"\\u006b1"', '12', '0', 'null', 'true', '["a"]', '{}'];
    return this.pick([...odd, `"${'k'.repeat(200)}"`, '"\\ud800"', '"\\\\"']);
  }

  private entry(): string {
    const members: [string, string][] = [];
    const stamp = this.chance(0.08) ? this.pick([...times.map((t) => `"${t}"`), '5', 'null']) : '';
    members.push(['"timestamp"', stamp === '' ? `"${time}"` : stamp]);
    members.push(...this.operation());
    if (this.chance(0.1)) members.push(['"seq"', this.pick(numbers)]);
    if (this.chance(0.1)) members.push(['"compactedAt"', `"${this.pick(times)}"`]);
    if (this.chance(0.1)) members.push([this.name(), this.value()]);
    if (this.chance(0.05)) members.push(this.pick(members));
    if (this.chance(0.05)) members.reverse();
    if (this.chance(0.03)) members.splice(this.below(members.length), 1);
    if (this.chance(0.03)) members[0][0] = '"\\u0074imestamp"';
    const text = members.map(([name, value]) => this.member(name, value)).join(',');
    const line = `${this.white()}{${text}}${this.white()}`;
    return this.chance(0.1) ? this.numbered(line) : line;
  }

  private operation(): [string, string][] {
    const what = this.random();
    const key: [string, string] = ['"key"', this.key()];
    const inner = this.white() + this.value() + this.white();
    if (what < 0.5) return [['"op"', '"SET"'], key, ['"value"', inner]];
    if (what < 0.65) return [['"op"', '"DELETE"'], key];
    if (what < 0.7) return [['"op"', this.pick(['"NOPE"', '"S\\u0045T"', '5', '"set"'])], key];
    if (what < 0.75) return [['"op"', '"SET"'], key];
    if (what < 0.8)
      return [
        ['"op"', '"SET"'],
        ['"data"', this.state()],
      ];
    if (what < 0.9)
      return [
        ['"op"', '"CHECKPOINT"'],
        ['"state"', this.state()],
      ];
    if (what < 0.93)
      return [
        ['"op"', '"RECOVERED"'],
        ['"seq"', '7'],
      ];
    return [['"op"', '"SET"'], key, ['"value"', inner], ['"extra"', this.value(2)]];
  }

  private state(): string {
    if (this.chance(0.1)) return this.value();
    const members = (): string => this.member(this.key(), this.value(1));
    return `{${this.list(this.below(8), members)}}`;
  }

  private deep(): string {
    const depth = 50 + this.below(300);
    const value = `${'[{"a":'.repeat(depth)}1${'}]'.repeat(depth + (this.chance(0.2) ? 1 : 0))}`;
    return `{"timestamp":"${time}","op":"SET","key":"deep","value":${value}}`;
  }

  private plainEntry(): string {
    const key = `"k${this.below(200)}"`;
    const what = this.random();
    const moment = new Date(1.7e12 + this.below(1e9)).toISOString();
    if (what < 0.1) return `{"timestamp":"${moment}","op":"DELETE","key":${key}}`;
    if (what < 0.15) {
      const text = `{${this.list(this.below(5), () => `"k${this.below(200)}":${this.value(1)}`)}}`;
      if (what < 0.12) return `{"timestamp":"${moment}","op":"SET","data":${text}}`;
      const head = this.chance(0.5) ? `"timestamp":"${moment}",` : '';
      const only = this.chance(0.2) ? ',"upstreamOnly":true' : '';
      return `{${head}"op":"CHECKPOINT","state":${text},"compactedAt":"${moment}"${only}}`;
    }
    return `{"timestamp":"${moment}","op":"SET","key":${key},"value":${this.value()}}`;
  }

  private numbered(line: string): string {
    const open = `${line.trimEnd().slice(0, -1)},"seq":${this.below(1000)}`;
    const sum = crc32(this.chance(0.9) ? open : `${open} `);
    return `${open},"crc":"${sum.toString(16).padStart(8, '0')}"}`;
  }
}
