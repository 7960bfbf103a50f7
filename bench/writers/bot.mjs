// A game bot's own way: an append log and a main JSON file for each kind of data, plainly written
// again after services/append-log.js and storage.js of the Name That Artist bot.
import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { copyFile, readFile, readdir, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const backupsKept = 3;

/** Appends one entry: opens the log by its path, writes, fsyncs, closes. */
export async function appendLogEntry(path, entry) {
  const line = `${JSON.stringify({ timestamp: new Date().toISOString(), ...entry })}\n`;
  const file = openSync(path, 'a');
  try {
    writeSync(file, line);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Returns the state that the log's entries make, in their order. */
export async function rebuildStateFromLog(path) {
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  const state = {};
  for (const line of lines.filter((text) => text.length > 0)) {
    const { op, key, value, data, state: checkpoint } = JSON.parse(line);
    if (op === 'SET' && key) state[key] = value;
    else if (op === 'SET' && data) Object.assign(state, data);
    else if (op === 'DELETE') delete state[key];
    else if (op === 'CHECKPOINT') Object.assign(state, checkpoint);
  }
  return state;
}

/** Copies the log to a backup, writes a checkpoint over it, keeps the newest three backups. */
export async function compactLog(path) {
  const state = await rebuildStateFromLog(path);
  await copyFile(path, `${path}.backup.${Date.now()}`);
  const checkpoint = { op: 'CHECKPOINT', state, compactedAt: new Date().toISOString() };
  await writeFile(path, `${JSON.stringify(checkpoint)}\n`);
  const prefix = `${basename(path)}.backup.`;
  const backups = (await readdir(dirname(path))).filter((name) => name.startsWith(prefix)).sort();
  for (const name of backups.slice(0, -backupsKept)) await unlink(join(dirname(path), name));
}

/** Returns what the main file holds. */
export async function loadMain(path) {
  return JSON.parse(await readFile(path, 'utf8'));
}

/** Sets one member: reads the main file, appends to the log, writes the main file again. */
export async function saveMember({ main, log }, key, value) {
  const all = await loadMain(main);
  all[key] = value;
  await appendLogEntry(log, { op: 'SET', key, value });
  await saveMain(main, all);
}

/** Replaces everything: appends it to the log, writes the main file. */
export async function saveAll({ main, log }, data) {
  await appendLogEntry(log, { op: 'SET', data });
  await saveMain(main, data);
}

async function saveMain(path, data) {
  mkdirSync(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(data, null, 2));
}
