// What a search of a directory tree finds, what it passes over, and what is said of the unknown.
import { chmodSync, mkdirSync, symlinkSync, truncateSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LinesFolder } from './helpers/lines-folder.js';

let folder: LinesFolder;
beforeEach(() => (folder = new LinesFolder()));
afterEach(() => folder.remove());

const botLog = '{"timestamp":"2026-11-20T10:00:00.000Z","op":"SET","key":"a","value":1}\n';
const lines = '{"type":"user"}\n{"type":"assistant"}\n';
const isRoot = process.getuid?.() === 0;

const put = (path: string, content: string | Uint8Array) => {
  mkdirSync(folder.path(path.slice(0, path.lastIndexOf('/') + 1)), { recursive: true });
  folder.write(path, content);
};

function putOpslog(name: string): void {
  const time = '2026-11-20T10:00:00.000Z';
  const counts = { activeRecords: 0, archivedRecords: 0, opsCount: 1 };
  const stats = { ...counts, created: time, lastCheckpoint: time };
  const activeOps = 'ops/ops-1795000000000.jsonl';
  const currentSnapshot = 'snapshots/snap-1795000000000.jsonl';
  const manifest = { version: 1, currentSnapshot, activeOps, archiveSegments: [], stats };
  put(`${name}/manifest.json`, JSON.stringify(manifest));
  put(`${name}/${currentSnapshot}`, `{"version":1,"timestamp":"${time}"}\n`);
  put(`${name}/${activeOps}`, `{"ts":"${time}","op":"set","id":"a","prev":null,"data":{"v":1}}\n`);
}

async function found(...args: string[]) {
  const { logs } = await folder.json('inspect', ...args, '.');
  const known = logs as unknown as { path: string; dialect: string }[];
  return known.map(({ path, dialect }) => `${path} ${dialect}`.trim());
}

describe('a search', () => {
  it('finds every store below a directory and says what each is', async () => {
    put('data/logs/players.log', botLog);
    put('agent/2026/11/rollout.jsonl', lines);
    put('cache/values.jsonl', '{"k":"a","v":1}\n');
    put('app/users.db', '{"name":"Ada","_id":"x"}\n');
    putOpslog('store');
    expect(await found()).toEqual([
      'agent/2026/11/rollout.jsonl jsonl',
      'app/users.db nedb',
      'cache/values.jsonl jsonldb',
      'data/logs/players.log progressive',
      'store opslog',
    ]);
    const { out } = await folder.run('inspect', '.');
    for (const word of ['DIALECT', 'jsonldb', 'nedb', 'progressive']) expect(out).toContain(word);
  });

  it('takes no other JSON of a data directory for lines', async () => {
    put('data/logs/players.log', botLog);
    put('data/players.json', '{"a":1}\n');
    put('data/pretty.json', '{\n  "a": [\n    1\n  ]\n}\n');
    put('package.json', '{"name":"bot","version":"1.0.0"}\n');
    put('data/list.json', '["a",\n"b"\n]\n');
    put('data/logs/pretty.log', '{\n"a": 1,\n"b": [\n1,\n2\n]\n}\n');
    put('data/logs/players.log.receipt.1795146082417.json', '{"schema":"logctl/receipt@1"}\n');
    put('data/logs/players.log.quarantine.1795146082417.jsonl', lines);
    put('data/logs/players.log.original.1795146082417', lines);
    put('data/logs/players.log.backup.1795146082417.gz', gzipSync(botLog));
    put('data/logs/app.log', 'started\n{"level":30}\nstopped\nstarted\n');
    put('data/numbers.log', '1\n2\n3\n');
    put('data/core.log', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 10, 123, 125, 10, 0, 10]));
    put('node_modules/x/events.jsonl', lines);
    expect(await found()).toEqual(['data/logs/players.log progressive']);
  });

  it('reads no more than the first bytes of huge files that are no logs', async () => {
    put('d/rollout.jsonl', lines);
    for (const name of ['d/disk.img', 'd/core.log', 'd/media.json']) {
      put(name, name === 'd/media.json' ? '{"a":[\n' : '');
      // Sparse: to read it whole would take minutes.
      truncateSync(folder.path(name), 2 ** 37);
    }
    const { exitCode, logs } = await folder.json('verify', '.');
    expect({ exitCode, logs }).toMatchObject({ exitCode: 0, logs: [{ path: 'd/rollout.jsonl' }] });
  });

  it('believes the operator who names a file, but never takes one document for lines', async () => {
    put('d/export.json', lines);
    put('d/state.json', '{"a":1}\n');
    put('d/pretty.json', '{\n  "a": [\n    1\n  ]\n}\n');
    expect(await folder.json('verify', 'd/export.json')).toMatchObject({ exitCode: 0 });
    for (const name of ['d/state.json', 'd/pretty.json']) {
      expect(await folder.json('verify', name)).toMatchObject({ exitCode: 10 });
    }
    const asLines = ['verify', '--dialect', 'jsonl', 'd/state.json'];
    expect(await folder.json(...(asLines as [string]))).toMatchObject({ exitCode: 0 });
  });

  it('follows no link to a directory and stops where no data directory is that deep', async () => {
    put('here/a.jsonl', lines);
    symlinkSync('here', folder.path('there'));
    symlinkSync('.', folder.path('here/loop'));
    put(`${'x/'.repeat(12)}deep.jsonl`, lines);
    expect(await found()).toEqual(['here/a.jsonl jsonl']);
  });

  it.skipIf(isRoot)('names a directory that it may not read, and finds the others', async () => {
    put('closed/a.jsonl', lines);
    put('open/b.jsonl', lines);
    chmodSync(folder.path('closed'), 0);
    try {
      expect(await found()).toEqual(['open/b.jsonl jsonl', 'closed']);
    } finally {
      chmodSync(folder.path('closed'), 0o700);
    }
  });

  it('knows a log that tells nothing by the newest copy that does', async () => {
    put('d/events.jsonl', '');
    put('d/events.jsonl.backup.1795146082418.gz', 'torn');
    put('d/events.jsonl.backup.1795146082417', '{"id":1}\n{"id":2}\n');
    put('d/logs/a.log', '\0'.repeat(64));
    put('d/logs/a.log.backup.1795146082417', lines);
    put('d/gone.log.backup.1795146082417', botLog);
    expect(await found()).toEqual([
      'd/events.jsonl jsonl',
      'd/gone.log progressive',
      'd/logs/a.log jsonl',
    ]);
  });

  it('with --dialect takes what that dialect recognises, and no other', async () => {
    put('a/players.log', botLog);
    put('a/rollout.jsonl', lines);
    expect(await found('--dialect', 'progressive')).toEqual(['a/players.log progressive']);
    expect(await found('--dialect', 'jsonl')).toEqual([
      'a/players.log jsonl',
      'a/rollout.jsonl jsonl',
    ]);
  });

  it('gives pointers to the files they are for, and leaves the others as they are', async () => {
    put('a/players.log', botLog);
    put('a/rollout.jsonl', '{"id":1}\n{"id":2}\n');
    putOpslog('b');
    const { exitCode, logs } = await folder.json('inspect', '--key-at', '/id', '.');
    expect(exitCode).toBe(0);
    expect(logs).toMatchObject([
      { dialect: 'progressive', keys: { live: 1 } },
      { dialect: 'jsonl', keys: { live: 2 } },
      { dialect: 'opslog', keys: { live: 1 } },
    ]);
    // Named by itself the store is no place for pointers.
    expect((await folder.json('inspect', '--key-at', '/id', 'b')).exitCode).toBe(2);
  });
});

