// Locks and leases against the real kernel: real processes, real kill -9, koffi and perl each.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { platform, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeDisk } from '../src/engine/disk.js';
import { LogctlError } from '../src/engine/errors.js';
import {
  filesystemOf,
  findHolders,
  loadKernelLocks,
  type KernelLocks,
  type LockVia,
} from '../src/engine/kernel-locks.js';
import { buildScript } from './helpers/engine-build.js';
import { LockProcess } from './helpers/lock-process.js';

const { directory: scripts, script } = buildScript('test/helpers/lock-child.ts');
afterAll(() => rmSync(scripts, { recursive: true }));

const real = {
  koffi: await loadKernelLocks(nodeDisk, { use: 'koffi' }),
  perl: await loadKernelLocks(nodeDisk, { use: 'perl' }),
  flock: await loadKernelLocks(nodeDisk, { use: 'flock' }),
};
type Real = keyof typeof real;
const has = (via: Real) => real[via].via === via;
const hasLeases = (via: Real) => real[via].leases === 'kernel';
const missing = (via: Real) => (has(via) ? '' : ` (skipped: ${via} is not installed)`);

let directory: string;
let log: string;
let children: LockProcess[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'logctl-locks-'));
  log = join(directory, 'players.log');
  writeFileSync(log, '{"op":"SET"}\n');
  children = [];
});
afterEach(async () => {
  await Promise.all(children.map((child) => child.kill()));
  rmSync(directory, { recursive: true });
});

async function child(via: LockVia): Promise<LockProcess> {
  const started = await LockProcess.start(script, via);
  children.push(started);
  return started;
}

describe.each(['koffi', 'perl', 'flock'] as const)('flock through %s', (via) => {
  const given = it.runIf(has(via));
  const locks = real[via];

  given(`lets one of two processes in, the other after kill -9${missing(via)}`, async () => {
    const [first, second] = [await child(via), await child(via)];
    expect(await first.ask({ do: 'try-lock', path: log })).toBe(true);
    expect(await second.ask({ do: 'try-lock', path: log })).toBe(false);
    await first.kill();
    expect(await second.ask({ do: 'lock', path: log, waitMs: 2_000 })).toBe(true);
  });

  given('keeps the lock while the event loop of its holder stands still', async () => {
    const [first, second] = [await child(via), await child(via)];
    expect(await first.ask({ do: 'try-lock', path: log })).toBe(true);
    const frozen = first.ask({ do: 'freeze', ms: 400 });
    expect(await second.ask({ do: 'lock', path: log, waitMs: 200 })).toBe(false);
    await frozen;
    expect(await first.ask({ do: 'unlock', path: log })).toBe(true);
    expect(await second.ask({ do: 'try-lock', path: log })).toBe(true);
  });

  given('excludes a second descriptor of the same process, and frees on close', () => {
    const [one, two] = [nodeDisk.open(log), nodeDisk.open(log)];
    expect([locks.tryLock(one), locks.tryLock(two)]).toEqual([true, false]);
    one.close();
    expect(locks.tryLock(two)).toBe(true);
    two.close();
  });

  given('waits while the event loop lives, and not longer than it was told', async () => {
    const [one, two] = [nodeDisk.open(log), nodeDisk.open(log)];
    expect(locks.tryLock(one)).toBe(true);
    const startMs = performance.now();
    expect(await locks.lock(two, { waitMs: 150 })).toBe(false);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(150);
    setTimeout(() => locks.unlock(one), 100);
    expect(await locks.lock(two, { waitMs: 10_000 })).toBe(true);
    expect(performance.now() - startMs).toBeLessThan(5_000);
    [one, two].forEach((file) => file.close());
  });
});

describe('locks of different ways', () => {
  const pairs = [
    ['koffi', 'perl'],
    ['perl', 'koffi'],
    ['koffi', 'flock'],
    ['flock', 'perl'],
  ] as const;
  it.each(pairs)('%s excludes %s in another process', async (one, other) => {
    if (!has(one) || !has(other)) return;
    const [first, second] = [await child(one), await child(other)];
    expect(await first.ask({ do: 'try-lock', path: log })).toBe(true);
    expect(await second.ask({ do: 'try-lock', path: log })).toBe(false);
    await first.kill();
    expect(await second.ask({ do: 'lock', path: log, waitMs: 2_000 })).toBe(true);
  });
});

