// What lies beside a log is read only where nobody else can have put it there: no link, and no file
// of another user. Method: each kind of side file is a link to a file with a secret, or belongs to
// a third user; then every command runs that would read it, and the secret is nowhere afterwards.
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { faultBeside } from '../src/engine/beside.js';
import type { DiskReader, FileStat } from '../src/engine/disk.js';
import { log, set } from './helpers/bot-log.js';
import { cli as runCli } from './helpers/cli.js';
import { codeUnder, textOf } from './helpers/source-tree.js';

const a = set('a', { score: 1 }, 1);
const b = set('b', { score: 2 }, 2);
const secret = log(set('secret', 'sentinel-7f3a', 1));
const torn = '{"timestamp":"2026-';
const backup = 'data/logs/p.log.backup.1795000000000';
const players = 'data/logs/p.log';
const mirror = 'data/p.json';
const isRoot = process.geteuid?.() === 0;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logctl-beside-'));
  for (const name of ['data/logs', 'victim']) mkdirSync(join(folder, name), { recursive: true });
  write('victim/secret', secret);
  write('victim/secret.json', '{"secret":"sentinel-7f3a"}');
});

afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string) => join(folder, name);
const write = (name: string, text: string) => writeFileSync(at(name), text);
const linkTo = (target: string, name: string) => symlinkSync(at(target), at(name));
const cli = (...args: string[]) => runCli(args, { cwd: folder });

/** Names of all files but the victim's that hold the secret. */
function leaks(): string[] {
  const files = readdirSync(at('data'), { recursive: true, withFileTypes: true });
  return files
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path, 'utf8').includes('sentinel-7f3a'));
}

async function codesOf(...targets: string[]): Promise<string[]> {
  const { out } = await cli('verify', '--json', ...targets);
  const { findings } = JSON.parse(out) as { findings: { code: string; path: string }[] };
  return findings.map(({ code, path }) => `${code} ${path}`);
}

