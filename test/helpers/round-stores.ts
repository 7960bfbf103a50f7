/** Random rounds with stores of opslog: their files, the damage, and what must hold afterwards. */
import { join } from 'node:path';
import { clock } from './bot-log.js';
import { randomFrom } from './crash-states.js';
import { header, manifest, op } from './opslog-store.js';
import { damageNames, damaged } from './round-damage.js';
import { Dice } from './round-formats.js';
import type { Files, RoundPlay } from './round-oracle.js';

const store = '/data/store';
const snapshotName = 'snapshots/snap-1795080000000.jsonl';
const manifestPath = join(store, 'manifest.json');
const ids = ['ann', 'bob', 'cyd', 'dan', 'eve'];

/** The round of a seed: always the same. */
export function storeRound(seed: number): RoundPlay {
  const dice = new Dice(randomFrom(seed));
  const agents = dice.of([[], [], ['a'], ['a', 'b']]);
  const nameOf = (agent: string) => `ops/agent-${agent}-1795080000001.jsonl`;
  const logs = agents.length === 0 ? ['ops/ops-1795080000001.jsonl'] : agents.map(nameOf);
  const written = new Map<string, string[]>(logs.map((name) => [name, []]));
  const count = dice.below(24);
  for (let n = 1; n <= count; n++) {
    const i = dice.below(logs.length);
    const more = { ts: clock(n), ...(agents.length === 0 ? {} : { agent: agents[i], clock: n }) };
    const data = { data: { n, text: 'x'.repeat(dice.below(60)) } };
    const id = dice.of(ids);
    const line = dice.chance(0.15) ? op('delete', id, more) : op('set', id, { ...data, ...more });
    written.get(logs[i])!.push(line.trimEnd());
  }
  const records = ids.filter(() => dice.chance(0.5)).map((id, i) => record(id, { s: i }));
  const lines: Record<string, string[]> = { ...Object.fromEntries(written) };
  lines[snapshotName] = [header(clock(0)).trimEnd(), ...records];
  const files: Record<string, Buffer> = {};
  const hit = dice.of(dice.chance(0.2) ? [snapshotName] : logs);
  const names = Array.from({ length: dice.of([0, 1, 1, 2]) }, () => dice.of(damageNames));
  for (const [name, texts] of Object.entries(lines)) {
    files[join(store, name)] = damaged(texts, name === hit ? names : [], dice);
  }
  const all = {
    ...{ snapshot: snapshotName, ops: logs[0], records: records.length, created: clock(0) },
    ...(agents.length === 0
      ? {}
      : { agents: Object.fromEntries(agents.map((agent) => [agent, nameOf(agent)])) }),
  };
  const text = manifest(all);
  const fate = dice.of(['whole', 'whole', 'whole', 'whole', 'torn', 'gone'] as const);
  if (fate !== 'gone') {
    files[manifestPath] = Buffer.from(fate === 'torn' ? text.slice(0, dice.below(90)) : text);
  }
  const policy = dice.of(['tail', 'prefix', 'salvage', 'salvage', 'salvage', 'strict'] as const);
  const options = { dialect: 'opslog', policy, maxLost: dice.of([0, 1, 99, 99]) };
  const damage = `${hit}: ${names.join(' + ')}`;
  return {
    ...{ path: store, files, options },
    directories: ['ops', 'snapshots', 'archive'].map((name) => join(store, name)),
    what: `opslog, ${agents.length} agents, ${fate} manifest, ${damage}, ${policy}`,
    judge: (_, after) => storeFaults(files, logs, written, after),
    undone: (name) => name !== manifestPath || files[manifestPath] !== undefined,
  };
}

const record = (id: string, data: object) => JSON.stringify({ id, data });

function storeFaults(
  files: Files,
  logs: readonly string[],
  written: ReadonlyMap<string, string[]>,
  after: Files,
): string[] {
  const wrong = Object.entries(files).flatMap(([path, bytes]) => {
    if (path === manifestPath) return keptManifest(bytes, after);
    return after[path]?.equals(bytes) === true ? [] : [`${path} was changed`];
  });
  const state = stateOf(after);
  const all = Buffer.concat(Object.values(files));
  for (const [id, data] of state) {
    if (!all.includes(data) && !data.includes('\ufffd'))
      wrong.push(`no file had ${id} = ${data.slice(0, 99)}`);
  }
  if (logs.length > 1) return wrong;
  return [...wrong, ...lastOnes(files[join(store, logs[0])], written.get(logs[0])!, state)];
}

function keptManifest(bytes: Buffer, after: Files): string[] {
  const originals = Object.keys(after).filter((path) => path.includes('manifest.json.original.'));
  return originals.some((path) => after[path].equals(bytes)) ? [] : ['the old manifest is gone'];
}

/** Id to the JSON text of its data, in the snapshot that the manifest names. */
function stateOf(after: Files): Map<string, string> {
  const { currentSnapshot } = JSON.parse(after[manifestPath].toString()) as Record<string, string>;
  const lines = after[join(store, currentSnapshot)].toString('utf8').split('\n').slice(1, -1);
  return new Map(
    lines.map((line) => {
      const { id, data } = JSON.parse(line) as { id: string; data: unknown };
      return [id, JSON.stringify(data)];
    }),
  );
}

/** Where the last bytes that name an id are a whole operation, it is in force. */
function lastOnes(log: Buffer, lines: readonly string[], state: ReadonlyMap<string, string>) {
  const text = log.toString('utf8');
  const whole = new Set(lines);
  return ids.flatMap((id) => {
    const at = text.lastIndexOf(`"id":"${id}"`);
    const line = text.slice(text.lastIndexOf('\n', at) + 1, text.indexOf('\n', at) >>> 0);
    if (at < 0 || !whole.has(line) || text.includes('\0') || text.includes('\ufffd')) return [];
    const { data } = JSON.parse(line) as { data?: unknown };
    const wanted = data === undefined ? undefined : JSON.stringify(data);
    return state.get(id) === wanted ? [] : [`${id} is ${state.get(id)}, its last entry is ${line}`];
  });
}
