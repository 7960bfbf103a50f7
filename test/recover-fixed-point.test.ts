// A recovery leaves nothing for the next one: whatever the damage, the policy and the format, it
// ends in a report, and where salvage was done, planning it again finds nothing to do.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { scanLog } from '../src/engine/checks/scan-log.js';
import { stateHash } from '../src/engine/keydir/state-hash.js';
import { partitionFault } from '../src/engine/recovery/part-list.js';
import { planLog } from '../src/engine/recovery/recover-plan.js';
import { openLog } from '../src/engine/log.js';
import { verify, type LogPlan, type RecoverOptions } from '../src/engine/index.js';
import { contextOf } from './helpers/context.js';
import { damagedAtRandom, randomLines, randomly, type Random } from './helpers/damaged-log.js';
import { backupPath, diskWith, logPath, planned } from './helpers/recovery.js';
import type { RecordingDisk } from './helpers/recording-disk.js';
import { announcedSeed } from './helpers/seed.js';

const rounds = Number(process.env.LOGCTL_ROUNDS ?? 120);
const policies = ['tail', 'prefix', 'salvage', 'strict'] as const;
const dialects = ['progressive', 'jsonldb', 'nedb', 'jsonl'] as const;

interface Scene {
  bytes: Buffer;
  more: Record<string, Uint8Array>;
  words: string;
}

function sceneOf(random: Random, dialect: (typeof dialects)[number]): Scene {
  const lines = randomLines(random, dialect);
  const { bytes, done } = damagedAtRandom(random, lines);
  const copied = Buffer.from(lines.slice(0, random.below(lines.length) + 1).join(''));
  const mayCopy = dialect === 'progressive' || dialect === 'jsonl';
  const kind = mayCopy ? random.pick(['none', 'plain', 'gz', 'whole', 'whole gz']) : 'none';
  const copy = kind.startsWith('whole') ? Buffer.from(lines.join('')) : copied;
  const more: Record<string, Uint8Array> =
    kind === 'none'
      ? {}
      : kind.endsWith('gz')
        ? { [`${backupPath}.gz`]: gzipSync(copy) }
        : { [backupPath]: copy };
  return { bytes, more, words: `${dialect}, backup ${kind}, ${done.join(', ')}` };
}

describe.each(dialects)('random damage to %s', (dialect) => {
  it('ends in a report under every policy, and salvage leaves nothing to do', async () => {
    const seed = announcedSeed(`recover ${dialect}`);
    for (let round = 0; round < rounds; round++) {
      const scene = sceneOf(randomly(seed + round), dialect);
      for (const policy of policies) {
        const words = `seed ${seed + round}: ${scene.words}, policy ${policy}`;
        try {
          await circle(scene, { policy, maxLost: 1e9, dialect });
        } catch (error) {
          throw new Error(`${words}\n${scene.bytes.toString('latin1')}`, { cause: error });
        }
      }
    }
  });
});

async function circle(
  { bytes, more }: Scene,
  options: { policy: (typeof policies)[number]; maxLost: number; dialect: string },
): Promise<void> {
  const plan = await planOf(diskWith(bytes, more), options);
  if (plan.action !== 'recover') return;
  const made = await planned(diskWith(bytes, more), plan.parts);
  const disk = diskWith(made, more);
  await isAsPlanned(disk, plan, options);
  const checked = await verify(contextOf(disk), [logPath], { dialect: options.dialect });
  // A log of which nothing is left is one that was cut: its backup is looked at then.
  if (made.toString().trim() === '') return;
  expect([0, 3]).toContain(checked.exitCode);
  if (options.policy !== 'salvage') return;
  expect(checked.findings.map(({ code }) => code)).not.toContain('orphan-start');
  expect(await planOf(disk, options)).toMatchObject({ action: 'none' });
}

async function planOf(disk: RecordingDisk, options: RecoverOptions): Promise<LogPlan> {
  const context = contextOf(disk);
  return planLog(context, await openLog(context, logPath, options), options);
}

/** What recover asks of the file that it wrote, before it takes the log's place. */
async function isAsPlanned(disk: RecordingDisk, plan: LogPlan, options: RecoverOptions) {
  const context = contextOf(disk);
  const scan = await scanLog(context, await openLog(context, logPath, options));
  expect(scan.damages).toEqual([]);
  expect(scan.bytes).toBe(plan.bytesAfter);
  expect(await stateHash(scan.keydir, scan.sources, 'documented')).toBe(plan.state.hashAfter);
  const fault = partitionFault(logPath, plan.bytesBefore, plan.parts, plan.quarantine);
  expect(fault).toBeUndefined();
  scan.close();
}
