// logctl recover as it is typed: screens, streams, exit codes, the question, JSON and its schema.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeDisk } from '../src/engine/index.js';
import { checkpoint, log, set } from './helpers/bot-log.js';
import { cli as runCli, type CliOptions } from './helpers/cli.js';
import { schemaErrors } from './helpers/schema.js';

const a = set('a', { score: 1 }, 1);
const b = set('b', { score: 2 }, 2);
const c = set('c', { score: 3 }, 3);
const torn = set('a', { score: 4 }, 4).slice(0, 60);
const players = 'data/logs/players.log';
const at = Date.parse('2026-11-20T09:27:43.512Z');

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logctl-cli-recover-'));
  mkdirSync(join(folder, 'data/logs'), { recursive: true });
});

afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const cli = (args: string[], options: CliOptions = {}) =>
  runCli(args, { cwd: folder, now: () => at, ...options });
/** What depends on the disk the tests run on. */
const stable = (text: string) => text.replace(/, [\d.]+ [KMGTP]iB are free/, ', 9 GiB are free');

describe('the screens', () => {
  it('show the plan and, after a yes, what became of it', async () => {
    write(players, log(a, b) + torn);
    const asked: string[] = [];
    const ask = async (question: string) => asked.push(question) > 0;
    const { out, err, exitCode } = await cli(['recover', players], { ask });
    expect([exitCode, err, asked]).toEqual([0, '', ['Apply this plan? [y/N] ']]);
    expect(stable(out)).toMatchInlineSnapshot(`
      "Plan for data/logs/players.log, policy tail

        keep        2 lines, 164 bytes, as they are
        quarantine  60 bytes from byte 164 (line 3, never complete)
        lost        0 entries beyond the torn tail; budget 0
        original    stays as players.log.original.1795166863512
        needs       4.8 KiB of disk, 9 GiB are free
        state       2 keys, sha256 2c3effcf...65df, before = after

      data/logs/players.log   recovered
        164 kept + 60 quarantined = 224 bytes of the original
        verify      no problems found
        receipt     data/logs/players.log.receipt.1795166863512.json
        undo        logctl recover --undo \\
                      data/logs/players.log.receipt.1795166863512.json
      "
    `);
  });

  it('take no and nothing for an answer, and change nothing', async () => {
    write(players, log(a) + torn);
    const no = await cli(['recover', players], { ask: async () => false });
    expect([no.exitCode, no.err.split('\n')[0]]).toEqual([21, 'logctl: the plan was not applied']);
    const nobody = await cli(['recover', players]);
    expect(nobody.exitCode).toBe(21);
    expect(nobody.out).toMatch(/^Plan for data\/logs\/players.log, policy tail\n/);
    expect(nobody.err).toMatchInlineSnapshot(`
      "logctl: recover would change data/logs/players.log and nobody can be asked
      Nothing was changed.
      Next: logctl recover --dry-run data/logs/players.log
      then: logctl recover --yes data/logs/players.log
      "
    `);
    expect(readdirSync(join(folder, 'data/logs'))).toEqual(['players.log']);
  });

  it('name what a policy refuses, and what a budget does', async () => {
    write(players, log(a) + torn + log(b, c));
    const tail = await cli(['recover', '--yes', players]);
    expect([tail.exitCode, tail.out]).toEqual([21, '']);
    expect(tail.err).toMatchInlineSnapshot(`
      "logctl: policy tail only drops a torn end, and 1 valid line follows line 2
      Nothing was changed.
      Next: logctl recover --dry-run --policy salvage data/logs/players.log
      "
    `);
    write(players, log(a, '{'.padEnd(80, 'x'), b));
    const budget = await cli(['recover', '--yes', '--policy', 'salvage', players]);
    expect(budget.err).toMatchInlineSnapshot(`
      "logctl: 1 damaged region would lose about 1 entry, the budget is 0
      Nothing was changed.
      Next: logctl recover --dry-run --policy salvage --max-lost 1 \\
              data/logs/players.log
      "
    `);
    const lost = await cli(['recover', '-y', '--policy', 'salvage', '--max-lost', '1', players]);
    expect(lost.exitCode).toBe(20);
    expect(lost.out).toMatchInlineSnapshot(`
      "data/logs/players.log   recovered with loss
        2 entries kept, 1 line given up (81 bytes, about 1 entry)
        164 kept + 81 quarantined = 245 bytes of the original
        ledger      data/logs/players.log.quarantine.1795166863512.jsonl
        verify      no problems found
        receipt     data/logs/players.log.receipt.1795166863512.json
        undo        logctl recover --undo \\
                      data/logs/players.log.receipt.1795166863512.json
      "
    `);
  });

  it('show glued lines as what they were', async () => {
    write(players, log(a) + torn + log(b));
    const { out } = await cli(['recover', '--yes', '--policy', 'salvage', players]);
    expect(out).toMatchInlineSnapshot(`
      "data/logs/players.log   recovered
        line 2      split: 60 bytes quarantined, 1 entry of 81 bytes brought back
        lost        0 entries; budget 0
        164 kept + 60 quarantined = 224 bytes of the original
        verify      no problems found
        receipt     data/logs/players.log.receipt.1795166863512.json
        undo        logctl recover --undo \\
                      data/logs/players.log.receipt.1795166863512.json
      "
    `);
  });

  it('show a directory after a killed compaction as one plan and one result', async () => {
    write(players, '');
    write(`${players}.backup.1795146082417`, log(a, b));
    write(`${players}.backup.1794876082101`, log(a));
    write('data/players.json', '{\n  "a": {\n    "score": 1\n  },');
    write('data/logs/tokens.log', log(c));
    const plan = await cli(['recover', '--dry-run', '--mirror', 'data']);
    expect([plan.exitCode, plan.err]).toEqual([0, '']);
    expect(stable(plan.out)).toMatchInlineSnapshot(`
      "Plan for data, policy tail

        logs/players.log
          base        players.log.backup.1795146082417, made 2026-11-20T03:41:22Z
                      2 lines, every line sound, 2 keys
                      a killed compaction cut the log: 0 bytes
          then        0 entries (the log itself is empty)
          passed over players.log.backup.1794876082101, older and sound
          lost        0 entries that are on this disk; an entry acknowledged after
                      03:41:22Z cannot be ruled out: nothing here would show it
          original    stays as players.log.original.1795166863512
        players.json
          write       2 keys from the recovered state, 60 bytes
          original    stays as players.json.original.1795166863512
                      its first 30 bytes hold no key or value that is newer
        tokens.json
          write       1 key from the recovered state, 31 bytes

        needs       4.4 KiB of disk, 9 GiB are free
        dry run, nothing was changed

      Next: logctl recover --yes --mirror data
      "
    `);
    const done = await cli(['recover', '--yes', '--mirror', 'data']);
    expect([done.exitCode, done.err]).toEqual([0, '']);
    expect(done.out).toMatchInlineSnapshot(`
      "logs/players.log   recovered   2 keys, state 2c3effcf, 0 entries lost
      players.json   rebuilt   2 keys
      tokens.json   rebuilt   1 key
      verify: no problems found
      receipt: data/logs/players.log.receipt.1795166863512.json
      "
    `);
  });

  it('offer both ways out where there is no room, and take them', async () => {
    write(players, checkpoint({ a: 1 }, 9).slice(0, 40));
    write(`${players}.backup.1795146082417`, log(a, b));
    const disk = { ...nodeDisk, freeBytes: () => 0 };
    const full = await cli(['recover', '--yes', players], { disk });
    expect(full.exitCode).toBe(8);
    expect(full.err).toMatchInlineSnapshot(`
      "logctl: no space: 4,916 bytes needed in data/logs, 0 are free
      Nothing was changed, no temporary file was left.
      Next: logctl recover --yes -o /other/disk/FILE data/logs/players.log
      then: logctl recover --yes --evidence-dir /other/disk data/logs/players.log
      "
    `);
    const aside = await cli(['recover', '--yes', '-o', 'usb.log', players]);
    expect(aside.out).toMatchInlineSnapshot(`
      "usb.log   written   2 keys, state 2c3effcf, 0 entries lost
      data/logs/players.log   as it was
      "
    `);
    expect(readFileSync(join(folder, 'usb.log'), 'utf8')).toBe(log(a, b));
  });

  it('are plain ASCII, whatever the names of logs and keys are', async () => {
    const long = `data/logs/${'n'.repeat(60)}.log`;
    write(long, log(a) + torn + log(set('k\u00e9y\u202e', 1, 5)));
    const { out } = await cli(['recover', '--yes', '--policy', 'salvage', long]);
    expect(out).toMatch(/^[\x20-\x7e\n]+$/);
  });
});

