// recover on a real disk: evidence, refusals that write nothing, undo, plans, mirrors.
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeDisk, recover, savedPlan, undoRecovery } from '../src/engine/index.js';
import type { LogctlError, WriteContext } from '../src/engine/index.js';
import { log, remove, set } from './helpers/bot-log.js';
import { fingerprintOf, RecoverFolder } from './helpers/recover-folder.js';

const a = set('a', { score: 1 }, 1);
const b = set('b', { score: 2 }, 2);
const c = set('c', { score: 3 }, 3);
const torn = set('a', { score: 4 }, 4).slice(0, 60);
const backup = 'logs/players.log.backup.1795146082417';
const salvage = { policy: 'salvage', maxLost: 99 } as const;

let world: RecoverFolder;
let path: string;
let context: WriteContext;

beforeEach(async () => {
  world = await RecoverFolder.make();
  ({ path, context } = world);
});

afterEach(() => world.remove());

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: LogctlError) => error.code,
  );

describe('recover', () => {
  it('writes nothing when it refuses, or when nobody says yes', async () => {
    world.write('logs/players.log', log(a) + torn + log(b, '{'.padEnd(90, 'z'), c));
    const before = fingerprintOf(world.folder);
    for (const options of [
      {},
      { policy: 'strict' },
      { policy: 'salvage' },
      { policy: 'prefix' },
    ] as const) {
      const report = await world.apply(options);
      expect(report).toMatchObject({ exitCode: 21, logs: [{ result: 'refused' }] });
      expect(report.error?.hint).toBe('Nothing was changed.');
    }
    const asked = await recover(context, [path], salvage, () => 'nobody');
    expect(asked).toMatchObject({ exitCode: 21, error: { code: 'refused' } });
    expect(fingerprintOf(world.folder)).toBe(before);
  });

  it('says of a sound log that there is nothing to do, and takes no lock', async () => {
    world.write('logs/players.log', log(a, b));
    const before = fingerprintOf(world.folder);
    expect(await world.apply()).toMatchObject({ exitCode: 0, logs: [{ result: 'nothing to do' }] });
    expect(fingerprintOf(world.folder)).toBe(before);
  });

  it('keeps mode and name, and makes a missing log anew', async () => {
    world.write(backup, log(a, b));
    const [part] = (await world.apply()).logs;
    expect(world.read('logs/players.log')).toBe(log(a, b));
    expect(part).toMatchObject({ result: 'recovered', original: null });
    expect(statSync(path).mode).toBe(statSync(join(world.folder, backup)).mode);
    await undoRecovery(context, part.receipt!, [], {});
    expect(readdirSync(join(world.folder, 'logs'))).not.toContain('players.log');
  });

  it('finds no log and has nothing to do, where it was told that this may be', async () => {
    expect(await codeOf(world.apply())).toBe('not-found');
    expect(await world.apply({ ifExists: true })).toMatchObject({ exitCode: 0, logs: [] });
  });

  it('writes elsewhere and leaves everything as it is', async () => {
    world.write('logs/players.log', log(a) + torn);
    const before = fingerprintOf(join(world.folder, 'logs'));
    const output = join(world.folder, 'elsewhere.log');
    const report = await world.apply({ output });
    expect(report).toMatchObject({ exitCode: 0, logs: [{ result: 'written', output }] });
    expect(world.read('elsewhere.log')).toBe(log(a));
    expect(fingerprintOf(join(world.folder, 'logs'))).toBe(before);
    expect(await codeOf(world.apply({ output }))).toBe('refused');
  });

  it('keeps the evidence elsewhere, where it is told to, and undoes from there', async () => {
    world.write('logs/players.log', log(a) + torn);
    const evidenceDir = mkdtempSync('/dev/shm/logctl-evidence-');
    try {
      const [part] = (await world.apply({ evidenceDir })).logs;
      expect(readFileSync(part.original!, 'utf8')).toBe(log(a) + torn);
      const names = readdirSync(evidenceDir).map((name) => name.replace(/\d+/, 'N'));
      expect(names.sort()).toEqual([
        'players.log.original.N',
        'players.log.quarantine.N.jsonl',
        'players.log.receipt.N.json',
      ]);
      expect(
        readdirSync(join(world.folder, 'logs')).filter((name) => !name.startsWith('.')),
      ).toEqual(['players.log']);
      await undoRecovery(context, part.receipt!, [path], {});
      expect(world.read('logs/players.log')).toBe(log(a) + torn);
    } finally {
      rmSync(evidenceDir, { recursive: true });
    }
  });

  it('looks first whether the evidence has a place to go', async () => {
    world.write('logs/players.log', log(a) + torn);
    const before = fingerprintOf(join(world.folder, 'logs'));
    expect(await codeOf(world.apply({ evidenceDir: join(world.folder, 'none') }))).toBe('usage');
    context.disk = { ...nodeDisk, freeBytes: (at) => (at === world.folder ? 9 : 1e9) };
    expect(await codeOf(world.apply({ evidenceDir: world.folder }))).toBe('no-space');
    const after = fingerprintOf(join(world.folder, 'logs')).split('\n');
    expect(after.filter((row) => !row.includes('.lock ')).join('\n')).toBe(before);
  });

  it('carries a plan over a review, and voids it when an input changed', async () => {
    world.write('logs/players.log', log(a) + torn);
    const planned = await world.apply({ dryRun: true });
    const plan = JSON.parse(JSON.stringify(savedPlan(planned, 0)));
    for (const other of [log(a) + torn + 'x', log(a).replace('1}', '7}') + torn, log(a)]) {
      world.write('logs/players.log', other);
      const applied = recover(context, [], { plan }, () => true);
      expect(await codeOf(applied), other).toBe('changed');
      expect(world.read()).toBe(other);
    }
    world.write('logs/players.log', log(a) + torn);
    expect(await recover(context, [], { plan }, () => true)).toMatchObject({ exitCode: 0 });
    expect(world.read('logs/players.log')).toBe(log(a));
  });

  it('looks for room before it writes, and names both ways out', async () => {
    world.write('logs/players.log', log(a) + torn);
    const before = fingerprintOf(world.folder);
    context.disk = { ...nodeDisk, freeBytes: () => 100 };
    const error = await world.apply().catch((thrown: LogctlError) => thrown);
    expect(error).toMatchObject({ code: 'no-space', exitCode: 8 });
    const words = (error as LogctlError).details.next!.map((argv) => argv.join(' '));
    expect(words).toEqual([
      `logctl recover --yes -o /other/disk/FILE ${path}`,
      `logctl recover --yes --evidence-dir /other/disk ${path}`,
    ]);
    expect(fingerprintOf(world.folder)).toBe(before);
  });

  it('leaves nothing behind when the disk fails on the way', async () => {
    world.write('logs/players.log', log(a) + torn);
    const syncDirectory = () => {
      throw new Error('EIO');
    };
    context.disk = { ...nodeDisk, syncDirectory };
    await expect(world.apply()).rejects.toThrow('EIO');
    const names = readdirSync(join(world.folder, 'logs')).filter((name) => !name.endsWith('.lock'));
    expect(names).toEqual(['players.log']);
    expect(world.read('logs/players.log')).toBe(log(a) + torn);
  });

  it('recovers every log of a directory, each for itself', async () => {
    world.write('logs/players.log', log(a) + torn);
    world.write('logs/tokens.log', log(b));
    world.write('logs/state.log', log(a) + torn + log(b));
    const report = await recover(context, [world.folder], {}, () => true);
    const results = report.logs.map((part) => [
      part.path.split('/').pop(),
      part.result,
      part.exitCode,
    ]);
    expect(results).toEqual([
      ['players.log', 'recovered', 0],
      ['state.log', 'refused', 21],
      ['tokens.log', 'nothing to do', 0],
    ]);
    expect(report.exitCode).toBe(21);
  });

  it('keeps 9007199254740993, 1.0 and -0 as they are written', async () => {
    const odd = a.replace('{"score":1}', '[9007199254740993,1.0,-0]');
    world.write('logs/players.log', log(odd) + torn);
    await world.apply({ rebuildMirror: true });
    expect(world.read('logs/players.log')).toBe(log(odd));
    expect(world.read('players.json')).toBe(
      '{\n  "a": [\n    9007199254740993,\n    1.0,\n    -0\n  ]\n}',
    );
  });
});

