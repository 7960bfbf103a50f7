// Every file that we write besides logs: durable before it has its name, for nobody else until it
// is whole, no wider than the log it is made of, and gone with the next run where a kill left it.
// Method: a recording disk tells the order of effects; modes, owners and leases want a real one.
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeDisk, openLog, undoRecovery } from '../src/engine/index.js';
import { checkpoint, log, set } from './helpers/bot-log.js';
import { cli } from './helpers/cli.js';
import { FakeLocks } from './helpers/fake-locks.js';
import type { Effect, Inode } from './helpers/memory-inode.js';
import { memoryDisk, type RecordingDisk } from './helpers/recording-disk.js';
import { logPath, recoverOn, writeContextOf } from './helpers/recovery.js';

const a = set('a', { score: 1 }, 1);
const b = set('b', { score: 2 }, 2);
const torn = set('a', { score: 4 }, 4).slice(0, 60);
const mirrorPath = '/data/players.json';
const diskOf = (text = log(a, b) + torn) =>
  memoryDisk({ [logPath]: text, [mirrorPath]: '{"a":{"score":1}' }, { directories: ['/else'] });

/** A disk with a recovered log, and the receipt of that. */
async function recovered(options: Parameters<typeof recoverOn>[1] = {}) {
  const disk = diskOf();
  const { logs } = await recoverOn(disk, options);
  return { disk, receipt: logs[0].receipt! };
}

/** Runs that write a file of their own, and where; each on a disk that records. */
const runs: [name: string, path: string, run: () => Promise<RecordingDisk>][] = [
  ['replay -o', '/else/out', () => typed(diskOf(log(a)), 'replay', '-o', '/else/out')],
  ['recover -o', '/else/out', () => typed(diskOf(), 'recover', '--yes', '-o', '/else/out')],
  [
    'recover --save-plan',
    '/else/out',
    () => typed(diskOf(), 'recover', '--save-plan', '/else/out'),
  ],
  [
    'verify --metrics-textfile',
    '/else/out',
    () => typed(diskOf(), 'verify', '--metrics-textfile', '/else/out'),
  ],
  [
    'recover --undo -o',
    '/else/out',
    async () => {
      const { disk, receipt } = await recovered();
      await undoRecovery(writeContextOf(disk), receipt, [], { output: '/else/out' });
      return disk;
    },
  ],
  ['recover --mirror', mirrorPath, async () => (await recovered({ rebuildMirror: true })).disk],
  [
    'the mirror of the library',
    mirrorPath,
    async () => {
      const disk = memoryDisk({}, { directories: ['/data/logs'] });
      const locked = Object.assign(disk, { locks: new FakeLocks(disk) });
      const handle = await openLog(logPath, { disk: locked, mirror: mirrorPath });
      await handle.set('a', 1);
      await handle.close();
      return disk;
    },
  ],
];

async function typed(disk: RecordingDisk, command: string, ...args: string[]) {
  const { exitCode, err } = await cli([command, ...args, logPath], { disk });
  expect([exitCode > 3, err]).toEqual([false, err]);
  return disk;
}

const effectsOn = ({ effects }: Pick<RecordingDisk, 'effects'>, inode: Inode): Effect[] =>
  effects.filter((one) => 'inode' in one && one.inode === inode);

/** What was done to the inode that got this name last, up to then, and the effect after it. */
function historyOf({ effects }: RecordingDisk, path: string) {
  const isNaming = (one: Effect) => (one.do === 'rename' || one.do === 'link') && one.path === path;
  const at = effects.findLastIndex(isNaming);
  const { inode } = effects[at] as { inode: Inode };
  const before = effectsOn({ effects: effects.slice(0, at) }, inode);
  return { before: before.map((one) => one.do), then: effects[at + 1] };
}

describe.each(runs)('%s', (_name, path, run) => {
  it('syncs the file before it has its name, and the directory behind it', async () => {
    const { before, then } = historyOf(await run(), path);
    expect(before.at(-1)).toBe('sync');
    expect(then.do).toBe('sync-directory');
  });

  it('gives owner and mode when the last byte is written', async () => {
    const { before } = historyOf(await run(), path);
    expect(before[0]).toBe('create');
    expect(before.indexOf('attributes')).toBeGreaterThan(before.lastIndexOf('append'));
  });
});

