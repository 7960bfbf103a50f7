// Opening a log: what is mended, what is refused, what is taken over, and that it is told.
import {
  appendFileSync,
  existsSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { openLog } from '../src/engine/index.js';
import { writerFolder } from './helpers/writer-folder.js';

const world = writerFolder();
const { lines, entries, withLog, findingsOf } = world;
let directory: string;
let path: string;
beforeEach(() => {
  ({ directory, path } = world);
});

describe('a log that is opened', () => {
  it('for reading leaves nothing behind and refuses changes', async () => {
    await withLog((log) => log.set('a', 1));
    rmSync(join(directory, 'data/logs/.players.log.lock'));
    const before = readdirSync(join(directory, 'data/logs'));
    await withLog(
      async (log) => {
        expect(log.get('a')).toBe(1);
        await expect(log.set('a', 2)).rejects.toMatchObject({ code: 'usage' });
      },
      { readOnly: true },
    );
    expect(readdirSync(join(directory, 'data/logs'))).toEqual(before);
  });

  it('takes no changes after close, and is closed once', async () => {
    const log = await openLog(path);
    const last = log.set('a', 1);
    await Promise.all([log.close(), log.close(), last]);
    await expect(log.set('b', 1)).rejects.toMatchObject({ code: 'usage' });
    expect(log.get('a')).toBe(1);
    expect(entries()).toHaveLength(1);
  });

  it('through a symbolic link is refused', async () => {
    writeFileSync(path, '');
    const link = join(directory, 'data/logs/link.log');
    symlinkSync(path, link);
    await expect(openLog(link)).rejects.toMatchObject({ code: 'refused' });
  });

  it('and is no log is refused, and left as it is', async () => {
    writeFileSync(path, 'dear diary\n');
    await expect(openLog(path)).rejects.toMatchObject({ code: 'not-a-log' });
    expect(readFileSync(path, 'utf8')).toBe('dear diary\n');
  });

  it('with damage in the middle is refused with the command that helps', async () => {
    await withLog(async (log) => {
      await log.set('a', 1);
      await log.set('b', 1);
    });
    const [first, second] = lines();
    writeFileSync(path, `${first.slice(0, 40)}\n${second}\n`);
    const next = [['logctl', 'recover', '--dry-run', '--policy', 'salvage', path]];
    const details = { path, next };
    await expect(openLog(path)).rejects.toMatchObject({ code: 'damaged', details });
  });

  it('and was cut by a killed compaction is refused; one that is only empty is not', async () => {
    writeFileSync(path, '');
    await withLog((log) => log.set('a', 1));
    writeFileSync(`${path}.backup.1795146082417`, readFileSync(path));
    writeFileSync(path, '');
    await expect(openLog(path)).rejects.toThrow(/truncated-log/);
    rmSync(path);
    await expect(openLog(path)).rejects.toThrow(/log-missing/);
  });
});

describe('the end of a log', () => {
  const whole = '{"timestamp":"2026-01-01T00:00:00.000Z","op":"SET","key":"a","value":1}';

  it('that lacks its newline gets it with the next write, told and not glued', async () => {
    writeFileSync(path, whole);
    await withLog(async (log) => {
      expect(log.recovered).toMatchObject({ unended: true, droppedBytes: 0 });
      expect(log.recovered?.text).toMatch(/lacks its newline/);
      await log.set('b', 2);
    });
    expect(entries().map(({ key }) => key)).toEqual(['a', 'b']);
  });

  it('that is torn goes to quarantine, told, and every byte stays', async () => {
    writeFileSync(path, `${whole}\n${whole.slice(0, 50)}`);
    await withLog(async (log) => {
      const { recovered } = log;
      expect(recovered).toMatchObject({ droppedBytes: 50, unended: false });
      expect(recovered?.text).toMatch(
        /dropped a torn last line \(50 bytes, kept in \S+\.quarantine\.\d+\.jsonl\), 1 key/,
      );
      const [record] = readFileSync(recovered!.quarantine!, 'utf8').trim().split('\n');
      const { base64 } = JSON.parse(record) as { base64: string };
      expect(Buffer.from(base64, 'base64').toString()).toBe(whole.slice(0, 50));
      await log.set('b', 2);
    });
    expect(entries().map(({ key }) => key)).toEqual(['a', 'b']);
    await withLog((log) => expect(log.recovered).toBeNull());
    expect(await findingsOf()).toEqual([]);
  });

  it('that another process tears meanwhile is mended before the next append', async () => {
    await withLog(async (log) => {
      await log.set('a', 1);
      appendFileSync(path, whole.slice(0, 30));
      expect(log.recovered).toBeNull();
      await log.set('b', 2);
      expect(log.recovered).toMatchObject({ droppedBytes: 30 });
      expect([...log.keys()]).toEqual(['a', 'b']);
    });
    expect(entries().map(({ key }) => key)).toEqual(['a', 'b']);
    expect(readdirSync(join(directory, 'data/logs')).join()).toMatch(/quarantine/);
  });

  it('is followed by whoever asks for its tail: entries of all processes, in order', async () => {
    const [one, two] = [await openLog(path), await openLog(path)];
    await one.set('before', 0);
    const keys: unknown[] = [];
    await two.set('a', 1);
    await one.set('b', 2);
    for await (const event of one.tail({ from: 'start' })) {
      if ('key' in event) keys.push(event.key);
      if (keys.length === 3) break;
    }
    expect(keys).toEqual(['before', 'a', 'b']);
    await Promise.all([one.close(), two.close()]);
  });

  it('that was rewritten in place is read again, or refused where it is cut', async () => {
    const log = await openLog(path);
    await log.set('a', 1);
    const state = { a: 1, pad: 'x'.repeat(300) };
    writeFileSync(path, `${JSON.stringify({ op: 'CHECKPOINT', state })}\n`);
    await log.set('b', 2);
    expect([...log.keys()]).toEqual(['a', 'pad', 'b']);
    writeFileSync(path, '');
    await expect(log.set('c', 3)).rejects.toMatchObject({ code: 'changed' });
    expect([...log.keys()]).toEqual(['a', 'pad', 'b']);
    expect(readFileSync(path, 'utf8')).toBe('');
    await expect(log.close()).rejects.toMatchObject({ code: 'changed' });
  });

  it('is looked at before each append: what others wrote is known, numbers go on', async () => {
    await withLog(async (one) => {
      const two = await openLog(path);
      await one.set('a', 1);
      await two.set('b', 2);
      await one.set('c', 3);
      expect([...one.keys()]).toEqual(['a', 'b', 'c']);
      expect(await two.refresh()).toBe(1);
      appendFileSync(path, `${whole}\n`);
      expect(await two.refresh()).toBe(1);
      await two.set('d', 4);
      await two.close();
      expect([...two.entries()]).toEqual([
        ['a', 1],
        ['b', 2],
        ['c', 3],
        ['d', 4],
      ]);
    });
    expect(entries().map(({ seq }) => seq)).toEqual([1, 2, 3, undefined, 4]);
    expect(await findingsOf()).toEqual([]);
  });
});

describe('a log beside a main file', () => {
  const main = () => join(directory, 'data/players.json');

  it('begins with a checkpoint of it, so that the log alone can rebuild everything', async () => {
    writeFileSync(main(), '{\n  "b": {"n": 9007199254740993},\n  "a\u2028": 1.0\n}');
    await withLog((log) => {
      expect(log.recovered).toMatchObject({ adopted: main() });
      return log.set('c', 1);
    });
    expect(lines()[0]).toMatch(
      /^\{"op":"CHECKPOINT","state":\{"b":\{"n":9007199254740993\},"a\\u2028":1\.0\},"com/,
    );
    expect(await findingsOf()).toEqual(['mirror-differs']);
  });

  it('starts empty where adopt is off, and not over a torn one', async () => {
    writeFileSync(main(), '{"a":1');
    await expect(openLog(path)).rejects.toMatchObject({ code: 'damaged' });
    expect(existsSync(path)).toBe(false);
    writeFileSync(main(), '{"a":1}');
    await withLog((log) => expect(log.size).toBe(0), { adopt: false });
  });
});
