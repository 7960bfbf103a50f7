// What recover reads back, compares and refuses: each guard is seen to hold, as a disk that gives
// back other bytes or a program that acts in between would have it.
import { appendFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compact, recover, undoRecovery, type Disk } from '../src/engine/index.js';
import { parseSavedPlan, savedPlan, type WriteContext } from '../src/engine/index.js';
import { partitionFault } from '../src/engine/recovery/part-list.js';
import { checkBasis } from '../src/engine/recovery/recover-apply.js';
import type { PlanPart, Quarantined } from '../src/engine/recovery/plan.js';
import { log, set } from './helpers/bot-log.js';
import { RecoverFolder } from './helpers/recover-folder.js';

const a = set('a', { score: 1 }, 1);
const b = set('b', { score: 2 }, 2);
const torn = set('c', { score: 3 }, 3).slice(0, 60);

let world: RecoverFolder;

beforeEach(async () => {
  world = await RecoverFolder.make();
  world.write('logs/players.log', log(a, b) + torn);
});

afterEach(() => world.remove());

/** The same world, but what is created goes through `seen` first. */
function withCreated(seen: (path: string, file: ReturnType<Disk['create']>) => typeof file) {
  const { disk } = world.context;
  const create: Disk['create'] = (path) => seen(path, disk.create(path));
  const own: Disk = Object.assign(Object.create(disk) as Disk, { create });
  return { ...world.context, disk: own } satisfies WriteContext;
}

describe('undo', () => {
  it('is refused where the log is not the one that the recovery made', async () => {
    const [{ receipt }] = (await world.apply()).logs;
    await compact(world.context, [world.path], { force: true });
    const before = world.read();
    const undone = undoRecovery(world.context, receipt!, [], {});
    await expect(undone).rejects.toMatchObject({ code: 'refused' });
    expect(world.read()).toBe(before);
  });
});

describe('a plan that is applied', () => {
  it('is given up where the new file reads back as another state', async () => {
    const before = world.read();
    const lying = withCreated((path, file) => {
      if (!path.includes('.players.log.tmp-')) return file;
      const read: typeof file.read = (target, position) => {
        const length = file.read(target, position);
        const at = Buffer.from(target.buffer, target.byteOffset, length).indexOf('"score":1');
        if (at >= 0) target[at + '"score":'.length] = 0x37;
        return length;
      };
      return Object.assign(Object.create(file) as typeof file, { read });
    });
    const recovered = recover(lying, [world.path], {}, () => true);
    await expect(recovered).rejects.toThrow('does not hold what was planned');
    expect(world.read()).toBe(before);
    expect(
      readdirSync(join(world.folder, 'logs')).filter((name) => !name.endsWith('.lock')),
    ).toEqual(['players.log']);
  });

  it('is void where a writer finished the line that it takes for torn', async () => {
    const dry = await world.apply({ dryRun: true });
    const saved = JSON.stringify(savedPlan(dry, world.context.now()));
    appendFileSync(world.path, `${set('c', { score: 3 }, 3).slice(60)}\n`);
    const before = world.read();
    const applied = world.apply({ plan: parseSavedPlan('plan.json', saved) });
    await expect(applied).rejects.toMatchObject({ code: 'changed' });
    expect(world.read()).toBe(before);
    // The swap would see it too, later: already the plan's own look at what it rests on does.
    const look = checkBasis(world.context, dry.logs[0].plan!, false);
    await expect(look).rejects.toMatchObject({ code: 'changed' });
  });

  it('carries over whole lines that a writer appended behind the last newline', async () => {
    world.write('logs/players.log', log(a, 'x', b));
    const options = { policy: 'salvage', maxLost: 1 } as const;
    const dry = await world.apply({ ...options, dryRun: true });
    const saved = JSON.stringify(savedPlan(dry, world.context.now()));
    appendFileSync(world.path, log(set('d', 4, 4)));
    await world.apply({ ...options, plan: parseSavedPlan('plan.json', saved) });
    expect(world.read()).toBe(log(a, b, set('d', 4, 4)));
  });
});

describe('the main JSON file', () => {
  it('is left alone where it changed while the log was recovered', async () => {
    const mirror = join(world.folder, 'players.json');
    writeFileSync(mirror, JSON.stringify({ a: { score: 1 } }));
    const changing = withCreated((path, file) => {
      if (path.includes('.players.json.tmp-')) writeFileSync(mirror, '{"a":"changed"}');
      return file;
    });
    const options = { rebuildMirror: true, replaceMirror: true };
    const recovered = recover(changing, [world.path], options, () => true);
    await expect(recovered).rejects.toMatchObject({ code: 'changed' });
    expect(readFileSync(mirror, 'utf8')).toBe('{"a":"changed"}');
    expect(readdirSync(world.folder).sort()).toEqual(['logs', 'players.json']);
  });
});

describe('what is kept and what is in quarantine', () => {
  const range = (offset: number, length: number): PlanPart => {
    return { part: 'range', path: '/log', offset, length };
  };
  const dropped = (offset: number, length: number): Quarantined => {
    return { path: '/log', line: 1, offset, length, reason: '' };
  };

  it('make up the log together: no byte is missing, and none is in both', () => {
    const text: PlanPart = { part: 'text', text: '\n', why: '' };
    const other: PlanPart = { part: 'range', path: '/backup', offset: 0, length: 99 };
    const fault = (parts: PlanPart[], quarantine: Quarantined[]) =>
      partitionFault('/log', 30, parts, quarantine);
    expect(fault([range(0, 10), text, other, range(20, 10)], [dropped(10, 10)])).toBeUndefined();
    expect(fault([range(0, 10)], [dropped(10, 10)])).toBe(20);
    expect(fault([range(0, 10), range(20, 9)], [dropped(10, 10)])).toBe(29);
    expect(fault([range(0, 10), range(20, 11)], [dropped(10, 10)])).toBe(30);
    expect(fault([range(5, 25)], [])).toBe(0);
    expect(fault([range(0, 12), range(20, 10)], [dropped(10, 10)])).toBe(10);
    expect(fault([], [])).toBe(0);
  });
});
