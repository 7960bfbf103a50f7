/** Large damaged logs of every format, and what whole commands say of them with each kernel. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import { logLine } from './random-log.js';

const bin = resolve('bin/logctl.js');
const folder = mkdtempSync(join(tmpdir(), 'logctl-large-'));

/** To be called when all is done. */
export const removeLargeLogs = () => rmSync(folder, { recursive: true, force: true });

/** A number from 0 up to `below`, the next of a sequence that the seed tells. */
type Random = (below: number) => number;

function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A format of logs, and how to write one of it. */
export interface LargeFormat {
  name: string;
  /** The log, in `folder`; of a store the directory. */
  target: string;
  options: string[];
  line(n: number, random: Random): string;
  write(bytes: Uint8Array): void;
}

const valueOf = (n: number, random: Random) =>
  `{"n":${n},"é":[${n / 8},true,null,{"t":"${'x'.repeat(random(300))}\\n"}]}`;
const keyOf = (random: Random) => `user:${Math.floor(random(300) ** 2 / 300)}`;
const time = (n: number) => new Date(1_790_000_000_000 + n * 700).toISOString();

const fileFormat = (
  name: string,
  file: string,
  options: string[],
  line: LargeFormat['line'],
): LargeFormat => ({
  ...{ name, options, line, target: file },
  write: (bytes) => writeFileSync(join(folder, file), bytes),
});

const odd = fc.sample(logLine, { seed: 1, numRuns: 500 }).map(({ text }) => text);
/** Every format that the engine knows. */
export const largeFormats: LargeFormat[] = [
  fileFormat('progressive', 'players.log', [], (n, random) => {
    if (random(400) === 0) return odd[random(odd.length)];
    const head = `{"timestamp":"${time(n)}","op":`;
    if (random(30) === 0) return `${head}"DELETE","key":"${keyOf(random)}"}`;
    return `${head}"SET","key":"${keyOf(random)}","value":${valueOf(n, random)}}`;
  }),
  fileFormat('jsonldb', 'objects.jsonl', ['--dialect', 'jsonldb'], (n, random) => {
    if (random(30) === 0) return `{"k":"${keyOf(random)}"}`;
    return `{"k":"${keyOf(random)}","v":${valueOf(n, random)}}`;
  }),
  fileFormat('nedb', 'store.db', ['--dialect', 'nedb'], (n, random) => {
    if (random(30) === 0) return `{"$$deleted":true,"_id":"${keyOf(random)}"}`;
    return `{"_id":"${keyOf(random)}","d":${valueOf(n, random)}}`;
  }),
  fileFormat('jsonl', 'events.jsonl', ['--dialect', 'jsonl', '--key-at', '/id'], (n, random) => {
    return `{"id":"${keyOf(random)}","at":"${time(n)}","value":${valueOf(n, random)}}`;
  }),
  {
    ...{ name: 'opslog', target: 'store', options: [] },
    line(n, random) {
      const head = `{"ts":"${time(n)}","op":`;
      const id = `"id":"${keyOf(random)}","prev":`;
      if (random(30) === 0) return `${head}"delete",${id}{"n":1}}`;
      return `${head}"set",${id}null,"data":${valueOf(n, random)},"encoding":"full"}`;
    },
    write(bytes) {
      for (const name of ['ops', 'snapshots']) {
        mkdirSync(join(folder, 'store', name), { recursive: true });
      }
      const currentSnapshot = 'snapshots/snap-1790000000000.jsonl';
      const activeOps = 'ops/ops-1790000000000.jsonl';
      const header = `{"version":1,"timestamp":"${time(0)}"}\n`;
      const counts = { activeRecords: 0, archivedRecords: 0, opsCount: 0 };
      const stats = { ...counts, created: time(0), lastCheckpoint: time(0) };
      const manifest = { version: 1, currentSnapshot, activeOps, archiveSegments: [], stats };
      writeFileSync(join(folder, 'store/manifest.json'), JSON.stringify(manifest));
      writeFileSync(join(folder, 'store', currentSnapshot), header);
      writeFileSync(join(folder, 'store', activeOps), bytes);
    },
  },
];

/** What crashes and disks do, at random places. */
function damage(bytes: Buffer, random: Random, times: number): Buffer {
  let log = bytes;
  for (let i = 0; i < times; i++) {
    const at = random(log.length - 400);
    const length = 1 + random(300);
    const kind = random(6);
    if (kind === 0) log[at] ^= 1 << random(8);
    if (kind === 1) log.fill(0, at, at + length);
    if (kind === 2) log[at] = 0x80 + random(128);
    if (kind === 3) log = Buffer.concat([log.subarray(0, at), log.subarray(at + length)]);
    if (kind === 4) log = Buffer.concat([log.subarray(0, at + length), log.subarray(at)]);
    if (kind === 5) log[log.indexOf(0x0a, at)] = 0x20;
  }
  return log.subarray(0, log.length - random(100));
}

function logctl(kernel: string, threads: number, args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [bin, ...args, '--threads', `${threads}`],
    {
      cwd: folder,
      env: { ...process.env, LOGCTL_TEST_KERNEL: kernel },
      encoding: 'utf8',
      maxBuffer: 1 << 29,
    },
  );
  const said = stdout.replace(/"(durationMs|lastEntryAgeMs)":[\d.]+,/g, '');
  return { status, said, errors: stderr };
}

/**
 * Writes one log of `bytes` bytes with `damages` damages, and expects of the SIMD kernel, with one
 * thread and with two, in the sizes of chunks and parts that users have, what the reference says.
 */
export function compareKernels(
  format: LargeFormat,
  { seed, bytes, damages }: { seed: number; bytes: number; damages: number },
): void {
  const random = randomOf(seed);
  const lines: string[] = [];
  for (let length = 0, n = 0; length < bytes; n++) {
    lines.push(format.line(n, random));
    length += lines[n].length + 1;
  }
  format.write(damage(Buffer.from(`${lines.join('\n')}\n`), random, damages));
  for (const verb of [
    ['verify', '--json'],
    ['inspect', '--json'],
    ['replay', '--on-error', 'skip'],
  ]) {
    const args = [...verb, ...format.options, format.target];
    const wanted = logctl('reference', 1, args);
    expect(wanted.status, wanted.errors).toBeLessThanOrEqual(4);
    for (const threads of [1, 2]) {
      const what = `${args.join(' ')}, ${threads} threads, seed ${seed}`;
      expect(logctl('simd', threads, args), what).toEqual(wanted);
    }
  }
}