describe.each(['koffi', 'perl'] as const)('leases through %s', (via) => {
  const given = it.runIf(hasLeases(via));
  const locks = real[via];

  given(`refuses a read lease while a writer has the file open${missing(via)}`, () => {
    const reader = nodeDisk.open(log);
    const writer = nodeDisk.openAppend(log);
    expect(locks.lease(reader, 'read')).toBe('held');
    writer.close();
    expect(locks.lease(reader, 'read')).toBe('granted');
    expect(locks.leaseOf(reader)).toBe('read');
    locks.release(reader);
    expect(locks.leaseOf(reader)).toBe('none');
    locks.release(reader);
    reader.close();
  });

  given('refuses a write lease while anybody else has the file open', () => {
    const own = nodeDisk.openAppend(log);
    const reader = nodeDisk.open(log);
    expect(locks.lease(own, 'write')).toBe('held');
    reader.close();
    expect(locks.lease(own, 'write')).toBe('granted');
    expect(locks.leaseOf(own)).toBe('write');
    own.close();
  });

  given('waits for the writer of another process to close, up to its time', async () => {
    const writer = await child(via);
    await writer.ask({ do: 'open-now', path: log, flags: 'a' });
    const file = nodeDisk.open(log);
    expect(locks.lease(file, 'read', 50)).toBe('held');
    const frozen = writer.ask({ do: 'freeze', ms: 100 });
    const closed = writer.ask({ do: 'close', path: log });
    expect(locks.lease(file, 'read', 5_000)).toBe('granted');
    await Promise.all([frozen, closed]);
    file.close();
  });

  given('makes an opener wait, tells its holder, and lets it in on release', async () => {
    const [holder, opener] = [await child(via), await child(via)];
    expect(await holder.ask({ do: 'lease', path: log, kind: 'read' })).toBe('granted');
    let opened = false;
    const opening = opener.ask({ do: 'open-now', path: log, flags: 'a' });
    void opening.then(() => (opened = true));
    await expect.poll(() => holder.ask({ do: 'lease-of', path: log })).toBe('none');
    expect(opened).toBe(false);
    // The holder answers: no SIGIO ended it.
    expect(await holder.ask({ do: 'release', path: log })).toBe(true);
    expect(await opening).toBe(true);
  });

  given('ends the lease with the process that held it', async () => {
    const [holder, opener] = [await child(via), await child(via)];
    expect(await holder.ask({ do: 'lease', path: log, kind: 'read' })).toBe('granted');
    const opening = opener.ask({ do: 'open-now', path: log, flags: 'a' });
    await expect.poll(() => holder.ask({ do: 'lease-of', path: log })).toBe('none');
    await holder.kill();
    expect(await opening).toBe(true);
  });

  given('survives SIGIO itself, also where the owner of the lease was never reset', async () => {
    const holder = await child(via);
    expect(await holder.ask({ do: 'lease', path: log, kind: 'read' })).toBe('granted');
    holder.signal('SIGIO');
    expect(await holder.ask({ do: 'lease-of', path: log })).toBe('read');
  });

  given('is not stopped by Ctrl-Z under its shield', async () => {
    const holder = await child(via);
    await holder.ask({ do: 'shield' });
    expect(await holder.ask({ do: 'lease', path: log, kind: 'read' })).toBe('granted');
    holder.signal('SIGTSTP');
    expect(await holder.ask({ do: 'lease-of', path: log })).toBe('read');
  });

  given('reads the whole log under its lease through the descriptor it has', () => {
    const file = nodeDisk.open(log);
    expect(locks.lease(file, 'read')).toBe('granted');
    const bytes = new Uint8Array(64);
    expect(file.read(bytes, 0)).toBe(13);
    file.close();
  });

  const asRoot = it.runIf(hasLeases(via) && userInfo().uid === 0);
  asRoot('tells a foreign file apart from a busy one (root only)', async () => {
    chmodSync(directory, 0o755);
    chmodSync(log, 0o644);
    const answer = await leaseAsNobody(via);
    expect(answer).toBe('no-permission');
  });
});