describe('evidence', () => {
  it.each([
    ['beside the log', undefined],
    ['elsewhere', '/else'],
  ])('%s gets owner and mode when the last byte is written', async (_name, evidenceDir) => {
    const { disk } = await recovered({ evidenceDir, rebuildMirror: true });
    const made = disk.effects.filter((one) => one.do === 'create');
    const own = made.filter(({ path }) => !path.startsWith('/data/logs/.'));
    expect(own.length).toBeGreaterThan(evidenceDir === undefined ? 2 : 3);
    for (const one of own) {
      const done = effectsOn(disk, (one as { inode: Inode }).inode);
      const kinds = done.map((one) => one.do);
      expect(kinds.indexOf('attributes')).toBeGreaterThan(kinds.lastIndexOf('append'));
      expect(kinds.lastIndexOf('sync')).toBeGreaterThan(kinds.lastIndexOf('attributes'));
    }
  });

  it('that a disk gives back as other bytes is not moved: the original stays', async () => {
    const disk = diskOf();
    const open = disk.open.bind(disk);
    disk.open = (path, how) => {
      const file = open(path, how);
      if (!path.startsWith('/else/.')) return file;
      const read = file.read.bind(file);
      return Object.assign(file, {
        read(target: Uint8Array, position: number) {
          const length = read(target, position) as number;
          if (length > 0) target[0] ^= 1;
          return length;
        },
      });
    };
    await expect(recoverOn(disk, { evidenceDir: '/else' })).rejects.toMatchObject({ code: 'io' });
    const kept = disk.list('/data/logs')!.find((name) => name.includes('.original.'));
    expect(disk.text(`/data/logs/${kept}`)).toBe(log(a, b) + torn);
    expect(disk.list('/else')!.filter((name) => /original|tmp/.test(name))).toEqual([]);
  });

  it('whose name leads to another file by then is not moved, and that file stays', async () => {
    const disk = diskOf();
    const other = '/data/logs/other';
    disk.asWriter(() => disk.create(other).append(Buffer.from('of somebody else')));
    const keptAs = () => disk.list('/data/logs')!.find((name) => name.includes('.original.'));
    disk.before = ({ do: what }) => {
      const isOver = disk.lstat('/data/logs/.players.log.compact.json') === undefined;
      if (what !== 'sync-directory' || !isOver || keptAs() === undefined) return;
      if (disk.lstat(other) !== undefined) {
        disk.asWriter(() => disk.rename(other, `/data/logs/${keptAs()}`));
      }
    };
    await expect(recoverOn(disk, { evidenceDir: '/else' })).rejects.toMatchObject({
      code: 'changed',
    });
    expect(disk.text(`/data/logs/${keptAs()}`)).toBe('of somebody else');
    expect(disk.list('/else')!.filter((name) => /original|tmp/.test(name))).toEqual([]);
  });
});