describe('the main JSON file', () => {
  it('is rebuilt when it is torn or gone, and the torn one stays', async () => {
    world.write('logs/players.log', log(a, remove('x', 2), b));
    for (const old of ['{"a":{"score":1},"b"', undefined]) {
      if (old !== undefined) world.write('players.json', old);
      else rmSync(join(world.folder, 'players.json'));
      const [part] = (await world.apply({ rebuildMirror: true })).logs;
      expect(JSON.parse(world.read('players.json'))).toEqual({ a: { score: 1 }, b: { score: 2 } });
      expect(part.mirror!.original && readFileSync(part.mirror!.original, 'utf8')).toBe(
        old ?? null,
      );
    }
    expect(await world.apply({ rebuildMirror: true })).toMatchObject({
      logs: [{ result: 'nothing to do' }],
    });
  });

  it('is never robbed of what only it has: refused, adopted or replaced', async () => {
    const more = '{"a":{"score":1},"b":{"score":9},"old":[1.0]}';
    world.write('logs/players.log', log(a, b));
    world.write('players.json', more);
    const before = fingerprintOf(world.folder);
    expect(await world.apply({ rebuildMirror: true })).toMatchObject({ exitCode: 21 });
    expect(fingerprintOf(world.folder)).toBe(before);
    world.write('players.json', more.replace('"old"', '""'));
    const unwritable = await world.apply({ adoptMirror: true });
    expect(unwritable).toMatchObject({
      exitCode: 21,
      error: { message: expect.stringMatching(/lacks: "", b$/) },
    });
    world.write('players.json', more);
    await world.apply({ adoptMirror: true });
    expect(world.read('players.json')).toContain('"score": 9');
    expect(world.read('players.json')).toContain('1.0');
    expect(world.read('logs/players.log')).toMatch(/"key":"old","value":\[1\.0\]/);
    world.write('players.json', more.replace('old', 'other'));
    const [part] = (await world.apply({ replaceMirror: true })).logs;
    expect(part.plan!.mirror!.ahead).toEqual(['other']);
    expect(readFileSync(part.mirror!.original!, 'utf8')).toContain('other');
    expect(Object.keys(JSON.parse(world.read('players.json')))).toEqual(['a', 'b', 'old']);
  });
});

