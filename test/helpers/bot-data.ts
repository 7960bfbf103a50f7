/** A data directory for the bot's log functions, fresh for each test. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { OpType, appendLogEntry, configure } from '../../src/append-log.js';
import { verify } from '../../src/engine/index.js';
import { contextOf } from './context.js';

/** The log that tests write to where they name no other. */
export const name = 'test_log';

export interface BotData {
  dataDir: string;
  /** Of the log `name`. */
  path: string;
}

/** The directory of the running test; its members change from test to test. */
export function freshBotData(): BotData {
  const data = { dataDir: '', path: '' };
  beforeEach(() => {
    data.dataDir = mkdtempSync(join(tmpdir(), 'logctl-append-log-'));
    data.path = join(data.dataDir, 'logs', `${name}.log`);
    configure(data);
  });
  afterEach(() => rmSync(data.dataDir, { recursive: true, force: true }));
  return data;
}

/** Appends a SET entry. */
export const put = (key: string, value: unknown, log = name): Promise<void> =>
  appendLogEntry(log, { op: OpType.SET, key, value });

/** Puts a log there as somebody else left it. */
export function leave({ dataDir, path }: BotData, text: string): void {
  mkdirSync(join(dataDir, 'logs'), { recursive: true });
  writeFileSync(path, text);
}

/** Files beside the log whose names hold `part`. */
export function filesWith({ dataDir }: BotData, part: string): string[] {
  return readdirSync(join(dataDir, 'logs')).filter((file) => file.includes(part));
}

/** Codes of what verify finds wrong with the log. */
export async function complaints({ path }: BotData): Promise<string[]> {
  const { findings } = await verify(contextOf(), [path], {});
  return findings.filter(({ severity }) => severity !== 'notice').map(({ code }) => code);
}
