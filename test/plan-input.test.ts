// Plans and receipts are input: root may apply what anybody wrote. A valid one of each kind is
// taken apart, each of its places is replaced by what does not belong there, and its checksum is
// made anew. What comes of it is a refusal or the planned recovery, never a mistake of ours, and no
// file is made that has not the name of one of the log's own.
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeDisk } from '../src/engine/index.js';
import { log, set } from './helpers/bot-log.js';
import { cli } from './helpers/cli.js';
import { fixture, removeStores } from './helpers/opslog-store.js';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  removeStores();
});

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'logctl-plan-'));
  folders.push(folder);
  return folder;
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** JSON of a number that JavaScript reads as Infinity: it has no other way into a file. */
const tooLarge = 'the number 1e400';
const strangers: Json[] = [null, 5, 'x', [], {}, -1, tooLarge, '../../evil'];

/** Every value that has one place replaced, left out, or given a member more. */
function* mutations(value: Json, at = '$'): Generator<[string, Json]> {
  for (const other of strangers) yield [`${at} = ${JSON.stringify(other)}`, other];
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      for (const [how, mutated] of mutations(item, `${at}[${index}]`)) {
        yield [how, value.with(index, mutated)];
      }
      yield [`${at} without [${index}]`, value.toSpliced(index, 1)];
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      for (const [how, mutated] of mutations(member, `${at}.${name}`)) {
        yield [how, { ...value, [name]: mutated }];
      }
      const { [name]: _, ...others } = value;
      yield [`${at} without ${name}`, others];
    }
    const more = Object.defineProperty({ ...value }, '__proto__', {
      ...{ value: { path: 'evil' }, enumerable: true, configurable: true, writable: true },
    });
    yield [`${at} with __proto__`, more];
  }
}

const textOf = (value: Json) =>
  JSON.stringify(value)?.replaceAll(JSON.stringify(tooLarge), '1e400') ?? '';

/** A plan as a file, its checksum made for what its logs are now. */
function planText(plan: Json): string {
  if (typeof plan !== 'object' || plan === null || Array.isArray(plan)) return textOf(plan);
  // As it is read again: a number that is too large is null in the JSON that the sum is made of.
  const logs = textOf(plan.logs ?? null).replaceAll('1e400', 'null');
  const sha256 = createHash('sha256').update(logs).digest('hex');
  return textOf({ ...plan, ...('sha256' in plan && { sha256 }) });
}

const damaged = (line: string) => line.replace('"op"', '"o p');
const lines = Array.from({ length: 6 }, (_, k) => set(`k${k}`, { score: k }, k));
const backup = 'data/logs/players.log.backup.1795146082417';

/** What lies in the folder, and the options of the recovery. */
const kinds: [string, Record<string, string>, string[]][] = [
  [
    'a hole that a backup fills, and a line that goes',
    {
      'data/logs/players.log': log(lines[0], damaged(lines[1]), lines[2], damaged(lines[3])),
      [backup]: log(lines[0], lines[1], lines[2]),
    },
    ['--policy', 'salvage', '--max-lost', '5'],
  ],
  ['a backup as base', { 'data/logs/players.log': '', [backup]: log(...lines) }, []],
  [
    'a main JSON file that knows more',
    {
      'data/logs/players.log': log(lines[0]) + '{"torn',
      'data/players.json': '{"k0":{"score":0},"mine":7}',
    },
    ['--mirror', '--adopt-mirror'],
  ],
];