describe('the ledger', () => {
  it('holds up to 64 KiB of what went, and the hash of more', async () => {
    const [short, long] = ['x'.repeat(65_000), 'y'.repeat(70_000)];
    world.write('logs/players.log', log(a, short, b, long, c));
    const [part] = (await world.apply({ policy: 'salvage', maxLost: 1e6 })).logs;
    const records = readFileSync(part.quarantine!, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records).toMatchObject([
      {
        source: 'players.log',
        line: 2,
        offset: a.length + 1,
        length: 65_001,
        reason: expect.any(String),
      },
      { line: 4, length: 70_001, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
    expect(Buffer.from(records[0].base64, 'base64').toString()).toBe(log(short));
    expect(records[1].base64).toBe(undefined);
    const receipt = JSON.parse(readFileSync(part.receipt!, 'utf8'));
    expect(receipt).toMatchObject({
      log: 'players.log',
      original: { size: log(a, short, b, long, c).length },
    });
  });

  it('of another log is no receipt that leads out of its directory', async () => {
    world.write('logs/players.log', log(a) + torn);
    const [part] = (await world.apply()).logs;
    const text = readFileSync(part.receipt!, 'utf8');
    world.write('logs/bad.json', text.replace('"log":"players.log"', '"log":"../players.log"'));
    const bad = join(world.folder, 'logs/bad.json');
    await expect(undoRecovery(context, bad, [], {})).rejects.toThrow('is no receipt');
  });
});
