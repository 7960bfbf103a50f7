// Reading verbs write nothing: not as a user who may not, and not on a disk that tells of it.
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  inspect,
  listEntries,
  nodeDisk,
  replay,
  verify,
  type Context,
} from '../src/engine/index.js';
import { contextOf } from './helpers/context.js';
import { buildScript } from './helpers/engine-build.js';

const nobody = 65_534;
const isRoot = process.getuid?.() === 0;
const verbs = ['verify', 'verify --quick', 'inspect', 'entries', 'history', 'replay'] as const;

let folder = '';
let store = '';
let build: ReturnType<typeof buildScript>;

beforeAll(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'logctl-read-only-'));
  store = join(folder, 'data');
  fs.cpSync('fixtures/quickstart/data', store, { recursive: true });
  build = buildScript('src/engine/index.ts');
  for (const directory of [folder, build.directory]) fs.chmodSync(directory, 0o755);
  for (const path of everything())
    fs.chmodSync(path, fs.statSync(path).isDirectory() ? 0o555 : 0o444);
});

afterAll(() => {
  for (const path of everything()) if (fs.statSync(path).isDirectory()) fs.chmodSync(path, 0o755);
  fs.rmSync(folder, { recursive: true });
  fs.rmSync(build.directory, { recursive: true });
});

describe('on a file 0444 in a directory 0555', () => {
  it.skipIf(!isRoot).each(verbs)('an unprivileged user runs %s, and nothing changes', (verb) => {
    // Root ignores modes: the proof needs a process that does not have its rights.
    const before = fingerprint();
    const script = scriptFor(verb);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', script],
      { uid: nobody, gid: nobody, cwd: '/', env: {}, encoding: 'utf8' },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const seen = JSON.parse(stdout) as { exitCode: number; refused: string };
    expect(seen.exitCode).toBe(3);
    // The user of the proof may really not write there.
    expect(seen.refused).toBe('EACCES');
    expect(fingerprint()).toEqual(before);
  });
});

describe('on a disk whose every mutation throws', () => {
  const mutations = ['create', 'openAppend', 'rename', 'link', 'unlink', 'syncDirectory'] as const;
  const refuse = (name: string) => () => {
    throw new Error(`a reading verb called ${name}`);
  };
  const disk = {
    ...nodeDisk,
    ...Object.fromEntries(mutations.map((name) => [name, refuse(name)])),
    open(path: string) {
      const file = nodeDisk.open(path);
      const { append, sync, setOwner, setMode, ...reading } = file as typeof file &
        Record<'append' | 'sync' | 'setOwner' | 'setMode', unknown>;
      expect(
        [append, sync, setOwner, setMode].every((method) => typeof method === 'function'),
      ).toBe(true);
      return reading;
    },
  };

  it.each(verbs)('%s goes through', async (verb) => {
    const before = fingerprint();
    expect(await run(verb, contextOf(disk))).toBe(3);
    expect(fingerprint()).toEqual(before);
  });
});

/** Runs a verb on the store's players.log; gives its exit code. */
async function run(verb: (typeof verbs)[number], context: Context): Promise<number> {
  const log = join(store, 'logs/players.log');
  switch (verb) {
    case 'verify':
      return (await verify(context, [store])).exitCode;
    case 'verify --quick':
      return (await verify(context, [log], { quick: true })).exitCode;
    case 'inspect':
      return (await inspect(context, [store])).exitCode;
    case 'entries':
      return (await listEntries(context, [log], {})).exitCode;
    case 'history':
      return (await listEntries(context, [log], { history: 'nobody' })).exitCode;
    case 'replay':
      return (await replay(context, [log], {}, () => undefined)).exitCode;
  }
}

/** The same as a script for another process; it also tries to write, and says what stopped it. */
function scriptFor(verb: (typeof verbs)[number]): string {
  const log = JSON.stringify([join(store, 'logs/players.log')]);
  const calls = {
    verify: `engine.verify(context, ${JSON.stringify([store])})`,
    'verify --quick': `engine.verify(context, ${log}, { quick: true })`,
    inspect: `engine.inspect(context, ${JSON.stringify([store])})`,
    entries: `engine.listEntries(context, ${log}, {})`,
    history: `engine.listEntries(context, ${log}, { history: 'nobody' })`,
    replay: `engine.replay(context, ${log}, {}, () => undefined)`,
  };
  return `
    import { openSync } from 'node:fs';
    const engine = await import(${JSON.stringify(build.script)});
    const context = { disk: engine.nodeDisk, now: Date.now, version: '0', sleep: async () => {} };
    const { exitCode } = await ${calls[verb]};
    let refused = '';
    try { openSync(${JSON.stringify(join(store, 'logs/new'))}, 'w'); }
    catch ({ code }) { refused = code; }
    console.log(JSON.stringify({ exitCode, refused }));`;
}

function everything(): string[] {
  const inside = fs.readdirSync(store, { recursive: true, encoding: 'utf8' });
  return [store, ...inside.map((name) => join(store, name))].sort();
}

/** Names, bytes, modes and times of everything in the store. */
function fingerprint(): string[] {
  return everything().map((path) => {
    const { mode, size, mtimeMs, ctimeMs, ino } = fs.statSync(path);
    const bytes = fs.statSync(path).isFile() ? fs.readFileSync(path, 'base64') : '';
    return [path, mode, size, mtimeMs, ctimeMs, ino, bytes].join(' ');
  });
}
