// The shipped example is damaged as its story says, and nowhere else.
//
// Everything is computed here with plain JSON.parse, so that the example is judged without logctl.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const folder = 'fixtures/quickstart';
const data = join(folder, 'data');

type State = Map<string, unknown>;

interface Entry {
  op: 'SET' | 'DELETE' | 'CHECKPOINT';
  key?: string;
  value?: unknown;
  data?: Record<string, unknown>;
  state?: Record<string, unknown>;
  timestamp?: string;
  compactedAt?: string;
}

describe('the quickstart example', () => {
  it('is made again byte for byte by its script', () => {
    const made = mkdtempSync(join(tmpdir(), 'logctl-quickstart-'));
    try {
      execFileSync(process.execPath, [join(folder, 'make.mjs'), made]);
      expect(filesOf(made)).toEqual(filesOf(data));
      for (const file of filesOf(made)) {
        expect(readFileSync(join(made, file)).equals(readFileSync(join(data, file))), file).toBe(
          true,
        );
      }
    } finally {
      rmSync(made, { recursive: true });
    }
  });

  it('ends players.log in a torn entry of 133 bytes whose player is set before', () => {
    const bytes = readFileSync(join(data, 'logs/players.log'));
    const tail = bytes.subarray(bytes.lastIndexOf(0x0a) + 1);
    expect(bytes.length - tail.length).toBe(98714);
    expect(tail.length).toBe(133);
    expect(() => JSON.parse(tail.toString())).toThrow();
    expect(tail.toString()).toContain('"key":"218845771093442561","value":{');
    const entries = entriesOf('logs/players.log');
    expect(entries).toHaveLength(240);
    const lastLine = entries.findLastIndex((entry) => entry.key === '218845771093442561') + 1;
    expect(lastLine).toBe(236);
    expect(entries.at(-1)?.timestamp).toMatch(/^2026-11-19T21:44/);
  });

  it('continues the players backup: its state is the checkpoint, made a few ms later', () => {
    const backups = filesOf(data).filter((file) => file.includes('.backup.'));
    expect(backups).toHaveLength(1);
    const head = entriesOf('logs/players.log')[0];
    expect(head.op).toBe('CHECKPOINT');
    const state = Object.fromEntries(replaced(entriesOf(backups[0])));
    expect(JSON.stringify(state)).toBe(JSON.stringify(head.state));
    const waitMs = Date.parse(head.compactedAt ?? '') - Number(backups[0].split('.').at(-1));
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThan(10);
  });

  it.each(['players', 'game_state', 'tokens'])('gives %s one state in both semantics', (name) => {
    const entries = entriesOf(`logs/${name}.log`);
    expect([...merged(entries)]).toEqual([...replaced(entries)]);
  });

  it.each([
    ['players', 38, []],
    ['game_state', 4, []],
    ['tokens', 4, ['lastUpdated']],
  ])('keeps %s.json like the log, but for the keys it shall differ in', (name, keys, differing) => {
    const state = replaced(entriesOf(`logs/${name}.log`));
    const text = readFileSync(join(data, `${name}.json`), 'utf8');
    const mirror: Record<string, unknown> = JSON.parse(text);
    expect(text).toBe(JSON.stringify(mirror, null, 2));
    expect(state.size).toBe(keys);
    expect(Object.keys(mirror)).toEqual([...state.keys()]);
    const seen = Object.keys(mirror).filter((key) => !isSame(mirror[key], state.get(key)));
    expect(seen).toEqual(differing);
  });

  it('sets, clears and plays games again, and clears only games that run', () => {
    const entries = entriesOf('logs/game_state.log');
    expect(entries).toHaveLength(61);
    const running = new Set<string>();
    let cleared = 0;
    for (const { op, key = '' } of entries) {
      if (op === 'SET') running.add(key);
      else expect(running.delete(key)).toBe(true);
      if (op === 'DELETE') cleared += 1;
    }
    expect(cleared).toBeGreaterThan(3);
    expect(entries.at(-1)?.timestamp).toMatch(/^2026-11-19T21:40/);
  });

  it('never goes back in time', () => {
    for (const file of filesOf(data).filter((path) => path.includes('.log'))) {
      const times = entriesOf(file).map((entry) => entry.timestamp ?? entry.compactedAt ?? '');
      expect(times, file).toEqual([...times].sort());
    }
  });
});

function filesOf(root: string): string[] {
  const names = readdirSync(root, { recursive: true, withFileTypes: true });
  return names
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath, item.name).slice(root.length + 1))
    .sort();
}

/** The whole lines of a log, parsed; bytes after the last newline are left out. */
function entriesOf(file: string): Entry[] {
  const lines = readFileSync(join(data, file), 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Entry);
}

/** Documented replay: a checkpoint or whole-state SET replaces the state. */
function replaced(entries: Entry[]): State {
  return entries.reduce<State>((state, entry) => {
    const whole = entry.data ?? entry.state;
    if (whole) return new Map(Object.entries(whole));
    return changed(state, entry);
  }, new Map());
}

/** Upstream replay: a checkpoint or whole-state SET is merged into the state. */
function merged(entries: Entry[]): State {
  return entries.reduce<State>((state, entry) => {
    const whole = entry.data ?? entry.state;
    for (const [key, value] of Object.entries(whole ?? {})) state.set(key, value);
    return whole ? state : changed(state, entry);
  }, new Map());
}

function changed(state: State, entry: Entry): State {
  if (entry.op === 'DELETE') state.delete(entry.key ?? '');
  else state.set(entry.key ?? '', entry.value);
  return state;
}

function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
