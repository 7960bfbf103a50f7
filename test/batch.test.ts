// Changes that count together or not at all: for the writer, and for every reader after a crash.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLog, replay, verify, type Batch } from '../src/engine/index.js';
import { contextOf } from './helpers/context.js';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'logctl-batch-'));
  path = join(directory, 'players.log');
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('a batch', () => {
  it('is one write and one fsync, and its entries say that they belong together', async () => {
    const log = await openLog(path);
    await log.set('a', 1);
    const result = await log.batch((batch) => {
      batch.set('b', 2);
      expect(batch.delete('a')).toBe(true);
      expect([batch.has('a'), batch.get('b'), log.has('a'), log.has('b')]).toEqual([
        false,
        2,
        true,
        false,
      ]);
      batch.set('c', 3);
      return 'done';
    });
    expect([result, log.stats().fsyncs]).toEqual(['done', 2]);
    await log.close();
    const entries = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const marks = entries.map(({ batch, of, seq }: Record<string, number>) => [batch, of, seq]);
    expect(marks).toEqual([
      [undefined, undefined, 1],
      [2, 3, 2],
      [2, 3, 3],
      [2, 3, 4],
    ]);
  });

  it('leaves everything as it was when its callback fails, also late', async () => {
    const log = await openLog(path);
    await log.set('a', 1);
    const fill = async (batch: Batch) => {
      batch.set('a', 2);
      await Promise.resolve();
      batch.set('b', () => 'not JSON');
    };
    await expect(log.batch(fill)).rejects.toMatchObject({ code: 'refused' });
    expect([...log.entries()]).toEqual([['a', 1]]);
    await log.close();
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(2);
  });

  it('without changes touches no disk', async () => {
    const log = await openLog(path);
    await log.batch((batch) => batch.has('a'));
    expect(log.stats()).toMatchObject({ fsyncs: 0, entries: 0 });
    await log.close();
    expect(() => readFileSync(path)).toThrow(/ENOENT/);
  });

  it('cannot be used when it is over', async () => {
    const log = await openLog(path);
    let kept: Batch | undefined;
    await log.batch((batch) => void (kept = batch));
    expect(() => kept!.set('a', 1)).toThrow(/over/);
    await log.close();
  });
});

describe('a batch that was cut by a crash', () => {
  const texts: string[] = [];
  const stateOf = async (): Promise<unknown> => {
    let text = '';
    const report = await replay(
      contextOf(),
      [path],
      {},
      (part) => void (text += Buffer.from(part)),
    );
    texts.push(report.verdict);
    return JSON.parse(text);
  };

  /** A log of one entry and a batch of three; gives its lines. */
  async function made(): Promise<string[]> {
    const log = await openLog(path);
    await log.set('a', 1);
    await log.batch((batch) => {
      batch.set('a', 2);
      batch.delete('b');
      batch.set('c', 'x'.repeat(70_000));
    });
    await log.close();
    return readFileSync(path, 'utf8').split('\n');
  }

  it('is dropped whole by every reader, wherever it was cut', async () => {
    const [first, ...batch] = await made();
    const all = batch.join('\n');
    const cuts = [1, batch[0].length, batch[0].length + 1, batch[0].length + 2];
    cuts.push(batch[0].length + batch[1].length + 2, all.length - 2);
    for (const cut of cuts) {
      writeFileSync(path, `${first}\n${all.slice(0, cut)}`);
      expect(await stateOf(), `cut after ${cut} bytes`).toEqual({ a: 1 });
      const { findings } = await verify(contextOf(), [path], {});
      const [{ code, severity, offset }] = findings;
      const place = { code: 'torn-tail', severity: 'attention', offset: first.length + 1 };
      expect({ code, severity, offset }, `cut after ${cut} bytes`).toEqual(place);
    }
    writeFileSync(path, `${first}\n${all}`);
    expect(Object.keys((await stateOf()) as object)).toEqual(['a', 'c']);
  });

  it('goes to quarantine when the log is opened, and its numbers are given out again', async () => {
    const lines = await made();
    writeFileSync(path, `${lines.slice(0, 3).join('\n')}\n`);
    const log = await openLog(path);
    expect(log.recovered).toMatchObject({ droppedBytes: lines[1].length + lines[2].length + 2 });
    expect([...log.entries()]).toEqual([['a', 1]]);
    await log.set('d', 4);
    await log.close();
    const { findings } = await verify(contextOf(), [path], {});
    expect(findings.filter(({ severity }) => severity !== 'notice')).toEqual([]);
    const last = JSON.parse(readFileSync(path, 'utf8').trimEnd().split('\n').at(-1)!) as object;
    expect(last).toMatchObject({ key: 'd', seq: 2 });
  });
});