describe('an unknown file', () => {
  it('is told by its size and its first bytes, and which dialects there are: exit 10', async () => {
    put('a.bin', Buffer.concat([Buffer.from('\x1b[2J\0PK'), Buffer.alloc(100)]));
    const { exitCode, error } = await folder.json('inspect', 'a.bin');
    expect(exitCode).toBe(10);
    expect(error!.message).toContain('107 bytes, begins "\\u001b[2J\\u0000PK');
    expect(error!.hint).toMatch(/progressive.*jsonl.*--dialect/);
  });

  it('of tokens looks like a store with a serialization hook: the option is named', async () => {
    const tokens = ['{"_id":"a","n":1}', '{"_id":"b","n":22}', '{"_id":"c","n":333}'];
    put('hooked.db', tokens.map((line) => `${Buffer.from(line).toString('base64')}\n`).join(''));
    const { exitCode, error } = await folder.json('verify', 'hooked.db');
    expect(exitCode).toBe(10);
    expect(error!.hint).toContain('--decode COMMAND');
    put('words.txt', 'some\nwords\nof\nprose\n');
    expect((await folder.json('verify', 'words.txt')).error!.hint).not.toContain('--decode');
  });

  it('that fits two dialects is an error that names both', async () => {
    put('two.jsonl', `{"k":"a","v":1}\n${botLog}`);
    const { exitCode, error } = await folder.json('verify', 'two.jsonl');
    expect(exitCode).toBe(10);
    expect(error!.message).toContain('fits progressive and jsonldb');
    expect((await folder.json('verify', '--dialect', 'jsonl', 'two.jsonl')).exitCode).toBe(0);
  });
});

it('without a target the logs of data/logs are taken, as ever', async () => {
  put('data/logs/players.log', botLog);
  put('rollout.jsonl', lines);
  const { out, err } = await folder.run('inspect', '--json');
  expect(err).toContain('taking data/logs');
  expect((JSON.parse(out) as { logs: object[] }).logs).toMatchObject([{ dialect: 'progressive' }]);
});
