// Each kind of damage in full circle on a real disk: found, planned, recovered, clean, undone.
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { undoRecovery, verify } from '../src/engine/index.js';
import type { RecoverOptions, WriteContext } from '../src/engine/index.js';
import { checkpoint, log, numbered, set } from './helpers/bot-log.js';
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

const damages: Record<
  string,
  {
    log: Uint8Array | string;
    more?: Record<string, string>;
    options?: RecoverOptions;
    finding: string;
    code: number;
    after: string;
  }
> = {
  'a torn end': { log: log(a, b) + torn, finding: 'torn-tail', code: 0, after: log(a, b) },
  'an unended line': { log: log(a) + b, finding: 'unended-line', code: 0, after: log(a, b) },
  'a zero tail': { log: log(a) + '\0'.repeat(600), finding: 'nul-tail', code: 0, after: log(a) },
  'glued lines': {
    log: log(a) + torn + log(b, c),
    options: salvage,
    finding: 'glued-lines',
    code: 0,
    after: log(a, b, c),
  },
  'a bad line': {
    log: log(a, '{'.padEnd(80, 'x'), b),
    options: salvage,
    finding: 'bad-json',
    code: 20,
    after: log(a, b),
  },
  'zeros inside': {
    log: log(a) + '\0'.repeat(80) + log('', b),
    options: salvage,
    finding: 'nul-run',
    code: 20,
    after: log(a, b),
  },
  'a wrong checksum': {
    log: log(numbered(a, 1), numbered(b, 2).replace('"score":2', '"score":7'), numbered(c, 4)),
    options: salvage,
    finding: 'crc-mismatch',
    code: 20,
    after: '',
  },
  'invalid UTF-8': {
    log: Buffer.from(log(a, set('b', 'x\u00ff', 2)), 'latin1'),
    options: salvage,
    finding: 'bad-utf8',
    code: 0,
    after: log(a, set('b', 'x\ufffd', 2)),
  },
  'a cut log': {
    log: checkpoint({ a: 1 }, 9).slice(0, 40),
    more: { [backup]: log(a, b) },
    finding: 'truncated-log',
    code: 0,
    after: log(a, b),
  },
  'an empty log': {
    log: '',
    more: { [backup]: log(a, b) },
    finding: 'truncated-log',
    code: 0,
    after: log(a, b),
  },
  'a log without its start': {
    log: log(c),
    more: { [backup]: log(a, b) },
    options: salvage,
    finding: 'orphan-start',
    code: 0,
    after: log(a, b, c),
  },
  'a lost line that the backup has': {
    log: log(a, 'y'.repeat(80), c, set('d', 4, 5)),
    more: { [backup]: log(a, b, c) },
    options: salvage,
    finding: 'bad-json',
    code: 0,
    after: log(a, b, c, set('d', 4, 5)),
  },
};

describe.each(Object.entries(damages))(
  '%s',
  (_, { log: broken, more = {}, options, finding, code, after }) => {
    it('comes full circle: found, recovered, clean, undone, recovered again, in use', async () => {
      world.write('logs/players.log', broken);
      for (const [name, text] of Object.entries(more)) world.write(name, text);
      const before = await verify(context, [path]);
      expect(before.findings.map((one) => one.code)).toContain(finding);

      const report = await world.apply(options);
      expect(report).toMatchObject({
        exitCode: code,
        logs: [{ verified: { verdict: expect.anything() } }],
      });
      const recovered = world.read('logs/players.log');
      if (after !== '') expect(recovered).toBe(after);
      expect(
        (await verify(context, [path])).findings.filter(({ severity }) => severity === 'error'),
      ).toEqual([]);
      const [part] = report.logs;
      expect(readFileSync(part.original!)).toEqual(Buffer.from(broken));
      expect(rebuilt(part.receipt!, part.quarantine)).toEqual(Buffer.from(broken));

      await undoRecovery(context, part.receipt!, [], {});
      expect(readFileSync(path)).toEqual(Buffer.from(broken));

      const again = await world.apply(options);
      expect(again.exitCode).toBe(code);
      expect(world.read('logs/players.log').replace(/"receipt":".*/, '')).toBe(
        recovered.replace(/"receipt":".*/, ''),
      );
      appendFileSync(path, log(set('e', 5, 40)));
      expect(
        (await verify(context, [path])).findings.filter(({ severity }) => severity === 'error'),
      ).toEqual([]);
      const receipt = again.logs[0].receipt!;
      await expect(undoRecovery(context, receipt, [], {})).rejects.toThrow(
        /went on since: 1 entry \(e\)/,
      );
      const aside = join(world.folder, 'aside.log');
      await undoRecovery(context, receipt, [], { output: aside });
      expect(readFileSync(aside)).toEqual(Buffer.from(broken));
    });

    it('is left untouched by a dry run', async () => {
      world.write('logs/players.log', broken);
      for (const [name, text] of Object.entries(more)) world.write(name, text);
      const before = fingerprintOf(world.folder);
      const report = await world.apply({ ...options, dryRun: true });
      expect(report).toMatchObject({
        exitCode: 0,
        dryRun: true,
        logs: [{ result: 'would recover' }],
      });
      expect(fingerprintOf(world.folder)).toBe(before);
    });
  },
);

/** The original, put together again from the receipt's ranges and the quarantine's bytes. */
function rebuilt(receiptPath: string, quarantine: string | null): Buffer {
  const { plan, recovered } = JSON.parse(readFileSync(receiptPath, 'utf8'));
  const records = quarantine === null ? [] : readFileSync(quarantine, 'utf8').trim().split('\n');
  const bytes = Buffer.alloc(plan.bytesBefore, '?');
  for (const record of records.map((line) => JSON.parse(line))) {
    Buffer.from(record.base64, 'base64').copy(bytes, record.offset);
  }
  const made = readFileSync(path).subarray(0, recovered.size);
  let at = 0;
  for (const part of plan.parts) {
    const length = part.part === 'text' ? Buffer.byteLength(part.text) : part.length;
    if (part.path === path && part.mends === undefined)
      made.copy(bytes, part.offset, at, at + length);
    at += length;
  }
  return bytes;
}
