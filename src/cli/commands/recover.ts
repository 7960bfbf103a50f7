/** logctl recover: plan, apply, prove, undo. */
import { Option, type Command } from 'commander';
import {
  loadKernelLocks,
  LogctlError,
  privateMode,
  recover,
  savedPlan,
  undoRecovery,
  writeOutput,
  type RecoverOptions,
  type RecoverReport,
  type SavedPlan,
} from '../../engine/index.js';
import { chalkFor } from '../color.js';
import { lookOf } from '../human/look.js';
import { toText } from '../present.js';
import type { Session } from '../session.js';
import { parseDuration, wholeNumber } from '../values.js';
import type { Outcome } from './command.js';
import { addMetrics, withMetrics } from './metrics.js';
import { readPlan } from './plan-file.js';
import { addTargets } from './targets.js';

interface RecoverFlags {
  policy?: RecoverOptions['policy'];
  maxLost?: number;
  output?: string;
  evidenceDir?: string;
  mirror?: string | true;
  adoptMirror?: boolean;
  replaceMirror?: boolean;
  dryRun?: boolean;
  yes?: boolean;
  savePlan?: string;
  plan?: string;
  undo?: string;
  ifExists?: boolean;
  lockWait?: number;
  offline?: boolean;
}

export function define(command: Command): void {
  addTargets(command, '')
    .hook('preAction', () => refuseContradictions(command.opts()))
    .option('-n, --dry-run', 'show the plan, change nothing')
    .option('-y, --yes', 'apply the plan without asking')
    .addOption(
      new Option('--policy <policy>', 'what may go: see README (default: tail)').choices([
        'tail',
        'prefix',
        'salvage',
        'strict',
      ]),
    )
    .option('--max-lost <n>', 'whole entries that may be lost (default: 0)', wholeNumber(0))
    .option('-o, --output <file>', 'write the recovered log there, leave everything as it is')
    .option('--evidence-dir <dir>', 'keep original, quarantine and receipt there')
    .addOption(
      new Option('--mirror [file.json]', 'rebuild the main JSON file too').conflicts('output'),
    )
    .option('--adopt-mirror', 'keep what only the main JSON file has, as entries')
    .option('--replace-mirror', 'let go what only the main JSON file has')
    .option('--save-plan <file>', 'write the plan there, for a review')
    .addOption(
      new Option('--plan <file>', 'apply a saved plan; a changed input voids it').conflicts([
        'policy',
        'maxLost',
        'savePlan',
      ]),
    )
    .option('--undo <receipt>', 'put the original back')
    .option('--if-exists', 'nothing to do where there is no log')
    .option('--lock-wait <duration>', 'wait for a compaction to end', parseDuration)
    .option('--offline', 'no writer runs: for systems without file leases');
  addMetrics(command);
}

export async function run(session: Session, command: Command): Promise<Outcome> {
  return withMetrics(session, command, async () => {
    const flags = command.opts<RecoverFlags>();
    const report = await work(session, command, flags);
    if (flags.savePlan !== undefined) await savePlan(session, report, flags.savePlan);
    return { report, stream: report.error === undefined ? 'out' : 'err' };
  });
}

async function work(
  session: Session,
  command: Command,
  flags: RecoverFlags,
): Promise<RecoverReport> {
  const { disk, io } = session;
  const locks = await loadKernelLocks(disk);
  const context = { ...session.context, disk, locks, random: () => io.random() };
  const { targets, mirror } = mirrorAndTargets(flags.mirror, command.args);
  const plan: SavedPlan | undefined =
    flags.plan === undefined ? undefined : readPlan(disk, flags.plan);
  const named = flags.mirror === undefined ? session.where.mirror : mirror;
  const options = { ...session.where, ...optionsOf(flags), mirror: named, plan };
  if (flags.undo !== undefined) return undoRecovery(context, flags.undo, targets, options);
  return recover(context, targets, options, (planned) => approve(session, flags, planned));
}

function optionsOf(flags: RecoverFlags): RecoverOptions {
  const { policy, maxLost, output, evidenceDir, adoptMirror, replaceMirror } = flags;
  const { dryRun, savePlan: saves, ifExists, lockWait, offline, mirror } = flags;
  return {
    ...{ policy, maxLost, output, evidenceDir, adoptMirror, replaceMirror },
    ...{ ifExists, lockWait, offline },
    rebuildMirror: mirror !== undefined,
    // A plan that is saved for a review waits for it.
    dryRun: dryRun === true || saves !== undefined,
  };
}

/** `--mirror data` means the directory data: a main JSON file is named by its ending. */
function mirrorAndTargets(mirror: string | true | undefined, args: string[]) {
  if (typeof mirror !== 'string') return { mirror: undefined, targets: args };
  if (mirror.endsWith('.json')) return { mirror, targets: args };
  return { mirror: undefined, targets: [mirror, ...args] };
}

/** On a terminal the plan and one question; without one the plan, and no. */
async function approve(
  { io, json, progress }: Session,
  { yes }: RecoverFlags,
  planned: RecoverReport,
): Promise<boolean | 'nobody'> {
  if (yes === true) return true;
  if (json) return 'nobody';
  progress.stop();
  const look = lookOf(io.out.columns, chalkFor(io.out, io.env, undefined));
  await io.out.write(toText({ ...planned, next: [] }, look));
  if (io.ask === undefined) return 'nobody';
  await io.out.write('\n');
  return io.ask('Apply this plan? [y/N] ');
}

async function savePlan(session: Session, report: RecoverReport, path: string): Promise<void> {
  const { disk, io, context } = session;
  const text = `${JSON.stringify(savedPlan(report, context.now()))}\n`;
  const options = { random: io.random(), mode: privateMode };
  await writeOutput({ ...context, disk }, path, options, async (sink) => sink(Buffer.from(text)));
}

function refuseContradictions(flags: RecoverFlags): void {
  const { adoptMirror, replaceMirror, undo, output } = flags;
  if (adoptMirror && replaceMirror) throw usage('--adopt-mirror or --replace-mirror: choose one');
  const mirrors = flags.mirror !== undefined || adoptMirror || replaceMirror;
  if (output !== undefined && mirrors) throw usage('with -o the main JSON file is left as it is');
  if (undo === undefined) return;
  const others = [flags.plan, flags.savePlan, flags.policy, flags.maxLost, flags.evidenceDir];
  if (mirrors || others.some((flag) => flag !== undefined)) {
    throw usage('--undo puts one log back: it goes with -o and --lock-wait only');
  }
}

const usage = (message: string) => new LogctlError('usage', message, '');