function folderOf(files: Record<string, string>): string {
  const folder = freshFolder();
  mkdirSync(join(folder, 'data/logs'), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** A fresh copy of a folder for each run: `files` are what there is before. */
function copyOf(folder: string): string {
  const copy = freshFolder();
  cpSync(folder, copy, { recursive: true });
  return copy;
}

const namesIn = (folder: string) => (readdirSync(folder, { recursive: true }) as string[]).sort();
const now = () => Date.parse('2026-12-01T00:00:00Z');
const run = (folder: string, ...args: string[]) => cli(args, { cwd: folder, now });

/** May a recovery leave a file of this name in the folder of the log? */
const isOwnName = (name: string) =>
  /^data\/(logs\/)?\.?(players\.(log|json)|manifest\.json)(\.|$)/.test(name) ||
  /^(ops|snapshots)\/|^\.lock$|^\.?manifest\.json/.test(name);

/** Runs commands on what is in `template`; one copy serves for all that change nothing in it. */
class Runs {
  private folder = '';

  constructor(
    private readonly template: string,
    private readonly args: string[],
  ) {}

  /** The exit code, having looked at what is there now. `file` is the plan or receipt. */
  async outcome(how: string, [file, text]: [string, string]): Promise<number> {
    if (this.folder === '') this.folder = copyOf(this.template);
    const { folder, template } = this;
    writeFileSync(join(folder, file), text);
    const { exitCode, err, out } = await run(folder, ...this.args);
    expect([0, 2, 20, 21, 22], `${how}: ${out}${err}`).toContain(exitCode);
    const before = namesIn(template);
    const made = namesIn(folder).filter((name) => !before.includes(name) && name !== file);
    const strange = made.filter((name) => !isOwnName(name));
    expect(strange, how).toEqual([]);
    if ([0, 20].includes(exitCode)) {
      rmSync(folder, { recursive: true });
      this.folder = '';
      return exitCode;
    }
    expect(
      made.filter((name) => !/lock$/.test(name)),
      how,
    ).toEqual([]);
    for (const name of before.filter((one) => /\.(log|json)$/.test(one) && one !== file)) {
      const [is, was] = [folder, template].map((root) => readFileSync(join(root, name), 'utf8'));
      expect(is === was, `${how}: ${name}`).toBe(true);
    }
    return exitCode;
  }

  /** Of all that can be made of `whole`, a text by `textOf`; gives how often each code came. */
  async all(whole: Json, file: string, text: (value: Json) => string) {
    const codes = new Map<number, number>();
    expect([0, 20]).toContain(await this.outcome('as written', [file, text(whole)]));
    for (const [how, mutated] of mutations(whole)) {
      const code = await this.outcome(how, [file, text(mutated)]);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    return codes;
  }
}

const applied = ['recover', '--yes', '--plan', 'p.plan'];
const savedIn = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'p.plan'), 'utf8')) as Json;

