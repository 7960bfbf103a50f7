// A backup that was listed and is gone when it is opened is gone: no verb fails for it.
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  compact,
  inspect,
  listEntries,
  nodeDisk,
  recover,
  replay,
  verify,
} from '../src/engine/index.js';
import type { Disk, WriteContext } from '../src/engine/index.js';
import { checkpoint, clock, log, set } from './helpers/bot-log.js';
import { RecoverFolder } from './helpers/recover-folder.js';

const current = log(checkpoint({ a: 1, b: 2 }, 600), set('c', 3, 700));
const older = log(set('a', 1, 100));
const newer = log(checkpoint({ a: 1 }, 300), set('b', 2, 400));

let world: RecoverFolder;
let newest: string;

beforeEach(async () => {
  world = await RecoverFolder.make();
  newest = `${world.path}.backup.${Date.parse(clock(600))}`;
  writeFileSync(`${world.path}.backup.${Date.parse(clock(300))}`, older);
  writeFileSync(newest, newer);
  writeFileSync(world.path, current);
});

afterEach(() => world.remove());

/** The newest backup is pruned by somebody else right before it is opened for the nth time. */
function pruningAt(nth: number): { context: WriteContext; wasOpened: () => boolean } {
  let opened = 0;
  const disk: Disk = Object.assign(Object.create(nodeDisk) as Disk, {
    open(path: string) {
      if (path === newest && ++opened === nth) nodeDisk.unlink(path);
      return nodeDisk.open(path);
    },
  });
  return { context: { ...world.context, disk }, wasOpened: () => opened >= nth };
}

const none = async () => undefined;

type Verb = (context: WriteContext) => Promise<{ exitCode: number }>;

const verbs: Record<string, { run: Verb; log?: string }> = {
  verify: { run: (context) => verify(context, [world.path]) },
  'verify --quick': { run: (context) => verify(context, [world.path], { quick: true }) },
  'verify of a cut log': { run: (context) => verify(context, [world.path]), log: '' },
  'verify of a log that begins anew': {
    run: (context) => verify(context, [world.path]),
    log: log(set('z', 1, 700)),
  },
  inspect: { run: (context) => inspect(context, [world.path]) },
  'replay --at': {
    run: (context) => replay(context, [world.path], { at: Date.parse(clock(450)) }, none),
  },
  'replay of a cut log': { run: (context) => replay(context, [world.path], {}, none), log: '' },
  '--history': {
    run: (context) => listEntries(context, [world.path], { history: 'a', values: true }),
  },
  'recover --dry-run': {
    run: (context) => recover(context, [world.path], { dryRun: true }, () => true),
    log: '',
  },
  'recover --policy salvage': {
    run: (context) => recover(context, [world.path], { policy: 'salvage' }, () => true),
    log: current.replace('"op":"SET"', '"op:"SET"'),
  },
  compact: { run: (context) => compact(context, [world.path], { force: true, backups: 1 }) },
  'compact of a cut log': {
    run: (context) => compact(context, [world.path], { force: true }),
    log: '',
  },
};

describe.each(Object.entries(verbs))('%s', (_name, { run, log: text = current }) => {
  it.each([1, 2, 3, 4, 5, 6])('goes on where a backup goes before its opening %i', async (nth) => {
    writeFileSync(world.path, text);
    const { context, wasOpened } = pruningAt(nth);
    const { exitCode } = await run(context);
    // 10: no such file. A plan that is applied may find that its base is gone (22).
    expect(exitCode).not.toBe(10);
    expect(exitCode).not.toBe(1);
    if (!wasOpened()) expect(nodeDisk.stat(newest) ?? exitCode).toBeDefined();
  });
});

it('a file that is gone for another reason is still an error', async () => {
  const { context } = pruningAt(1);
  const gone = `${world.path}.not-there`;
  await expect(verify(context, [gone])).rejects.toMatchObject({ code: 'not-found' });
});
