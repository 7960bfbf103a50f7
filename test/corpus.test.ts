// Stores that the real bot wrote or left when it was killed, against what the bot made of them.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { replay, verify } from '../src/engine/index.js';
import { contextOf } from './helpers/context.js';
import { findingsOf } from './helpers/corpus-findings.js';

const corpus = 'fixtures/progressive';

/** What the bot's own code made of one log: its state in its own order, or a refusal. */
interface BotSaw {
  result: 'ok' | 'error';
  state?: { entries: [key: string, value: unknown][] };
}

interface Expected {
  bot: { logs: Record<string, BotSaw> };
}

const cases = readdirSync(corpus, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe.each(cases)('%s', (name) => {
  const store = join(corpus, name, 'store');
  const { logs } = readExpected(name).bot;

  it.each(Object.keys(logs))('replays %s.log to the state the bot loads', async (log) => {
    const path = join(store, 'logs', `${log}.log`);
    const { result, state } = logs[log];
    const seen = await replayed(path);
    if (result === 'error') return expect(seen).toMatchObject({ refused: true, text: '' });
    const wanted = new Map(state!.entries);
    expect(seen.exitCode).toBeOneOf([0, 3]);
    const rows = seen.text.split('\n').filter(Boolean);
    const found = rows.map((row) => JSON.parse(row) as { key: string; value: unknown });
    // A value that is undefined cannot be written down: the bot's next compaction drops the key.
    for (const [key, value] of wanted) if (value === undefined) wanted.delete(key);
    // The record of the bot's state is JSON itself: it shows -0 as 0 and 1E400 as null.
    const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    expect(new Map(found.map(({ key, value }) => [key, asJson(value)]))).toEqual(wanted);
    expect(found).toHaveLength(wanted.size);
  });

  it('is verified to what is known of it, and every byte stays as it is', async () => {
    const before = fingerprint(store);
    expect(await verifiedStore(store)).toEqual(findingsOf[name] ?? []);
    expect(fingerprint(store)).toEqual(before);
  });

  it('is never called sound where the bot refuses to load it', async () => {
    for (const [log, { result }] of Object.entries(logs)) {
      if (result === 'ok') continue;
      const path = join(store, 'logs', `${log}.log`);
      const report = await verify(contextOf(), [path]).catch((error: unknown) => error);
      expect(report).toMatchObject({ exitCode: expect.toBeOneOf([3, 4, 10]) });
    }
  });
});

function readExpected(name: string): Expected {
  return JSON.parse(readFileSync(join(corpus, name, 'expected.json'), 'utf8')) as Expected;
}

async function replayed(path: string) {
  const parts: Uint8Array[] = [];
  const options = { semantics: 'upstream', format: 'jsonl' } as const;
  const sink = (bytes: Uint8Array) => void parts.push(bytes.slice());
  const report = await replay(contextOf(), [path], options, sink).catch((error: unknown) => error);
  const { exitCode } = report as { exitCode: number };
  const text = Buffer.concat(parts).toString();
  return { exitCode, text, refused: exitCode === 4 || exitCode === 10 };
}

/** Each finding as `file:line code impact`, in the order of the report. */
async function verifiedStore(store: string): Promise<string[]> {
  const report = await verify(contextOf(), [store]).catch((error: unknown) => error);
  if (report instanceof Error) return ['not a log'];
  const { findings } = report as Awaited<ReturnType<typeof verify>>;
  return findings.map(({ path, line, code, impact }) => {
    const file = path.slice(store.length + 1).replace(/\d{13}/, 'MS');
    return `${file}${line === undefined ? '' : `:${line}`} ${code} ${impact ?? ''}`.trim();
  });
}

function fingerprint(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => {
      const { size, mtimeMs, mode } = statSync(path);
      if (statSync(path).isDirectory()) return `${path} ${mode} ${mtimeMs}`;
      const sum = createHash('sha256').update(readFileSync(path)).digest('hex');
      return `${path} ${mode} ${mtimeMs} ${size} ${sum}`;
    });
}