describe('a plan from a file', () => {
  it.each(kinds)('is carried out or refused, wherever it was changed: %s', async (...kind) => {
    const [, files, options] = kind;
    const folder = folderOf(files);
    await run(folder, 'recover', ...options, '--save-plan', 'p.plan', 'data/logs/players.log');
    const codes = await new Runs(folder, applied).all(savedIn(folder), 'p.plan', planText);
    expect(codes.get(21)).toBeGreaterThan(200);
  });

  it('of a store is, too', async () => {
    const store = fixture('manifest-torn');
    await run(store, 'recover', '--policy', 'salvage', '--save-plan', 'p.plan', '.');
    const codes = await new Runs(store, applied).all(savedIn(store), 'p.plan', planText);
    expect(codes.get(21)).toBeGreaterThan(200);
  });

  const torn = { 'data/logs/players.log': log(...lines) + '{"torn' };
  const saved = async () => {
    const folder = folderOf(torn);
    await run(folder, 'recover', '--save-plan', 'p.plan', 'data/logs/players.log');
    return { folder, text: readFileSync(join(folder, 'p.plan'), 'utf8') };
  };

  type Plan = { logs: Record<string, Json>[] } & { [name: string]: Json };
  it.each<[string, (plan: Plan['logs'][0]) => void, string]>([
    ['a stamp that leads elsewhere', (plan) => (plan.stamp = '1/../../evil'), 'logs[0].stamp'],
    ['a command', (plan) => (plan.options = { decode: 'touch evil' }), 'options.decode'],
    [
      'bytes of another file',
      (plan) => (plan.parts = [{ part: 'range', path: '/etc/hostname', offset: 0, length: 3 }]),
      '/etc/hostname is no file of this log',
    ],
    [
      'a backup of another log',
      (plan) => (plan.passedOver = ['data/logs/tokens.log.backup.1']),
      'is no file of this log',
    ],
    ['a basis of nothing', (plan) => (plan.basis = []), 'nothing of the log that it rests on'],
    ['standard input', (plan) => (plan.path = '-'), 'logs[0].path is no path'],
  ])('with %s is refused, and what is wrong is said', async (_, edit, words) => {
    const { folder, text } = await saved();
    const plan = JSON.parse(text) as Plan;
    edit(plan.logs[0]);
    writeFileSync(join(folder, 'p.plan'), planText(plan));
    const { exitCode, err } = await run(folder, 'recover', '--yes', '--plan', 'p.plan');
    const said = err.replace(/\s+/g, ' ');
    expect([exitCode, said]).toEqual([21, expect.stringContaining(words)]);
    expect(existsSync(join(folder, 'evil'))).toBe(false);
  });

  it('that is nested deeper than a stack is refused', async () => {
    const { folder, text } = await saved();
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    for (const place of ['"basis":', '"logs":']) {
      const at = text.indexOf(place) + place.length;
      writeFileSync(join(folder, 'p.plan'), `${text.slice(0, at)}${deep}}`);
      const bad = await run(folder, 'recover', '--yes', '--plan', 'p.plan');
      expect(bad.exitCode, bad.err).toBe(21);
      writeFileSync(join(folder, 'p.plan'), `{"schema":"logctl/plan@1","logs":[${deep}]}`);
      expect((await run(folder, 'recover', '--yes', '--plan', 'p.plan')).exitCode).toBe(21);
    }
  });

  it('of another user is refused; one of root is not', async () => {
    const { folder } = await saved();
    const apply = (uid: number) => {
      const disk = {
        ...{ ...nodeDisk, user: 1000 },
        open(path: string) {
          const file = nodeDisk.open(path);
          if (basename(path) !== 'p.plan') return file;
          return { ...file, stat: () => ({ ...file.stat(), uid }) };
        },
      };
      return cli(['recover', '--yes', '--plan', 'p.plan'], { cwd: folder, now, disk });
    };
    const other = await apply(2001);
    expect([other.exitCode, other.err]).toEqual([21, expect.stringMatching(/another\s+user/)]);
    expect((await apply(0)).exitCode).toBe(0);
  });

  it('that says it is gigabytes long, or a log named by mistake, is refused', async () => {
    const { folder } = await saved();
    const open = (path: string) => {
      const file = nodeDisk.open(path);
      return { ...file, stat: () => ({ ...file.stat(), size: 3 * 2 ** 31 }) };
    };
    const options = { cwd: folder, now, disk: { ...nodeDisk, open } };
    const plan = await cli(['recover', '--yes', '--plan', 'p.plan'], options);
    const receipt = await cli(['recover', '--undo', 'data/logs/players.log'], options);
    expect([plan.exitCode, receipt.exitCode]).toEqual([21, 21]);
    expect(plan.err + receipt.err).toMatch(/too\s+large[^]*too\s+large/);
  });

  it('may name a place for backups and a main JSON file that this run names as well', async () => {
    const folder = folderOf({ 'data/logs/players.log': '', 'state.json': '{}' });
    mkdirSync(join(folder, 'kept'));
    writeFileSync(join(folder, `kept/${basename(backup)}`), log(...lines));
    const where = ['--backup-dir', 'kept', '--mirror', 'state.json'];
    const save = ['--save-plan', 'p.plan', 'data/logs/players.log'];
    await run(folder, 'recover', ...where, ...save);
    const alone = await run(folder, 'recover', '--yes', '--plan', 'p.plan');
    expect([alone.exitCode, alone.err]).toEqual([21, expect.stringMatching(/no\s+file of this/)]);
    const named = await run(folder, 'recover', '--yes', ...where, '--plan', 'p.plan');
    expect(named.exitCode, named.err + named.out).toBe(0);
  });
});

describe('a receipt', () => {
  /** The receipt that a recovery left, taken apart in every way; gives how often each code came. */
  async function all(folder: string) {
    const name = namesIn(folder).find((one) => one.includes('.receipt.'))!;
    const receipt = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Json;
    return new Runs(folder, ['recover', '--undo', name]).all(receipt, name, textOf);
  }

  it('puts back or is refused, wherever it was changed', async () => {
    const [, files, options] = kinds.at(-1)!;
    const folder = folderOf(files);
    await run(folder, 'recover', '--yes', ...options, 'data/logs/players.log');
    expect((await all(folder)).get(21)).toBeGreaterThan(200);
  });

  it('of a store does, too', async () => {
    const store = fixture('manifest-torn');
    await run(store, 'recover', '--yes', '--policy', 'salvage', '.');
    expect((await all(store)).get(21)).toBeGreaterThan(200);
  });
});
