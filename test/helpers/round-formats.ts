/** Logs of every format for random recover rounds: each whole entry is known by its text. */
import { numbered, checkpoint, clock, set, remove } from './bot-log.js';

/** Random numbers of one round. */
export class Dice {
  constructor(private readonly random: () => number) {}

  /** An integer from 0 up to and without `count`. */
  below(count: number): number {
    return Math.floor(this.random() * count);
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }
}

/** A state as a reader of the format folds it: key to the JSON text of its value. */
export type Fold = Map<string, string>;

/** What rounds need to know of a format; nothing of it comes from the engine. */
export interface RoundFormat {
  name: string;
  path: string;
  /** What the operator tells the engine. */
  options: { dialect: string; keyAt?: string; timeAt?: string };
  /** Entry number `n`, whole, without newline. No two have one text, some deletions excepted. */
  entry(dice: Dice, n: number): string;
  /** Folds a whole entry of this module into a state; absent where lines have no keys. */
  fold?(state: Fold, line: string): void;
  /** The state in the words of the format, as its compaction begins a log with it. */
  head?(state: Fold, n: number, more: { folded?: number }): string;
  /** The main JSON file beside the log; absent where the format has none. */
  mirror?: string;
  /** Where its own library leaves copies. */
  companions: readonly string[];
}

const keys = ['ann', 'bob', 'user:3', 'cyd', 'Ä', '7', 'eve'];
const texts = ['', 'plain', 'é ü ß', '😀', 'with \\ and "quotes"', 'x'.repeat(90), '{"op":"SET"}'];
const valueOf = (dice: Dice, n: number) => ({ n, text: dice.of(texts) });

const foldBot = (state: Fold, line: string): void => {
  const entry = JSON.parse(line) as Record<string, unknown> & { state?: object };
  if (entry.op === 'SET') state.set(String(entry.key), JSON.stringify(entry.value));
  else if (entry.op === 'DELETE') state.delete(String(entry.key));
  else if (entry.op === 'CHECKPOINT') {
    state.clear();
    for (const [key, value] of Object.entries(entry.state!)) state.set(key, JSON.stringify(value));
  }
};
const asObject = (state: Fold) =>
  Object.fromEntries([...state].map(([key, text]) => [key, JSON.parse(text) as unknown]));

const bot = {
  path: '/data/logs/players.log',
  options: { dialect: 'progressive' },
  fold: foldBot,
  mirror: '/data/players.json',
  companions: [],
};
const botEntry = (dice: Dice, n: number) =>
  dice.chance(0.12) ? remove(dice.of(keys), n) : set(dice.of(keys), valueOf(dice, n), n);

const jsonlEntry = (dice: Dice, n: number) =>
  JSON.stringify({ id: dice.of(keys), at: clock(n), ...valueOf(dice, n) });

/** The formats of which a log is one file. */
export const roundFormats: readonly RoundFormat[] = [
  {
    ...bot,
    name: 'bot',
    entry: botEntry,
    head: (state, n, more) => checkpoint(asObject(state), n, more),
  },
  {
    ...bot,
    name: 'numbered bot',
    entry: (dice, n) => numbered(botEntry(dice, n), n),
    head: (state, n, more) => numbered(checkpoint(asObject(state), n, more), n),
  },
  {
    name: 'lines',
    path: '/data/events.jsonl',
    options: { dialect: 'jsonl' },
    entry: jsonlEntry,
    companions: [],
  },
  {
    name: 'keyed lines',
    path: '/data/events.jsonl',
    options: { dialect: 'jsonl', keyAt: '/id', timeAt: '/at' },
    entry: jsonlEntry,
    fold: (state, line) => void state.set((JSON.parse(line) as { id: string }).id, line),
    companions: [],
  },
  {
    name: 'jsonldb',
    path: '/data/db.jsonl',
    options: { dialect: 'jsonldb' },
    entry: (dice, n) =>
      JSON.stringify(
        dice.chance(0.1) ? { k: dice.of(keys) } : { k: dice.of(keys), v: valueOf(dice, n) },
      ),
    fold(state, line) {
      const { k, v } = JSON.parse(line) as { k: string; v?: unknown };
      if (v === undefined) state.delete(k);
      else state.set(k, JSON.stringify(v));
    },
    companions: ['.bak', '.dump'],
  },
  {
    name: 'nedb',
    path: '/data/db.db',
    options: { dialect: 'nedb' },
    entry: (dice, n) =>
      JSON.stringify(
        dice.chance(0.1)
          ? { $$deleted: true, _id: dice.of(keys) }
          : { _id: dice.of(keys), ...valueOf(dice, n) },
      ),
    fold(state, line) {
      const { _id, $$deleted } = JSON.parse(line) as { _id: string; $$deleted?: boolean };
      if ($$deleted === true) state.delete(_id);
      else state.set(_id, line);
    },
    companions: ['~'],
  },
];
