// The figures that the bot's documents name, beside the bot's own way and logctl on this machine.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { aligned, median } from '../columns.mjs';
import { sizeText } from '../settings.mjs';
import * as bot from './bot.mjs';
import { makeEntries } from './entries.mjs';
import { fsyncMs } from './fsync.mjs';

// The documents give no sizes. With these the bot's own way takes about what they say.
const players = 2_500;
const channels = 3_000;
const tokens = 4_000;
const logBytes = 8 << 20;
const repeats = 5;
const firstTime = Date.parse('2026-01-01T00:00:00.000Z');
const headings = ['OPERATION', 'DOCUMENTED', "BOT'S WAY", 'OURS', 'VS BOT', 'AND MAIN FILE'];

/** Times every operation both ways: { rows, fsyncs }; a row's figures are milliseconds. */
export async function measureDocuments({ dataDir, rounds, say }) {
  const logctl = await import('../../dist/index.js');
  const rows = new Map();
  const fsyncs = [];
  for (let round = 0; round < rounds; round++) {
    say(`documents' figures, round ${round + 1}`);
    const folder = mkdtempSync(join(dataDir, 'documents-'));
    try {
      fsyncs.push(fsyncMs(folder));
      for (const operation of operations) {
        const own = join(folder, operation.name.replaceAll(' ', '-'));
        const row = rows.get(operation.name) ?? { ...operation, bot: [], ours: [], full: [] };
        await operation.run({ row, logctl, ...stores(own) });
        rows.set(operation.name, row);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  const plain = ({ name, documentedMs, ...row }) => {
    return { name, documentedMs, bot: row.bot, ours: row.ours, full: row.full };
  };
  return { rows: [...rows.values()].map(plain), fsyncs };
}

/** Returns the table and what its columns mean. */
export function documentsText({ rows }) {
  const texts = rows.map(({ name, documentedMs, bot: own, ours, full }) => [
    name,
    `~${documentedMs} ms`,
    ms(median(own)),
    ms(median(ours)),
    median(own.map((value, i) => ours[i] / value)).toFixed(2),
    full.length > 0 ? ms(median(full)) : '-',
  ]);
  return [
    ...aligned([headings, ...texts]),
    '',
    `${players} players (main file ${mainText()}), ${channels} games, ${tokens} tokens,` +
      ` a log of ${sizeText(logBytes)}: the documents name no sizes`,
    "BOT'S WAY: the log fsynced and the main file written, without fsync; OURS: the log fsynced," +
      ' the main file follows; AND MAIN FILE: until that is fsynced and renamed too',
    ...rows.map(heldText),
  ];
}

function heldText({ name, documentedMs, bot: own, ours }) {
  const holds = median(ours) <= median(own) && median(ours) <= documentedMs;
  return `${holds ? 'holds' : 'DOES NOT HOLD'}: ${name} at least as fast as both`;
}

const ms = (value) => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
const mainText = () => sizeText(JSON.stringify(membersOf(players), null, 2).length);

/** Every `run` adds as many figures to `row.bot` as to `row.ours`, one beside the other in time. */
const operations = [
  { name: 'player update', documentedMs: 15, run: (given) => saveMembers(given, players) },
  { name: 'game state save', documentedMs: 18, run: (given) => saveMembers(given, channels) },
  { name: 'token save', documentedMs: 60, run: saveTokens },
  { name: 'load', documentedMs: 10, run: load },
  { name: 'compaction', documentedMs: 100, run: compaction },
  { name: 'recovery', documentedMs: 50, run: recovery },
];

async function saveMembers({ row, logctl, theirs, ours }, members) {
  const data = membersOf(members);
  writeMain(theirs, data);
  writeMain(ours, data);
  const log = await logctl.openLog(ours.log, { mirror: ours.main });
  for (let i = 0; i < repeats; i++) {
    const key = Object.keys(data)[i * 97];
    const value = { ...data[key], totalGames: i };
    row.bot.push(await timed(() => bot.saveMember(theirs, key, value)));
    const set = await timed(() => log.set(key, { ...log.get(key), totalGames: i }));
    row.ours.push(set);
    row.full.push(set + (await timed(() => log.flush())));
  }
  await log.close();
}

async function saveTokens({ row, logctl, theirs, ours }) {
  const data = () => {
    const list = Object.values(membersOf(tokens));
    return { lastUpdated: new Date().toISOString(), count: list.length, tokens: list };
  };
  writeMain(theirs, data());
  writeMain(ours, data());
  const log = await logctl.openLog(ours.log, { mirror: ours.main });
  for (let i = 0; i < repeats; i++) {
    const saved = data();
    row.bot.push(await timed(() => bot.saveAll(theirs, saved)));
    const replaced = await timed(() => log.replace(saved));
    row.ours.push(replaced);
    row.full.push(replaced + (await timed(() => log.flush())));
  }
  await log.close();
}

async function load({ row, logctl, theirs }) {
  writeMain(theirs, membersOf(players));
  for (let i = 0; i < repeats; i++) {
    row.bot.push(await timed(() => bot.loadMain(theirs.main)));
    row.ours.push(await timed(() => logctl.loadMirror(theirs.main)));
  }
}

async function recovery({ row, logctl, ours }) {
  writeFileSync(ours.log, logText());
  for (let i = 0; i < repeats; i++) {
    row.bot.push(await timed(() => bot.rebuildStateFromLog(ours.log)));
    row.ours.push(await timed(() => logctl.loadMirror(ours.main)));
  }
}

async function compaction({ row, logctl, theirs, ours }) {
  const text = logText();
  const locks = await logctl.loadKernelLocks(logctl.nodeDisk);
  const context = {
    ...{ disk: logctl.nodeDisk, locks, now: Date.now, version: logctl.version },
    sleep: async (waitMs) => void (await sleep(waitMs)),
    random: () => randomBytes(6).toString('hex'),
  };
  for (let i = 0; i < repeats; i++) {
    writeFileSync(theirs.log, text);
    writeFileSync(ours.log, text);
    row.bot.push(await timed(() => bot.compactLog(theirs.log)));
    row.ours.push(await timed(() => logctl.compact(context, [ours.log], { force: true })));
    if (statSync(ours.log).size >= logBytes) throw new Error('the log was not compacted');
  }
}

async function timed(act) {
  const started = performance.now();
  await act();
  return performance.now() - started;
}

/** A log as the bot writes it, the players' updates one after the other. */
function logText() {
  const entry = makeEntries(players);
  const lines = [];
  for (let i = 0, bytes = 0; bytes < logBytes; i++) {
    const [key, value] = entry(i);
    const timestamp = new Date(firstTime + i).toISOString();
    lines.push(`${JSON.stringify({ timestamp, op: 'SET', key, value })}\n`);
    bytes += lines[i].length;
  }
  return lines.join('');
}

function membersOf(count) {
  const entry = makeEntries(count);
  return Object.fromEntries(Array.from({ length: count }, (_, i) => entry(i)));
}

/** A store of the bot's and one of ours, each a main file and its log. */
function stores(folder) {
  const [theirs, ours] = ['theirs', 'ours'].map((name) => {
    mkdirSync(join(folder, name, 'logs'), { recursive: true });
    const main = join(folder, name, 'players.json');
    return { main, log: join(folder, name, 'logs', 'players.log') };
  });
  return { theirs, ours };
}

function writeMain({ main }, data) {
  writeFileSync(main, JSON.stringify(data, null, 2));
}
