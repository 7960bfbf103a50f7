// The log functions as a bot has them before the change: plain files, nothing but Node.
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

export const OpType = { SET: 'SET', DELETE: 'DELETE', CHECKPOINT: 'CHECKPOINT' };

const folder = join('data', 'logs');
const backupsKept = 3;
const fileOf = (logName) => join(folder, `${logName}.log`);

/** Opens, appends one line, makes it durable, closes. */
export async function appendLogEntry(logName, entry) {
  mkdirSync(folder, { recursive: true });
  const file = openSync(fileOf(logName), 'a');
  try {
    writeSync(file, `${JSON.stringify({ timestamp: new Date().toISOString(), ...entry })}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Every line, parsed. One that is no JSON makes the whole log unreadable. */
export async function readLogEntries(logName) {
  if (!existsSync(fileOf(logName))) return [];
  const lines = readFileSync(fileOf(logName), 'utf8').trim().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}

/** Plays the entries in order; whole-state entries are merged into what is there. */
export async function rebuildStateFromLog(logName) {
  const state = {};
  for (const { op, key, value, data, state: all } of await readLogEntries(logName)) {
    if (op === OpType.SET && key) state[key] = value;
    else if (op === OpType.SET) Object.assign(state, data);
    else if (op === OpType.DELETE) delete state[key];
    else if (op === OpType.CHECKPOINT) Object.assign(state, all);
  }
  return state;
}

/** Writes the state over the log, in place: what is appended meanwhile, or a kill here, costs. */
export async function compactLog(logName) {
  const path = fileOf(logName);
  if (!existsSync(path)) return;
  const state = await rebuildStateFromLog(logName);
  copyFileSync(path, `${path}.backup.${Date.now()}`);
  const compactedAt = new Date().toISOString();
  writeFileSync(path, `${JSON.stringify({ op: OpType.CHECKPOINT, state, compactedAt })}\n`);
  const backups = readdirSync(folder).filter((name) => name.startsWith(`${logName}.log.backup.`));
  for (const name of backups.sort().reverse().slice(backupsKept)) unlinkSync(join(folder, name));
}

export async function getLogSize(logName) {
  return existsSync(fileOf(logName)) ? statSync(fileOf(logName)).size : 0;
}

export async function needsCompaction(logName, threshold = 1024 * 1024) {
  return (await getLogSize(logName)) > threshold;
}

export async function compactAllLogs(logNames) {
  for (const name of logNames) await compactLog(name);
}

/** Looks at each log at intervals and compacts those that are too large. */
export class CompactionScheduler {
  constructor(intervalMs = 3_600_000) {
    this.intervalMs = intervalMs;
  }

  start(logNames) {
    this.timer ??= setInterval(async () => {
      for (const name of logNames) if (await needsCompaction(name)) await compactLog(name);
    }, this.intervalMs);
    return this;
  }

  stop() {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
