// Each finding that needs more than one line: order, numbers, checkpoints, readers, neighbours.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findHolders, nodeDisk, replay, verify, type Finding } from '../src/engine/index.js';
import { checkpoint, clock, log, numbered, remove, set, setAll } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import type { FileSeed } from './helpers/recording-disk.js';
import { diskWith, logPath } from './helpers/recovery.js';

const sound = log(set('a', 1, 1), set('b', 2, 2));

describe('a sound log', () => {
  it('has no findings at all', async () => {
    expect(await findingsIn(sound)).toEqual([]);
    expect(await findingsIn(log(...[1, 2, 3].map((n) => numbered(set('a', n, n), n))))).toEqual([]);
  });
});

describe('sequence numbers', () => {
  const line = (seq: number) => numbered(set(`k${seq}`, seq, seq), seq);

  it('that are missing are a gap, with the line behind it', async () => {
    const text = log(line(1), line(2), line(5));
    const [gap] = await findingsIn(text);
    expect(gap).toMatchObject({ code: 'seq-gap', severity: 'attention', line: 3 });
    expect(gap.message).toMatch(/2 numbers missing after 2/);
  });

  it('that come again are a repeat', async () => {
    const [repeat] = await findingsIn(log(line(1), line(2), line(2), line(3)));
    expect(repeat).toMatchObject({ code: 'seq-repeat', severity: 'attention', line: 3 });
  });

  it('may jump where an entry without one stands between', async () => {
    expect(await findingsIn(log(line(1), set('x', 1, 1), line(7)))).toEqual([]);
  });

  it('go on behind the checkpoint that carries the highest', async () => {
    const head = numbered(checkpoint({ a: 1 }, 1), 40);
    expect(await findingsIn(log(head, line(41)))).toEqual([]);
    expect(codes(await findingsIn(log(head, line(43))))).toEqual(['seq-gap']);
  });

  it('that a RECOVERED line names are no gap', async () => {
    const note = `{"timestamp":"${clock(2)}","op":"RECOVERED","lost":[[2,4]],"receipt":"r"}`;
    expect(await findingsIn(log(line(1), numbered(note, 4), line(5)))).toEqual([]);
  });
});

describe('times and operations', () => {
  it('that go back are a notice, file order counts', async () => {
    const [back] = await findingsIn(log(set('a', 1, 9), set('a', 2, 1)));
    expect(back).toMatchObject({ code: 'time-backwards', severity: 'notice', line: 2 });
  });

  it('that nobody knows are a notice, kept and ignored', async () => {
    const [odd] = await findingsIn(log(set('a', 1), `{"op":"RENAME","key":"a"}`));
    expect(odd).toMatchObject({ code: 'unknown-op', severity: 'notice', line: 2 });
  });

  it('without a usable key or data are a notice', async () => {
    const text = log(set('a', 1), `{"op":"SET","key":"","value":1}`);
    expect(await findingsIn(text)).toMatchObject([{ code: 'ignored-entry', line: 2 }]);
  });
});

describe('a checkpoint inside the log', () => {
  const before = [set('a', 1, 1), set('b', 2, 2)];

  it('that restates the state before it is no finding, however it is spaced', async () => {
    expect(await findingsIn(log(...before, checkpoint({ a: 1, b: 2 }, 3)))).toEqual([]);
    const spaced = `{"op":"CHECKPOINT","state":{ "b": 2, "a" : 1 },"compactedAt":"${clock(3)}"}`;
    expect(await findingsIn(log(...before, spaced))).toEqual([]);
  });

  it.each([
    ['a changed value', { a: 1, b: 3 }, 'b', /1 changed/],
    ['a new key', { a: 1, b: 2, c: 3 }, 'c', /1 new/],
    ['a missing key', { a: 1 }, 'b', /1 missing/],
  ])('is checkpoint-mismatch with %s', async (_what, state, key, words) => {
    const found = await findingsIn(log(...before, checkpoint(state, 3), set('z', 1, 4)));
    const mismatch = found.filter(({ code }) => code === 'checkpoint-mismatch');
    const offset = log(...before).length;
    expect(mismatch).toMatchObject([{ severity: 'attention', line: 3, offset, key }]);
    expect(mismatch[0].message).toMatch(words);
  });

  it('is checkpoint-mismatch too where every key was deleted before it', async () => {
    const text = log(set('a', 1, 1), remove('a', 2), checkpoint({ c: 1 }, 3));
    expect(codes(await findingsIn(text))).toContain('checkpoint-mismatch');
  });

  it('is not compared where it is the first entry or replaces by design', async () => {
    expect(await findingsIn(log(checkpoint({ a: 1 }, 1), set('a', 2, 2)))).toEqual([]);
    const tokens = log(setAll({ a: 1 }, 1), setAll({ a: 2 }, 2));
    expect(codes(await findingsIn(tokens))).not.toContain('checkpoint-mismatch');
  });
});