describe('a link beside a log', () => {
  it('is no backup: it is named, and neither a base nor a fill', async () => {
    linkTo('victim/secret', backup);
    write(players, log(a));
    expect(await codesOf(players)).toEqual([`passed-over ${backup}`]);
    write(players, '');
    await cli('recover', '--yes', '--policy', 'salvage', players);
    expect(readFileSync(at(players), 'utf8')).toBe('');
    // A hole between two lines that the secret has around its own.
    write('victim/secret', log(a) + secret + log(b));
    write(players, log(a) + log(set('c', 1)).replace('"op"', '"o p') + log(b));
    await cli('recover', '--yes', '--policy', 'salvage', '--max-lost', '9', players);
    rmSync(at(players));
    await cli('recover', '--yes', '--dialect', 'progressive', players);
    write(players, log(a));
    await cli('compact', '--force', '--gzip-backups', players);
    const history = await cli('inspect', '--history', 'secret', '--values', players);
    expect(history.out).not.toContain('sentinel');
    expect([existsSync(at(backup)), leaks()]).toEqual([true, []]);
  });

  it.each([
    ['jsonldb', '.bak', '{"k":"secret","v":"sentinel-7f3a"}\n', '{"k":"a","v":1}\n'],
    ['nedb', '~', '{"_id":"secret","v":"sentinel-7f3a"}\n', '{"_id":"a","v":1}\n'],
  ])('is no copy of a %s library', async (dialect, suffix, text, own) => {
    write('victim/secret', text);
    write('data/store.db', own);
    linkTo('victim/secret', `data/store.db${suffix}`);
    const options = ['--dialect', dialect, 'data/store.db'];
    expect(await codesOf(...options)).toContain(`passed-over data/store.db${suffix}`);
    rmSync(at('data/store.db'));
    await cli('recover', '--yes', '--policy', 'salvage', ...options);
    await cli('replay', '--semantics', 'upstream', ...options);
    expect(leaks()).toEqual([]);
  });

  it('is no main JSON file, unless somebody names it to read it', async () => {
    write(players, log(a));
    linkTo('victim/secret.json', mirror);
    expect(await codesOf(players)).toEqual([`passed-over ${mirror}`]);
    expect(await codesOf('--mirror', mirror, players)).not.toContain(`passed-over ${mirror}`);
    for (const option of ['--mirror', '--adopt-mirror', '--replace-mirror']) {
      expect((await cli('recover', '--yes', option, players)).exitCode).toBe(21);
    }
    write(players, log(a).replace('"key":"a"', '"key":"secret"').replace('"op"', '"o p'));
    const more = ['--policy', 'salvage', '--max-lost', '9', '--mirror', mirror];
    await cli('recover', '--yes', ...more, players);
    expect(leaks()).toEqual([]);
  });

  it('is no original: undo copies not a byte of it', async () => {
    write(players, log(a, b) + torn);
    await cli('recover', '--yes', players);
    const names = readdirSync(at('data/logs'));
    const [original, receipt] = ['.original.', '.receipt.'].map((part) => {
      return `data/logs/${names.find((name) => name.includes(part))}`;
    });
    renameSync(at(original), at('data/kept'));
    linkTo('victim/secret', original);
    const before = readFileSync(at(players), 'utf8');
    for (const more of [[], ['-o', 'data/aside']]) {
      const { exitCode, err } = await cli('recover', '--undo', receipt, ...more);
      expect([exitCode, err]).toEqual([21, expect.stringMatching(/is a symbolic link/)]);
    }
    expect([readFileSync(at(players), 'utf8'), existsSync(at('data/aside'))]).toEqual([
      before,
      false,
    ]);
    renameSync(at(receipt), at('victim/receipt'));
    linkTo('victim/receipt', receipt);
    expect((await cli('recover', '--undo', receipt)).exitCode).toBe(21);
    expect(leaks()).toEqual([]);
  });

  it('is no file of a store, wherever it leads', async () => {
    const store = 'data/store';
    for (const name of ['snapshots', 'ops']) mkdirSync(at(`${store}/${name}`), { recursive: true });
    const manifest = {
      ...{ version: 1, currentSnapshot: 'snapshots/snap-1.jsonl', activeOps: 'ops/ops-1.jsonl' },
      archiveSegments: [],
      stats: {
        ...{ activeRecords: 0, archivedRecords: 0, opsCount: 0 },
        ...{ created: '2026-11-01T00:00:00.000Z', lastCheckpoint: '2026-11-01T00:00:00.000Z' },
      },
    };
    const header = '{"version":1,"timestamp":"2026-11-01T00:00:00.000Z"}\n';
    write('victim/snap', `${header}{"id":"secret","data":"sentinel-7f3a"}\n`);
    write(`${store}/manifest.json`, JSON.stringify(manifest));
    write(`${store}/ops/ops-1.jsonl`, '');
    linkTo('victim/snap', `${store}/snapshots/snap-1.jsonl`);
    expect((await cli('verify', store)).exitCode).toBe(4);
    await cli('recover', '--yes', '--policy', 'salvage', '--max-lost', '9', store);
    await cli('compact', '--force', store);
    expect(leaks()).toEqual([]);
    rmSync(at(`${store}/manifest.json`));
    write('victim/manifest', JSON.stringify(manifest));
    linkTo('victim/manifest', `${store}/manifest.json`);
    expect((await cli('verify', store)).exitCode).toBe(4);
  });

  it('that is the log itself may be named, and no main JSON file is made of it', async () => {
    linkTo('victim/secret', players);
    expect((await cli('verify', players)).exitCode).toBe(0);
    const { exitCode } = await cli('recover', '--yes', '--mirror', players);
    expect([exitCode, leaks()]).toEqual([21, []]);
  });
});

