// A log without live keys becomes a file of 0 bytes where compaction leaves lines: that is no loss.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli as runCli } from './helpers/cli.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'logctl-nothing-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const cli = (...args: string[]) => runCli(args, { cwd: folder });
const byId = ['--key-at', '/id', '--delete-at', '/gone'];

describe.each<{ name: string; lines: string[]; options: string[]; kept: string }>([
  {
    ...{ name: 'data.db', options: [] },
    lines: ['{"_id":"a","x":1}', '{"$$deleted":true,"_id":"a"}'],
    kept: '{"$$indexCreated":{"fieldName":"x"}}',
  },
  {
    ...{ name: 'db.jsonl', options: [] },
    lines: ['{"k":"a","v":1}', '{"k":"a"}'],
    kept: '{"k":"b","v":2}',
  },
  {
    ...{ name: 'events.jsonl', options: byId },
    lines: ['{"id":"a","x":1}', '{"id":"a","gone":true}'],
    kept: '{"note":"of no key"}',
  },
])('$name', ({ name, lines, options, kept }) => {
  const write = (...all: string[]) => writeFileSync(join(folder, name), `${all.join('\n')}\n`);
  const compact = () => cli('compact', '--force', '--offline', ...options, name);

  it('of deleted keys is compacted to nothing, and all commands find it well', async () => {
    write(...lines);
    expect((await compact()).exitCode).toBe(0);
    expect(readFileSync(join(folder, name), 'utf8')).toBe('');
    expect(await cli('verify', ...options, name)).toMatchObject({ exitCode: 0 });
    expect(await cli('replay', ...options, name)).toMatchObject({ exitCode: 0, out: '{}\n' });
    const plan = await cli('recover', '--dry-run', '--policy', 'salvage', ...options, name);
    expect([plan.exitCode, plan.out]).toEqual([0, `${name}   nothing to do\n`]);
    expect((await compact()).exitCode).toBe(0);
  });

  it('of which a line is kept is cut where it has 0 bytes beside its backup', async () => {
    write(...lines, kept);
    expect((await compact()).exitCode).toBe(0);
    expect(readFileSync(join(folder, name), 'utf8')).toBe(`${kept}\n`);
    writeFileSync(join(folder, name), '');
    const { exitCode, out } = await cli('verify', '--json', ...options, name);
    expect(exitCode).toBeGreaterThanOrEqual(3);
    expect(JSON.parse(out).findings).toContainEqual(
      expect.objectContaining({ code: 'truncated-log', message: expect.stringMatching(/holds/) }),
    );
  });
});
