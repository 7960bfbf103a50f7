/** One random recover round: a damaged log, what lies beside it, and what the operator says. */
import { gzipSync } from 'node:zlib';
import type { RecoverOptions } from '../../src/engine/context.js';
import { contextOf } from './context.js';
import { randomFrom } from './crash-states.js';
import { damageNames, damaged } from './round-damage.js';
import { Dice, roundFormats, type Fold, type RoundFormat } from './round-formats.js';
import { numbered, set } from './bot-log.js';

export interface RoundScene {
  format: RoundFormat;
  /** Paths to bytes; the log may be missing. */
  files: Record<string, Buffer>;
  options: RecoverOptions;
  /** What it is, in words, for whoever reads of a fault. */
  what: string;
  /** Every whole entry that was ever written. */
  entries: ReadonlySet<string>;
  /** Those of them that count together or not at all. */
  batches: readonly string[][];
}

const nowMs = contextOf().now();
const backupKinds = ['none', 'none', 'prefix', 'same', 'chain', 'gz', 'damaged', 'future'] as const;
const mirrorKinds = ['none', 'none', 'same', 'ahead', 'behind', 'torn'] as const;

/** The scene of a seed: always the same. */
export function roundScene(seed: number): RoundScene {
  const dice = new Dice(randomFrom(seed));
  const format = dice.of(roundFormats);
  const history = new History(format, dice);
  const { lines } = history;
  const names = Array.from({ length: dice.of([1, 1, 2, 2, 3]) }, () => dice.of(damageNames));
  const backups = dice.of(backupKinds);
  const mirror = format.mirror === undefined ? 'none' : dice.of(mirrorKinds);
  const files: Record<string, Buffer> = {};
  if (!dice.chance(0.03)) files[format.path] = damaged(lines, names, dice);
  history.putBackups(files, backups);
  if (mirror !== 'none') history.putMirror(files, mirror);
  const options = optionsOf(dice, format, mirror !== 'none');
  const told = JSON.stringify({ ...options, ...format.options, dialect: undefined });
  return {
    ...{ format, files, options, entries: history.entries, batches: history.batches },
    what: `${format.name}, ${names.join(' + ')}, backup ${backups}, mirror ${mirror}, ${told}`,
  };
}

function optionsOf(dice: Dice, format: RoundFormat, hasMirror: boolean): RecoverOptions {
  const policy = dice.of(['tail', 'prefix', 'salvage', 'salvage', 'salvage', 'strict'] as const);
  const maxLost = dice.of([0, 0, 1, 3, 99, 99]);
  const how = hasMirror ? dice.of(['leave', 'rebuild', 'adopt', 'replace'] as const) : 'leave';
  return {
    ...format.options,
    ...{ policy, maxLost },
    ...(how === 'leave' ? {} : { rebuildMirror: true }),
    ...(how === 'adopt' ? { adoptMirror: true } : {}),
    ...(how === 'replace' ? { replaceMirror: true } : {}),
  };
}

/** Everything that was written, in the versions of the log that compactions left. */
class History {
  /** Of the log as it is now, before it is damaged. */
  lines: string[] = [];
  readonly entries = new Set<string>();
  readonly batches: string[][] = [];
  /** Logs that compactions replaced, the oldest first. */
  private readonly earlier: string[][] = [];
  private last = 0;

  constructor(
    private readonly format: RoundFormat,
    private readonly dice: Dice,
  ) {
    const compactions = format.head === undefined ? 0 : dice.of([0, 0, 1, 2]);
    for (let i = 0; i <= compactions; i++) {
      if (i > 0) this.compact();
      const count = dice.below(4) === 0 ? dice.below(4) : 4 + dice.below(24);
      for (let written = 0; written < count; written++) this.write();
    }
  }

  putBackups(files: Record<string, Buffer>, kind: (typeof backupKinds)[number]): void {
    const { format, dice, lines } = this;
    if (kind === 'none') return;
    const count = kind === 'same' ? lines.length : dice.below(lines.length + 1);
    const own = bytesOf(lines.slice(0, count));
    const isHead = this.earlier.length > 0;
    const wrong = () => damaged(lines, [dice.of(damageNames), dice.of(damageNames)], dice);
    this.earlier.forEach((version, i) => {
      files[`${format.path}.backup.${nowMs - 100_000 + i * 1_000}`] = bytesOf(version);
    });
    const [companion] = format.companions;
    if (companion !== undefined && dice.chance(0.3)) {
      files[format.path + companion] = kind === 'damaged' ? wrong() : own;
      return;
    }
    const ms = kind === 'future' ? nowMs + 1e10 : nowMs - (isHead ? 200_000 : 1_000);
    const name = `${format.path}.backup.${ms}`;
    if (kind === 'damaged') files[name] = wrong();
    else if (kind === 'gz') files[`${name}.gz`] = gzipSync(own);
    else if (kind !== 'chain' || !isHead) files[name] = own;
  }

  putMirror(files: Record<string, Buffer>, kind: (typeof mirrorKinds)[number]): void {
    const { format, dice, lines } = this;
    const count = kind === 'behind' ? dice.below(lines.length + 1) : lines.length;
    const state: Fold = new Map();
    for (const line of lines.slice(0, count)) format.fold!(state, line);
    if (kind === 'ahead') {
      state.set('ahead', '{"n":1000}');
      if (dice.chance(0.5)) state.set('ann', '{"n":1001}');
    }
    const members = [...state].map(([key, text]) => [key, JSON.parse(text) as unknown]);
    const text = JSON.stringify(Object.fromEntries(members), null, 2);
    const length = kind === 'torn' ? dice.below(text.length) : text.length;
    files[format.mirror!] = Buffer.from(text.slice(0, length));
  }

  private write(): void {
    const { format, dice } = this;
    if (format.name === 'numbered bot' && dice.chance(0.12)) return this.writeBatch();
    this.push(format.entry(dice, (this.last += 1)));
  }

  /** Entries that count together or not at all. */
  private writeBatch(): void {
    const of = 2 + this.dice.below(3);
    const first = this.last + 1;
    const batch: string[] = [];
    this.batches.push(batch);
    for (let i = 0; i < of; i++) {
      const n = (this.last += 1);
      const line = set(`batch${i}`, { n }, n).slice(0, -1);
      const text = numbered(`${line},"batch":${first},"of":${of}}`, n);
      batch.push(text);
      this.push(text);
    }
  }

  private compact(): void {
    const { format, lines } = this;
    if (lines.length === 0) return;
    const state: Fold = new Map();
    for (const line of lines) format.fold!(state, line);
    this.earlier.push(lines);
    this.lines = [];
    // Our compactions say how much they stand for, the bot's do not.
    const more = this.dice.chance(0.5) ? { folded: bytesOf(lines).length } : {};
    this.push(format.head!(state, this.last, more));
  }

  private push(text: string): void {
    this.entries.add(text);
    this.lines.push(text);
  }
}

const bytesOf = (lines: readonly string[]) =>
  Buffer.from(lines.map((line) => `${line}\n`).join(''));
