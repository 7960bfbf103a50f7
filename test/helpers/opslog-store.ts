/** Stores of opslog for tests: fixtures, stores made line by line, and what the library sees. */
import { Store } from '@backloghq/opslog';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cli } from './cli.js';

/** A pid that no process has. */
export const deadPid = 3_999_999;

const made: string[] = [];

/** A fresh directory that `removeStores` takes away. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'logctl-opslog-'));
  made.push(folder);
  return join(folder, 'data');
}

/** Call it when all tests of a file are done. */
export function removeStores(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true });
}

/** A copy of a store that is a fixture, with the empty directories that git cannot keep. */
export function fixture(name: string): string {
  const store = freshFolder();
  cpSync(join('fixtures/opslog', name, 'store'), store, { recursive: true });
  for (const folder of ['ops', 'snapshots', 'archive']) {
    mkdirSync(join(store, folder), { recursive: true });
  }
  // The process that left it is gone, and its number may be somebody's here.
  const lock = join(store, '.lock');
  if (existsSync(lock)) writeFileSync(lock, String(deadPid));
  return store;
}

/** A copy of a store, so that the library may change it. */
function copyOf(store: string): string {
  const copy = freshFolder();
  cpSync(store, copy, { recursive: true });
  return copy;
}

/** A state as the tests compare it: keys in order, values as data. */
export type Entries = [key: unknown, value: unknown][];

/** What the library loads from a copy of the store; its words where it refuses. */
export async function seenByLibrary(
  store: string,
  agentId = hasAgents(store) ? 'zz-reader' : undefined,
): Promise<{ entries: Entries } | { refusal: string }> {
  const library = new Store();
  try {
    await library.open(copyOf(store), agentId === undefined ? { readOnly: true } : { agentId });
    return { entries: library.entries().map(([key, value]) => [key, plain(value)]) };
  } catch (error) {
    return { refusal: (error as Error).message };
  }
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));

function hasAgents(store: string): boolean {
  try {
    return 'activeAgentOps' in manifestOf(store);
  } catch {
    return false;
  }
}

/** The manifest as data. Throws where it is none. */
export function manifestOf(store: string): Record<string, unknown> & { currentSnapshot: string } {
  return JSON.parse(readFileSync(join(store, 'manifest.json'), 'utf8'));
}

/** What logctl replays, in order. */
export async function seenByLogctl(store: string, ...args: string[]): Promise<Entries> {
  const { out, exitCode, err } = await cli(['replay', store, '--format', 'jsonl', ...args]);
  if (exitCode !== 0 && exitCode !== 3) throw new Error(`exit ${exitCode}: ${err}`);
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { key, value } = JSON.parse(line) as { key: unknown; value: unknown };
      return [key, value];
    });
}

/** Findings of verify as `code path-in-store`, with the exit code. */
export async function verified(store: string, ...args: string[]) {
  const { out, exitCode } = await cli(['verify', store, '--json', ...args]);
  const { findings } = JSON.parse(out) as {
    findings: { code: string; path: string; message: string; consequence?: string; key?: string }[];
  };
  const codes = findings.map(({ code, path }) => `${code} ${path.slice(store.length + 1)}`);
  return { exitCode, findings, codes };
}

/** Recovers with what policy is needed; gives the exit code and the report's only log. */
export async function recovered(store: string, ...args: string[]) {
  const all = ['--policy', 'salvage', '--yes', '--json', ...args];
  const { out, exitCode } = await cli(['recover', store, ...all]);
  const report = JSON.parse(out) as { logs: { receipt: string; original: string | null }[] };
  return { exitCode, report, log: report.logs[0] };
}

/** An operation as the library writes it. */
export function op(
  verb: 'set' | 'delete',
  id: string,
  more: { data?: unknown; prev?: unknown; agent?: string; clock?: number; ts?: string } = {},
): string {
  const { data, prev = verb === 'delete' ? {} : null, agent, clock } = more;
  const ts = more.ts ?? '2026-11-20T10:00:01.000Z';
  const value = verb === 'set' ? { data: data ?? { v: 1 } } : {};
  return `${JSON.stringify({ ts, op: verb, id, prev, ...value, agent, clock })}\n`;
}

/** Files of a store, by their paths in it. */
export type StoreFiles = Record<string, string | Uint8Array>;

/** The header of a snapshot of this moment. */
export const header = (timestamp = '2026-11-20T10:00:00.000Z'): string =>
  `${JSON.stringify({ version: 1, timestamp })}\n`;

/** A manifest; `agents`: their files. */
export function manifest(more: {
  snapshot: string;
  ops: string;
  agents?: Record<string, string>;
  records?: number;
  created?: string;
  archives?: string[];
}): string {
  const { snapshot, ops, agents, records = 0, archives = [] } = more;
  const created = more.created ?? '2026-11-20T10:00:00.000Z';
  return JSON.stringify({
    version: 1,
    currentSnapshot: snapshot,
    activeOps: ops,
    ...(agents === undefined ? {} : { activeAgentOps: agents }),
    archiveSegments: archives,
    stats: {
      activeRecords: records,
      archivedRecords: 0,
      opsCount: 0,
      created,
      lastCheckpoint: created,
    },
  });
}

/** A store of these files. */
export function storeOf(files: StoreFiles): string {
  const store = freshFolder();
  for (const folder of ['ops', 'snapshots', 'archive']) {
    mkdirSync(join(store, folder), { recursive: true });
  }
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(store, name)), { recursive: true });
    writeFileSync(join(store, name), content);
  }
  return store;
}

/** A store of one writer whose log holds these lines, its snapshot these records. */
export function singleStore(ops: string | Uint8Array, records = ''): string {
  const count = records.split('\n').filter((line) => line !== '').length;
  return storeOf({
    'manifest.json': manifest({
      snapshot: 'snapshots/snap-1795168800000.jsonl',
      ops: 'ops/ops-1795168800001.jsonl',
      records: count,
    }),
    'snapshots/snap-1795168800000.jsonl': header() + records,
    'ops/ops-1795168800001.jsonl': ops,
  });
}

/** A store of agents, each with the lines of its log, in the manifest's order. */
export function agentStore(logs: Record<string, string>, records = ''): string {
  const nameOf = (agent: string) => `ops/agent-${agent}-1795168800001.jsonl`;
  const agents = Object.fromEntries(Object.keys(logs).map((agent) => [agent, nameOf(agent)]));
  const count = records.split('\n').filter((line) => line !== '').length;
  const files = Object.entries(logs).map(([agent, lines]) => [nameOf(agent), lines]);
  const snapshot = 'snapshots/snap-1795168800000.jsonl';
  return storeOf({
    'manifest.json': manifest({ snapshot, ops: Object.values(agents)[0], agents, records: count }),
    [snapshot]: header() + records,
    ...(Object.fromEntries(files) as StoreFiles),
  });
}