describe('a file of another user beside a log', () => {
  const asRoot = it.skipIf(!isRoot);
  // Without root no file can be given away: the rule itself is tested below for any user.
  const bot = 2_001;
  const other = 2_002;

  function give(user: number, ...names: string[]): void {
    for (const name of names) {
      chownSync(at(name), user, user);
      chmodSync(at(name), statSync(at(name)).isDirectory() ? 0o755 : 0o600);
    }
  }

  asRoot('is no backup and no main JSON file for root', async () => {
    write(players, log(a));
    write(backup, secret);
    write(mirror, '{"secret":"sentinel-7f3a"}');
    give(other, backup, mirror);
    give(bot, 'data', 'data/logs', players);
    expect(await codesOf(players)).toEqual([`passed-over ${backup}`, `passed-over ${mirror}`]);
    const { exitCode } = await cli('recover', '--yes', '--adopt-mirror', players);
    expect(exitCode).toBe(21);
    write(players, '');
    await cli('recover', '--yes', '--policy', 'salvage', players);
    expect(readFileSync(at(players), 'utf8')).not.toContain('sentinel');
  });

  asRoot('counts where the log has the same owner, or nobody else can write there', async () => {
    write(players, '');
    write(backup, log(a));
    give(bot, 'data', 'data/logs', players, backup);
    expect((await cli('recover', '--yes', players)).exitCode).toBe(0);
    expect(readFileSync(at(players), 'utf8')).toBe(log(a));
    write(players, '');
    give(other, backup);
    give(0, 'data', 'data/logs');
    expect((await cli('recover', '--yes', players)).exitCode).toBe(0);
  });

  asRoot('of root that the owner of the directory linked hard is none', async () => {
    write(players, '');
    linkSync(at('victim/secret'), at(backup));
    give(bot, 'data', 'data/logs', players);
    await cli('recover', '--yes', '--policy', 'salvage', players);
    expect(readFileSync(at(players), 'utf8')).toBe('');
  });
});

describe('the rule', () => {
  const stat = (uid: number, more: Partial<FileStat> = {}): FileStat => ({
    ...{ id: '1:1', kind: 'file', size: 1, mtimeMs: 0, mode: 0o600, uid, gid: uid, links: 1 },
    ...more,
  });
  /** The log is of user 7; the directory as given. */
  const world = (user: number | undefined, directory = stat(7, { mode: 0o755 })) =>
    ({ user, stat: (path: string) => (path === '/d/p.log' ? stat(7) : directory) }) as DiskReader;
  const isRead = (disk: DiskReader, file: FileStat) =>
    faultBeside(disk, '/d/p.log.backup.1', '/d/p.log', file) === undefined;

  it('takes files of the log owner, of root and of the caller, the last two with one name', () => {
    for (const user of [0, 9]) {
      expect([7, 0, 8, 9].map((uid) => isRead(world(user), stat(uid)))).toEqual([
        true,
        true,
        false,
        user === 9,
      ]);
      expect(isRead(world(user), stat(user, { links: 2 }))).toBe(false);
      expect(isRead(world(user), stat(7, { links: 2 }))).toBe(true);
    }
  });

  it('asks for no owner where rights are the same anyhow, and never takes a link', () => {
    expect(isRead(world(7), stat(8))).toBe(true);
    expect(isRead(world(undefined), stat(8))).toBe(true);
    expect(isRead(world(0, stat(0, { mode: 0o755 })), stat(8))).toBe(true);
    expect(isRead(world(0, stat(0, { mode: 0o775 })), stat(8))).toBe(false);
    for (const user of [undefined, 0, 7]) {
      expect(isRead(world(user), stat(7, { kind: 'symlink' }))).toBe(false);
      expect(isRead(world(user), stat(7, { kind: 'other' }))).toBe(false);
    }
  });
});

describe('the engine', () => {
  // A new place that opens a file by its name alone has to be looked at, and listed here.
  const named = [
    'beside.ts compaction/backup-archive.ts compaction/compact-due.ts compaction/compact-fold.ts',
    'compaction/gzip-backups.ts compaction/swap-recovery.ts decode/decoded-disk.ts disk.ts',
    'recovery/recover-apply.ts recovery/recover-log.ts recovery/recover-undo.ts replay.ts',
    'tail/tail-follower.ts writer/mirror-load.ts writer/writer-log.ts',
    'compaction/late-backup.ts locks/mounts.ts',
  ].flatMap((names) => names.split(' '));

  it('opens what was named in few places, and the rest by the rule or without links', () => {
    const opening = codeUnder('src/engine').filter((path) => {
      return /disk\.open\([^()]*(\([^()]*\))?[^()]*\)/g.test(
        textOf(path).replace(/disk\.open\([^;]*noLinks: true[^;]*;/g, ''),
      );
    });
    const found = opening.map((path) => path.replace('src/engine/', ''));
    expect(found.filter((path) => !named.includes(path))).toEqual([]);
  });
});
