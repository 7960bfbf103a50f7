// A bot's data directory on the real disk, a November of it, well or damaged on purpose.
import { mkdirSync, mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkpoint, clock, log, set } from './bot-log.js';

/** The players of every store, the best first. */
export const playerKeys = ['348571290334887937', '218845771093442561', '771203345590081024'];

/** A store, and ways to hurt it. Paths are meant from `root`. */
export interface BotStore {
  /** The bot's directory: it holds `data`. */
  root: string;
  players: string;
  /** Bytes and lines of players.log while it is well. */
  bytes: number;
  lines: number;
  backup: string;
  mirror: string;
  /** Replaces the bytes of a file; its mtime becomes that of the last entry. */
  write(path: string, content: string | Uint8Array): void;
  /** The first bytes of an entry that sets `key`, and the whole of it. */
  torn(key: string): string;
  whole(key: string): string;
  text: string;
  remove(): void;
}

const entriesOfStore = 60;
// Numbers as the clock of `bot-log` counts them: seconds after the first entry.
const madeAt = 3_600;
const endsAt = 7_200;

/** The instant at which tests look at a store: 19 s after its last entry. Milliseconds. */
export const lookedAt = Date.parse(clock(endsAt)) + 19_000;

/** Makes a store whose players.log was compacted once, with its backup and its main JSON file. */
export function botStore(): BotStore {
  const root = mkdtempSync(join(tmpdir(), 'logctl-bot-'));
  mkdirSync(join(root, 'data/logs'), { recursive: true });
  const value = (key: string, games: number) => ({
    userId: key,
    stats: { games, score: games * 7 },
  });
  const at = (i: number) => playerKeys[i % playerKeys.length];
  const before = Array.from({ length: 20 }, (_, i) => set(at(i), value(at(i), i), i * 60));
  // The last of the twenty before it that set each key: entries 18, 19 and 17.
  const state = Object.fromEntries(playerKeys.map((key, i) => [key, value(key, [18, 19, 17][i])]));
  const step = (endsAt - madeAt) / entriesOfStore;
  const after = Array.from({ length: entriesOfStore }, (_, i) =>
    set(at(i), value(at(i), 100 + i), madeAt + (i + 1) * step),
  );
  const text = log(checkpoint(state, madeAt), ...after);
  const live = Object.fromEntries(playerKeys.map((key, i) => [key, value(key, 157 + i)]));
  const store: BotStore = {
    root,
    players: 'data/logs/players.log',
    bytes: Buffer.byteLength(text),
    lines: entriesOfStore + 1,
    backup: `data/logs/players.log.backup.${Date.parse(clock(madeAt)) - 5}`,
    mirror: 'data/players.json',
    text,
    write(path, content) {
      writeFileSync(join(root, path), content);
      const seconds = Date.parse(clock(endsAt)) / 1000;
      utimesSync(join(root, path), seconds - 60, seconds - 60);
    },
    torn: (key) => store.whole(key).slice(0, 90),
    whole: (key) => set(key, value(key, 999), endsAt),
    remove: () => rmSync(root, { recursive: true }),
  };
  store.write(store.players, text);
  store.write(store.backup, log(...before));
  store.write(store.mirror, JSON.stringify(live, null, 2));
  return store;
}

/** Cuts a file of the store to its first bytes. */
export function cut(store: BotStore, path: string, bytes: number): void {
  truncateSync(join(store.root, path), bytes);
}
