// Makes the benchmark's logs: streamed to disk, the same bytes for the same kind and size.
// Usage: node bench/generate.mjs [--kind players,small,checkpoint,opslog] [--size 256MiB]
//        [--data-dir DIR]
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { opsFileOf, opslogLines, writeStoreHead } from './opslog-store.mjs';
import { parseSettings, sizeOf, sizeText } from './settings.mjs';

const bufferBytes = 4 << 20;
const firstTime = Date.parse('2026-01-01T00:00:00.000Z');

/** How each kind is made: how many keys, how a key is called, what a value is. */
const kinds = {
  players: { keys: 100_000, deletes: 0.02, name: userId, value: player },
  small: { keys: 1_000_000, deletes: 0, name: (i) => `sensor.${1_000_000 + i}`, value: reading },
  // As many keys as fill the first line's share of the file.
  checkpoint: { keys: 0, deletes: 0, name: (i) => `session:${1_000_000 + i}`, value: session },
  // The entries of players, as a store of another library.
  opslog: { keys: 100_000, deletes: 0.02, name: userId, value: player, isStore: true },
  // The lines of small, all of one key: what a key costs is the difference.
  'one-key': { keys: 1_000_000, deletes: 0, name: () => 'sensor.1000000', value: reading },
};

/** Of a checkpoint file's bytes, the part that its first line takes. */
const checkpointShare = 7 / 8;

/**
 * Returns the path of the log (a store's folder) of that kind and size, in bytes; makes it unless
 * it is there. The last line is whole, so the file is up to one line longer than asked for.
 */
export function generate({ kind: kindName, size, dataDir }) {
  const kind = kinds[kindName];
  if (!kind) throw new Error(`--kind ${kindName}: expected ${Object.keys(kinds).join(', ')}`);
  mkdirSync(dataDir, { recursive: true });
  const ending = kind.isStore ? '' : '.log';
  const path = join(dataDir, `${kindName}-${sizeText(size).replace(' ', '')}${ending}`);
  if (existsSync(path) && bytesOf(path) >= size) return path;
  const unfinished = `${path}.unfinished`;
  if (kind.isStore) writeStoreHead(unfinished, new Date(firstTime).toISOString());
  const out = openOutput(kind.isStore ? opsFileOf(unfinished) : unfinished);
  const known = kindName === 'checkpoint' ? writeCheckpoint(out, kind, size) : 0;
  writeEntries(out, kind, { size, known });
  out.close();
  renameSync(unfinished, path);
  return path;
}

/** Returns how many bytes of entries a log holds, be it a file or a store's folder. */
export function bytesOf(path) {
  return statSync(entriesFileOf(path)).size;
}

/** Returns the file in which the entries stand. */
export function entriesFileOf(path) {
  return statSync(path).isDirectory() ? opsFileOf(path) : path;
}

/** Writes one CHECKPOINT line that fills its share of the file; returns how many keys it holds. */
function writeCheckpoint(out, kind, size) {
  const dice = makeDice(7);
  out.write('{"op":"CHECKPOINT","state":{');
  let keys = 0;
  while (keys === 0 || out.bytes() < size * checkpointShare) {
    const comma = keys === 0 ? '' : ',';
    out.write(`${comma}${JSON.stringify(kind.name(keys))}:${kind.value(dice, keys, firstTime)}`);
    keys += 1;
  }
  out.write(`},"compactedAt":"${new Date(firstTime).toISOString()}"}\n`);
  return keys;
}

/**
 * Writes SETs and DELETEs until the file has its size.
 * Half of the lines bring a new key until all are there; the others go to known keys, the older
 * the likelier: key r about 1 / (r + 1) times as often as the first (Zipf).
 */
function writeEntries(out, kind, { size, known }) {
  const dice = makeDice(11);
  const lineOf = kind.isStore ? opslogLines() : progressiveLine;
  const skewed = (count) => Math.min(count, Math.floor(Math.exp(dice() * Math.log(count + 1)))) - 1;
  for (let line = 0; out.bytes() < size; line++) {
    const isNew = known < kind.keys && (known === 0 || dice() < 0.5);
    const index = isNew ? known++ : skewed(known);
    const ms = firstTime + line * 137;
    const isDeleted = !isNew && dice() < kind.deletes;
    const value = isDeleted ? undefined : kind.value(dice, index, ms);
    const time = new Date(ms).toISOString();
    out.write(lineOf({ time, key: JSON.stringify(kind.name(index)), value }));
  }
}

/** `key` and `value` are JSON; without a value the key is deleted. */
export function progressiveLine({ time, key, value }) {
  const head = `{"timestamp":"${time}","op":`;
  if (value === undefined) return `${head}"DELETE","key":${key}}\n`;
  return `${head}"SET","key":${key},"value":${value}}\n`;
}

/** Returns JSON of about 350 bytes, nested, as a game bot keeps of its players. */
export function player(dice, index, ms) {
  const date = new Date(ms).toISOString();
  const score = Math.floor(dice() * 400);
  const wins = Math.floor(dice() * 60);
  return (
    `{"userId":"${userId(index)}","username":"plåyer ${index}","totalGames":${wins * 3},` +
    `"totalWins":${wins},"totalScore":${wins * 210 + score},"averageScore":${score},` +
    `"totalCorrectAnswers":${wins * 7},"accuracyRate":${(dice() * 100).toFixed(2)},` +
    `"gamesHistory":[{"date":"${date}","score":${score},"isWinner":${score > 200}},` +
    `{"date":"${date}","score":${wins},"isWinner":false,"correctAnswers":1}]}`
  );
}

/** Returns the key of that player. */
export function userId(index) {
  return `18${2188457710934425 + index * 37}`;
}

/** About 40 bytes, as home automation keeps of its sensors. */
export function reading(dice, _index, ms) {
  return `{"v":${(dice() * 100).toFixed(3)},"u":"°C","ack":true,"t":${ms % 1e7}}`;
}

/** About 1,000 bytes, much of it one long string with escapes. */
function session(dice, index) {
  const words = ['alpha', 'l\\u00efnk', 'say \\"hi\\"', 'path\\\\to', 'tab\\t', 'naïve', 'omega'];
  let text = '';
  while (text.length < 940) text += `${words[Math.floor(dice() * words.length)]} `;
  return (
    `{"id":${index},"open":true,"ratio":${dice()},"tags":["a","b",["c",null]],` +
    `"seen":{"first":${firstTime + index},"count":${Math.floor(dice() * 1e6)}},"note":"${text}"}`
  );
}

/** Returns dice that fall the same way for the same seed: 0 to below 1 (mulberry32). */
export function makeDice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A file written in big pieces; `bytes()` is what it holds with what still waits. */
export function openOutput(path) {
  const file = openSync(path, 'w');
  const buffer = Buffer.allocUnsafe(bufferBytes);
  let waiting = 0;
  let written = 0;
  const flush = () => {
    for (let done = 0; done < waiting;) done += writeSync(file, buffer, done, waiting - done);
    written += waiting;
    waiting = 0;
  };
  return {
    bytes: () => written + waiting,
    write(text) {
      // A character takes at most three bytes of UTF-8.
      if (waiting + text.length * 3 > bufferBytes) flush();
      waiting += buffer.write(text, waiting);
    },
    close() {
      flush();
      closeSync(file);
    },
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const settings = parseSettings();
  for (const kind of settings.kinds) {
    const path = generate({ kind, size: sizeOf(kind, settings), dataDir: settings.dataDir });
    console.log(`${path}: ${sizeText(bytesOf(path))}`);
  }
}
