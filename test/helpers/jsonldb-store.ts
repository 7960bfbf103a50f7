// Stores of jsonl-db for tests: what the real library wrote, and the library itself to read them.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JsonlDB } from '@alcalzone/jsonl-db';
import { onTestFinished } from 'vitest';
import type { Finding } from '../../src/engine/index.js';
import { cli } from './cli.js';

const corpus = 'fixtures/jsonldb';

type Entries = [key: string, value: unknown][];

/** What the library made of a case under one set of options. */
export interface LibrarySaw {
  result: 'ok' | 'error';
  error?: { message: string };
  state?: { entries: Entries };
  uncompressedSize?: number;
  filesAfterOpening?: { path: string; size: number }[];
}

/** Names of all cases. */
export const jsonldbCases = readdirSync(corpus, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** A folder of its own, gone when the test is over. */
export function storeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'logctl-jsonldb-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A fresh copy of a case, with what git cannot keep: empty directories and old lock times. */
export function freshCase(name: string): { path: string; seen: (reader: string) => LibrarySaw } {
  const folder = storeFolder();
  cpSync(join(corpus, name, 'store'), folder, { recursive: true });
  const read = (file: string) => JSON.parse(readFileSync(join(corpus, name, file), 'utf8'));
  const { files } = read('meta.json') as { files: { path: string; dir?: boolean }[] };
  for (const { path, dir } of files) if (dir) mkdirSync(join(folder, path), { recursive: true });
  for (const entry of readdirSync(folder)) {
    if (entry.endsWith('.lock')) utimesSync(join(folder, entry), 1e9, 1e9);
  }
  const expected = read('expected.json') as Record<string, LibrarySaw>;
  return { path: join(folder, 'db.jsonl'), seen: (reader) => expected[reader] };
}

/** Opens a store with the real library, as ioBroker and Z-Wave JS do; closes it at the end. */
export async function libraryLoads(path: string, options = { ignoreReadErrors: true }) {
  const db = new JsonlDB<unknown>(path, options);
  await db.open();
  const entries: Entries = [...db.entries()];
  await db.close();
  return entries;
}

/** Names and sizes of the files in a folder. */
export function sizesIn(folder: string): Record<string, number> {
  const files = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, statSync(join(folder, name)).size]));
}

/** A store of these bytes. */
export function storeOf(text: string, encoding: BufferEncoding = 'utf8'): string {
  const path = join(storeFolder(), 'db.jsonl');
  writeFileSync(path, text, encoding);
  return path;
}

/** Codes of what `logctl verify` finds, and its exit code. */
export async function verified(path: string, ...options: string[]) {
  const { out, exitCode } = await cli(['verify', path, '--json', ...options]);
  const { findings } = JSON.parse(out) as { findings: Finding[] };
  return { exitCode, findings, codes: findings.map(({ code }) => code) };
}

/** The state as `logctl replay` prints it, in its order; and its exit code. */
export async function replayed(path: string, ...options: string[]) {
  const { out, exitCode } = await cli(['replay', path, '--format', 'jsonl', ...options]);
  const rows = out.split('\n').filter(Boolean);
  const entries = rows.map((row) => {
    const { key, value } = JSON.parse(row) as { key: string; value: unknown };
    return [key, value] as [string, unknown];
  });
  return { entries, exitCode };
}

/** `logctl recover --yes` with these options. */
export async function recovered(path: string, ...options: string[]) {
  return cli(['recover', path, '--yes', '--json', ...options]);
}
