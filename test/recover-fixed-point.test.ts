// A recovery leaves nothing for the next one: whatever the damage, the policy and the format, it
// ends in a report, and where salvage was done, planning it again finds nothing to do.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LogctlError } from '../src/engine/errors.js';
import { planLog } from '../src/engine/recovery/recover-plan.js';
import { openLog } from '../src/engine/log.js';
import { verify } from '../src/engine/index.js';
import { contextOf } from './helpers/context.js';
import { damagedAtRandom, randomLines, randomly, type Random } from './helpers/damaged-log.js';
import { backupPath, diskWith, logPath, recoverOn } from './helpers/recovery.js';
import { announcedSeed } from './helpers/seed.js';

const rounds = Number(process.env.LOGCTL_ROUNDS ?? 120);
const policies = ['tail', 'prefix', 'salvage', 'strict'] as const;
const dialects = (process.env.D?.split(',') ?? ['progressive', 'jsonldb', 'nedb', 'jsonl']) as (
  'progressive' | 'jsonl'
)[];

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
  const disk = diskWith(bytes, more);
  const exitCode = await outcomeOf(() => recoverOn(disk, options));
  if (exitCode !== 0 && exitCode !== 20) return;
  const context = contextOf(disk);
  const checked = await verify(context, [logPath], { dialect: options.dialect });
  expect([0, 3]).toContain(checked.exitCode);
  if (options.policy !== 'salvage') return;
  const again = await planLog(context, await openLog(context, logPath, options), options);
  expect(again).toMatchObject({ action: 'none' });
  expect(checked.findings.map(({ code }) => code)).not.toContain('orphan-start');
}

/** The exit code; a mistake of our own is thrown on. */
async function outcomeOf(work: () => Promise<{ exitCode: number }>): Promise<number> {
  try {
    return (await work()).exitCode;
  } catch (error) {
    if (error instanceof LogctlError) return -1;
    throw error;
  }
}