describe('--json', () => {
  it('keeps to its schema, in success, loss, refusal and failure', async () => {
    const runs: [string, string[], number][] = [
      [log(a) + torn, ['--yes'], 0],
      [log(a) + torn, ['--dry-run'], 0],
      [log(a) + torn, [], 21],
      [log(a), ['--yes'], 0],
      [log(a) + torn + log(b), ['--yes'], 21],
      [log(a, '{'.padEnd(80, 'x'), b), ['--yes', '--policy', 'salvage', '--max-lost', '1'], 20],
      [log(a) + torn, ['--yes', '-o', players], 21],
      [log(a), ['--undo', players], 21],
    ];
    for (const [text, args, code] of runs) {
      rmSync(join(folder, 'data/logs'), { recursive: true });
      mkdirSync(join(folder, 'data/logs'));
      write(players, text);
      const { out, exitCode } = await cli(['recover', '--json', ...args, players]);
      const report = JSON.parse(out);
      expect([exitCode, report.exitCode, schemaErrors(report)], args.join(' ')).toEqual([
        code,
        code,
        [],
      ]);
    }
  });

  it('has the plan, the steps that follow, and the file names', async () => {
    write(players, log(a) + torn);
    const { out } = await cli(['recover', '--json', '--dry-run', players]);
    const { logs, next } = JSON.parse(out);
    expect(logs[0].plan).toMatchObject({ action: 'recover', entriesLost: 0, bytesQuarantined: 60 });
    expect(next).toEqual([
      { argv: ['logctl', 'recover', '--yes', players], why: '', writes: true },
    ]);
  });
});