describe('a head of two lines, for readers that replace and for readers that merge', () => {
  const text = log(
    checkpoint({ only: 'upstream' }, 5, { upstreamOnly: true }),
    checkpoint({ a: 1, b: 2 }, 5),
    set('a', 3, 6),
  );

  it('is no mismatch; what the readers see apart is told', async () => {
    const found = await findingsIn(text);
    expect(found).toMatchObject([{ code: 'reader-differs', severity: 'notice', key: 'only' }]);
    expect(codes(await findingsIn(log(set('x', 1, 1)) + text))).not.toContain(
      'checkpoint-mismatch',
    );
  });

  it('replays to the second checkpoint as documented, to both upstream', async () => {
    expect(await stateOf(text, 'documented')).toEqual({ a: 3, b: 2 });
    expect(await stateOf(text, 'upstream')).toEqual({ only: 'upstream', a: 3, b: 2 });
  });
});

describe('the bot that reads the log otherwise', () => {
  it('is told with the keys it keeps where a whole state replaces', async () => {
    const found = await findingsIn(log(setAll({ a: 1, gone: 2 }, 1), setAll({ a: 2 }, 2)));
    expect(found).toMatchObject([{ code: 'reader-differs', severity: 'notice', key: 'gone' }]);
    expect(found[0].message).toMatch(/keeps 1 key more: gone/);
  });

  it('is told with the key it cannot hold', async () => {
    const [differs] = await findingsIn(log(set('__proto__', { a: 1 })));
    expect(differs).toMatchObject({ code: 'reader-differs', key: '__proto__', impact: 'lost' });
  });
});

describe('what lies beside a log', () => {
  const intent = {
    format: 1,
    ...{ oldInode: '11', newInode: '99', prefixLength: 10, headLength: 10 },
    ...{ headEnds: '0'.repeat(64), keptAs: 'players.log.backup.1795146082417' },
  };
  it.each([
    ['.players.log.tmp-1f9a', 'leftover-temp', ''],
    ['.players.log.compact.json', 'unfinished-compaction', JSON.stringify(intent)],
  ])('%s is %s', async (name, code, text) => {
    const path = `/data/logs/${name}`;
    const found = await findingsIn(sound, { [path]: text });
    expect(found).toMatchObject([{ code, severity: 'attention', path }]);
  });

  it('and cannot be read never blocks reading, and is told: lines may be missing', async () => {
    const broken = { '/data/logs/.players.log.compact.json': '{"format":1' };
    const [one] = await findingsIn(sound, broken);
    expect(one).toMatchObject({ code: 'unfinished-compaction', severity: 'attention' });
    expect(one.message).toContain('lines may be missing');
  });

  it('locks that nobody needs to remove, and files of other logs, are no findings', async () => {
    const names = ['.players.log.lock', '.players.log.compact.lock', '.tokens.log.tmp-1f9a'];
    const files = Object.fromEntries(names.map((name) => [`/data/logs/${name}`, '']));
    expect(await findingsIn(sound, files)).toEqual([]);
  });

  it('is worth compacting only when it is large and mostly garbage', async () => {
    const filler = 'x'.repeat(1000);
    const garbage = log(...Array.from({ length: 1100 }, (_, i) => set('a', filler + i, i)));
    expect(await findingsIn(garbage)).toMatchObject([
      { code: 'compaction-due', severity: 'notice', impact: 'harmless' },
    ]);
    const live = log(...Array.from({ length: 1100 }, (_, i) => set(`k${i}`, filler, i)));
    expect(await findingsIn(live)).toEqual([]);
  });
});

describe('more findings than are kept', () => {
  it('are counted, also those of damage beyond what a scan remembers', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'logctl-many-'));
    try {
      const path = join(folder, 'many.log');
      writeFileSync(path, log(set('a', 1)) + '{bad\n'.repeat(100_010));
      const report = await verify(contextOf(), [path], { maxFindings: 10 });
      expect(report.findings).toHaveLength(10);
      expect(report.findings.length + report.findingsCut).toBe(100_010);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('a process that has the log open', () => {
  it.skipIf(!existsSync('/proc/self/fd')).each([
    ['a', true],
    ['r+', true],
    ['r', false],
  ])('with mode %s is a live writer: %s', async (mode, writes) => {
    const folder = mkdtempSync(join(tmpdir(), 'logctl-live-'));
    const path = join(folder, 'players.log');
    writeFileSync(path, sound);
    const script = `require('fs').openSync(${JSON.stringify(path)}, '${mode}');
      console.log('open'); setInterval(() => {}, 1000)`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await once(child.stdout, 'data');
      const holders = (id: string) => findHolders(nodeDisk, id);
      const { findings, exitCode } = await verify(contextOf(nodeDisk, { holders }), [path]);
      expect(exitCode).toBe(0);
      if (!writes) return expect(findings).toEqual([]);
      expect(findings).toMatchObject([{ code: 'live-writer', severity: 'notice', path }]);
      expect(findings[0].message).toContain(`pid ${child.pid} (`);
      expect(findings[0].message).toContain(mode === 'a' ? 'for appending' : 'for writing');
    } finally {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    }
  });
});

async function findingsIn(text: string, more: Record<string, FileSeed> = {}): Promise<Finding[]> {
  return (await verify(contextOf(diskWith(text, more)), [logPath])).findings;
}

const codes = (findings: Finding[]) => findings.map(({ code }) => code);

async function stateOf(text: string, semantics: 'documented' | 'upstream'): Promise<unknown> {
  const parts: Uint8Array[] = [];
  const sink = (part: Uint8Array) => void parts.push(part.slice());
  await replay(contextOf(diskWith(text)), [logPath], { semantics }, sink);
  return JSON.parse(Buffer.concat(parts).toString()) as unknown;
}