describe('on a real disk', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'logctl-written-'));
    mkdirSync(join(folder, 'data/logs'), { recursive: true });
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const at = (name: string) => join(folder, name);
  const write = (name: string, text: string) => writeFileSync(at(name), text);
  const modeOf = (name: string) => (statSync(at(name)).mode & 0o777).toString(8);
  const players = 'data/logs/p.log';
  const run = (args: string[], umask = 0o022) =>
    cli(args, { cwd: folder, disk: { ...nodeDisk, user: process.geteuid?.(), umask } });

  it('a result is no wider than its log, nor than the umask; a plan is for its maker', async () => {
    for (const [mode, umask, wanted] of [
      [0o600, 0o022, '600'],
      [0o640, 0o022, '640'],
      [0o666, 0o077, '600'],
      [0o777, 0o002, '664'],
    ] as const) {
      write(players, log(a, b) + torn);
      chmodSync(at(players), mode);
      await run(['replay', '-o', 'state', players], umask);
      await run(['recover', '--yes', '-o', 'rec', players], umask);
      await run(['recover', '--save-plan', 'plan', players], umask);
      await run(['recover', '--yes', players], umask);
      const names = readdirSync(at('data/logs'));
      const receipt = names.find((name) => name.includes('.receipt.'));
      await run(['recover', '--undo', `data/logs/${receipt}`, '-o', 'back'], umask);
      const modes = ['state', 'rec', 'plan', 'back'].map(modeOf);
      expect(modes).toEqual([wanted, wanted, '600', wanted]);
      for (const name of ['state', 'rec', 'plan', 'back']) rmSync(at(name));
      for (const name of names) rmSync(at(`data/logs/${name}`));
    }
  });

  it('metrics hold no values: any collector may read them, as far as the umask goes', async () => {
    write(players, log(a));
    chmodSync(at(players), 0o600);
    await run(['verify', '--metrics-textfile', 'm.prom', players]);
    await run(['verify', '--metrics-textfile', 'n.prom', players], 0o077);
    expect([modeOf('m.prom'), modeOf('n.prom')]).toEqual(['644', '600']);
  });

  it('a file that is replaced keeps its mode', async () => {
    write(players, log(a));
    write('state', '');
    chmodSync(at('state'), 0o660);
    await run(['replay', '--force', '-o', 'state', players]);
    expect(modeOf('state')).toBe('660');
  });

  const rewriting: [name: string, path: string, args: string[]][] = [
    ['replay -o', 'state.json', ['replay', '-o', 'state.json', players]],
    ['recover --save-plan', 'plan', ['recover', '--save-plan', 'plan', players]],
    ['--metrics-textfile', 'm.prom', ['verify', '--metrics-textfile', 'm.prom', players]],
    ['recover --mirror', 'data/p.json', ['recover', '--yes', '--mirror', players]],
    ['evidence', 'else/p.log', ['recover', '--yes', '--evidence-dir', 'else', players]],
  ];

  it.each(rewriting)('what a kill left of %s goes, and nothing else', async (name, path, args) => {
    mkdirSync(at('else'));
    write(players, name === 'replay -o' ? log(a) : log(a) + torn);
    const [folderOf, base] = [path.split('/').slice(0, -1).join('/'), path.split('/').at(-1)!];
    const beside = (more: string) => join(folderOf, `.${base}.tmp-${more}`);
    write(beside('0123456789abcdef'), 'half');
    write(beside('no-hex'), 'of somebody else');
    write(join(folderOf, `.${base}x.tmp-0123456789abcdef`), 'of another file');
    write('target', '');
    symlinkSync(at('target'), at(beside('abc')));
    mkdirSync(at(beside('def')));
    write(beside('aaaa'), 'being written');
    const fd = openSync(at(beside('aaaa')), 'a');
    const { exitCode, err } = await run(args);
    closeSync(fd);
    expect([exitCode > 3, err]).toEqual([false, expect.stringContaining('0123456789abcdef')]);
    const left = readdirSync(at(folderOf === '' ? '.' : folderOf)).filter((one) =>
      one.includes('.tmp-'),
    );
    const kept = ['aaaa', 'abc', 'def', 'no-hex'].map((more) => `.${base}.tmp-${more}`);
    expect(left).toEqual([...kept, `.${base}x.tmp-0123456789abcdef`]);
  });

  it('verify names what a kill left of a main JSON file, not what is being written', async () => {
    write(players, log(checkpoint({ a: 1 }, 1)));
    write('data/p.json', '{"a":1}');
    write('data/.p.json.tmp-0123456789abcdef', 'half');
    write('data/.p.json.tmp-aaaa', 'being written');
    const fd = openSync(at('data/.p.json.tmp-aaaa'), 'a');
    const { out } = await run(['verify', '--json', players]);
    closeSync(fd);
    const { findings } = JSON.parse(out) as { findings: { code: string; path: string }[] };
    expect(findings.map(({ code, path }) => `${code} ${path}`)).toEqual([
      'leftover-temp data/.p.json.tmp-0123456789abcdef',
    ]);
    const { out: plan } = await run(['recover', '--json', '--dry-run', players]);
    expect(JSON.parse(plan).logs[0].result).toBe('nothing to do');
  });
});