/** Takes a lease on the log, which is root's, as the user 65534. */
async function leaseAsNobody(via: Real): Promise<unknown> {
  chmodSync(scripts, 0o755);
  // setuid after the modules are loaded: the checkout itself may be closed to others.
  const code =
    `const { nodeDisk } = await import(${JSON.stringify(engineUrl('disk'))});` +
    `const { loadKernelLocks } = await import(${JSON.stringify(engineUrl('kernel-locks'))});` +
    `const locks = await loadKernelLocks(nodeDisk, { use: ${JSON.stringify(via)} });` +
    `process.setgroups([]); process.setgid(65534); process.setuid(65534);` +
    `const file = nodeDisk.open(${JSON.stringify(log)});` +
    `console.log(JSON.stringify(locks.lease(file, 'read')));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code]);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(child, 'close');
  return JSON.parse(text);
}

const engineUrl = (name: string) => join(scripts, 'src', 'engine', `${name}.js`);

describe('holders of a file', () => {
  const onLinux = it.runIf(platform() === 'linux');

  onLinux('names pid, command, writing and append mode of other processes', async () => {
    const writer = await child('none');
    await writer.ask({ do: 'open-now', path: log, flags: 'a' });
    const editor = await child('none');
    await editor.ask({ do: 'open-now', path: log, flags: 'r+' });
    const reader = await child('none');
    await reader.ask({ do: 'open-now', path: log, flags: 'r' });
    const { holders } = findHolders(nodeDisk, nodeDisk.stat(log)!.id);
    const row = ({ pid }: LockProcess, writes: boolean, append: boolean) => {
      return { pid, command: expect.stringContaining('node'), writes, append };
    };
    const wanted = [row(writer, true, true), row(editor, true, false), row(reader, false, false)];
    expect(holders).toEqual(wanted.sort((a, b) => a.pid - b.pid));
    expect(holders.every(({ command }) => [...command].length <= 80)).toBe(true);
  });

  onLinux('leaves us out while we read, and names us when we write', () => {
    const { id } = nodeDisk.stat(log)!;
    const reader = nodeDisk.open(log);
    expect(findHolders(nodeDisk, id).holders).toEqual([]);
    const writer = nodeDisk.openAppend(log);
    const us = { pid: process.pid, writes: true, append: true };
    expect(findHolders(nodeDisk, id).holders).toMatchObject([us]);
    [reader, writer].forEach((file) => file.close());
  });
});

describe('a system without locks', () => {
  it('refuses and names what helps, and never pretends', async () => {
    const none: KernelLocks = await loadKernelLocks(nodeDisk, { use: 'none' });
    const file = nodeDisk.open(log);
    expect([none.via, none.leases]).toEqual(['none', 'none']);
    expect(none.lease(file, 'read')).toBe('unsupported');
    const refusal = await none.lock(file, { waitMs: 0 }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(LogctlError);
    expect(refusal).toMatchObject({ code: 'unsupported' });
    // --offline would not help: without a lock nothing keeps two compactions apart.
    expect((refusal as LogctlError).hint).toContain('koffi');
    expect((refusal as LogctlError).hint).not.toContain('--offline');
    expect(() => none.tryLock(file)).toThrow(LogctlError);
    file.close();
  });

  it('refuses a file that has no descriptor', () => {
    const gz = { path: 'players.log.backup.1.gz' } as never;
    for (const locks of Object.values(real)) expect(() => locks.tryLock(gz)).toThrow(LogctlError);
  });
});

describe('filesystems', () => {
  it('knows those that other machines write to, and concludes nothing of unknown ones', () => {
    const names = [0x6969, 0xff534d42, 0x01021997].map((type) => filesystemOf(type));
    expect(names.every(({ shared }) => shared)).toBe(true);
    // The same number as a 32-bit kernel shows it.
    expect(filesystemOf(0xff534d42 | 0).name).toBe('cifs');
    expect(filesystemOf(26)).toEqual({ name: 'unknown' });
    expect(nodeDisk.fsType(directory)).toBeGreaterThanOrEqual(0);
  });
});
