/** recover-apply: carries out the plan for one log: evidence first, proof, then the swap. */
import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { chunksOf } from '../bytes/chunks.js';
import type { RecoverOptions, Sink, WriteContext } from '../context.js';
import { appendInParts, type FileStat, type SourceFile } from '../disk.js';
import { LogctlError } from '../errors.js';
import { fingerprint } from './fingerprint.js';
import type { Log } from '../log.js';
import { partitionFault } from './part-list.js';
import { openParts } from './part-source.js';
import type { LogPlan } from './plan.js';
import {
  evidencePaths,
  receiptFile,
  writeQuarantine,
  writeReceipt,
  type EvidencePaths,
  type Receipt,
} from './recover-evidence.js';
import { likeLog } from '../compaction/lock-file.js';
import { moveEvidence } from './evidence-move.js';
import { scanSource } from './recover-state.js';
import type { LogScan } from '../checks/scan-log.js';
import { siblingsOf } from '../siblings.js';
import { partOf } from '../bytes/source-part.js';
import { stateHash } from '../keydir/state-hash.js';
import { restJudge } from '../compaction/swap-rest.js';
import { swapIn } from '../compaction/swap.js';

/** Paths of what an applied plan left; null where there is none. */
export interface AppliedPlan {
  original: string | null;
  quarantine: string | null;
  receipt: string;
  /** Bytes that writers appended meanwhile and that were carried over. */
  carriedBytes: number;
  /** Late bytes are merged by the next run. */
  deferred: boolean;
  /** The new file as it was read back from disk. The caller closes the scan. */
  proof: { scan: LogScan; id: string };
}

/**
 * Puts the recovered log in the place of the old one, which stays under a fresh name. The caller
 * holds the compaction lock, which `fence` proves, and has checked the plan's basis. Throws
 * LogctlError; the log is then as it was, or a swap is left for the next run to finish.
 */
export async function applyPlan(
  context: WriteContext,
  log: Log,
  plan: LogPlan,
  options: RecoverOptions,
  fence?: () => void,
): Promise<AppliedPlan> {
  const fault = partitionFault(plan.path, plan.bytesBefore, plan.parts, plan.quarantine);
  const words = `byte ${fault} is neither kept nor in quarantine, or it is both`;
  mustHold(fault === undefined, words, options);
  const work = new Application(context, log, plan, options, fence);
  return plan.missing ? work.make() : work.replace();
}

/** Streams the planned bytes; gives how many, and their sha-256. Throws LogctlError. */
export async function writeParts(context: WriteContext, log: Log, plan: LogPlan, sink: Sink) {
  const source = openParts(context, log, plan.parts);
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const chunk of chunksOf(context, source, 'write')) {
      hash.update(chunk);
      size += chunk.length;
      await sink(chunk);
    }
  } finally {
    source.close();
  }
  return { name: basename(plan.path), size, sha256: hash.digest('hex') };
}

/**
 * Throws LogctlError `changed` where a file the plan rests on is not what it was. Files of a plan
 * that this run has made (`isFresh`) are read again only where size or time of change differ.
 */
export async function checkBasis(
  context: WriteContext,
  plan: LogPlan,
  isFresh: boolean,
): Promise<void> {
  for (const planned of plan.basis) {
    const { path, size, sha256, modifiedMs } = planned;
    const stat = context.disk.stat(path);
    if (isFresh && stat?.size === size && stat.mtimeMs === modifiedMs) continue;
    const isLog = path === plan.path;
    // Whole lines that a writer appended are carried over. What follows a torn line may be its end.
    const mayGrow = isLog && (await endsLine(context, path, size));
    const fits = stat !== undefined && (mayGrow ? stat.size >= size : stat.size === size);
    const limits = { limit: size, beside: plan.path };
    const now = fits ? await fingerprint(context, path, limits) : undefined;
    if (now?.sha256 !== sha256) throw changed(path);
  }
  if (plan.missing && context.disk.lstat(plan.path) !== undefined) throw changed(plan.path);
}

/**
 * Throws where it does not hold. A plan of this run was made by us: our own mistake. One from a
 * file may have been made by anybody: LogctlError `refused`.
 */
export function mustHold(holds: boolean, words: string, { plan }: RecoverOptions): void {
  if (holds) return;
  assert(plan !== undefined, words);
  throw new LogctlError('refused', `the saved plan is not sound: ${words}`, 'Nothing was changed.');
}

const changed = (path: string) =>
  new LogctlError('changed', `${path} changed since the plan`, 'nothing was changed: plan again', {
    path,
  });

async function endsLine(context: WriteContext, path: string, size: number): Promise<boolean> {
  if (size === 0 || context.disk.stat(path) === undefined) return size === 0;
  const file = context.disk.open(path);
  try {
    const byte = new Uint8Array(1);
    return (await file.read(byte, size - 1)) === 1 && byte[0] === 0x0a;
  } finally {
    file.close();
  }
}

class Application {
  private readonly evidence: EvidencePaths;
  private made: string[] = [];

  constructor(
    private readonly context: WriteContext,
    private readonly log: Log,
    private readonly plan: LogPlan,
    private readonly options: RecoverOptions,
    private readonly fence?: () => void,
  ) {
    this.evidence = evidencePaths(plan.path, plan.stamp, options.evidenceDir);
  }

  /** The log is there: the new file is swapped in beside whatever writers there are. */
  async replace(): Promise<AppliedPlan> {
    const { context, log, plan, evidence, options } = this;
    const { disk } = context;
    const old = disk.open(plan.path);
    const stat = old.stat();
    try {
      const result = await swapIn(context, {
        path: plan.path,
        old,
        prefixLength: plan.bytesBefore,
        prefixLines: plan.linesBefore,
        endsInLine: !(await endsLine(context, plan.path, plan.bytesBefore)),
        keptAs: basename(evidence.original),
        writeHead: async (sink) => this.written(await writeParts(context, log, plan, sink)),
        proveHead: (temporary, length) => this.prove(temporary, length, stat),
        isWhole: restJudge(context, this.log),
        fence: this.fence,
        offline: options.offline === true,
      });
      const deferred = result.outcome === 'deferred';
      const kept = join(dirname(plan.path), basename(evidence.original));
      // A swap that is not over needs the old file where it is.
      const move = { from: kept, to: evidence.original, log: basename(plan.path) };
      if (!deferred) await moveEvidence(context, old, move);
      return {
        ...this.result(deferred ? kept : evidence.original),
        deferred,
        carriedBytes: result.carriedLength,
      };
    } catch (error) {
      // Behind the rename the evidence is needed, whatever went wrong then.
      if (disk.stat(plan.path)?.id === stat.id) this.removeEvidence();
      throw error;
    } finally {
      old.close();
    }
  }

  /** There is no log: the new file gets its name, which must be free. */
  async make(): Promise<AppliedPlan> {
    const { context, log, plan } = this;
    const { disk } = context;
    const { directory, temporaryPrefix } = siblingsOf(plan.path);
    const temporary = join(directory, `${temporaryPrefix}${context.random()}`);
    const like = plan.base === undefined ? undefined : disk.lstat(plan.base.path);
    const file = disk.create(temporary);
    try {
      this.written(await writeParts(context, log, plan, (bytes) => appendInParts(file, bytes)));
      file.sync();
      await this.prove(file, file.stat().size, like);
      // Last: until it is proven it is for nobody else, whatever is in it.
      likeLog(file, like);
      file.sync();
      this.fence?.();
      // Unlike a rename, a link does not replace what somebody else made there meanwhile.
      disk.link(temporary, plan.path);
      disk.syncDirectory(directory);
      return { ...this.result(null), carriedBytes: 0, deferred: false };
    } catch (error) {
      if (disk.stat(plan.path)?.id !== file.stat().id) this.removeEvidence();
      throw error;
    } finally {
      file.close();
      if (disk.lstat(temporary) !== undefined) disk.unlink(temporary);
    }
  }

  private bytes: Receipt['recovered'] | undefined;
  private proof: AppliedPlan['proof'] | undefined;

  private written(bytes: Receipt['recovered']): void {
    this.bytes = bytes;
  }

  /** Reads the new file back: what lies on the disk is what was planned. Then the evidence. */
  private async prove(temporary: SourceFile, length: number, like: FileStat | undefined) {
    const { context, plan, log } = this;
    const sizes = `${length} bytes were written, ${plan.bytesAfter} planned`;
    mustHold(length === plan.bytesAfter, sizes, this.options);
    const part = partOf(temporary, 0, length);
    const scan = await scanSource(context, log, part, { compareStates: true });
    const hash = await stateHash(scan.keydir, scan.sources, 'documented');
    const words = 'the new file does not hold what was planned';
    const isSound = scan.damages.length === 0 && scan.bytes === length;
    mustHold(isSound && hash === plan.state.hashAfter, words, this.options);
    this.proof = { scan, id: temporary.stat().id };
    await this.writeEvidence(like);
  }

  private async writeEvidence(like: FileStat | undefined): Promise<void> {
    const { context, plan, evidence } = this;
    const { findings: _, ...bare } = plan;
    let quarantine: Receipt['quarantine'] = null;
    if (plan.quarantine.length > 0) {
      this.made.push(evidence.quarantine);
      quarantine = await writeQuarantine(context, evidence.quarantine, plan.quarantine, like);
    }
    const basis = plan.basis.find(({ path }) => path === plan.path);
    const original = basis && { ...receiptFile(basis), name: basename(evidence.original) };
    this.made.push(evidence.receipt);
    const receipt: Receipt = {
      schema: 'logctl/receipt@1',
      version: context.version,
      madeAt: new Date(context.now()).toISOString(),
      log: basename(plan.path),
      original: original ?? null,
      recovered: this.bytes!,
      quarantine,
      plan: bare,
    };
    writeReceipt(context, evidence.receipt, receipt, like);
    context.disk.syncDirectory(evidence.directory);
  }

  private removeEvidence(): void {
    const { disk } = this.context;
    for (const path of this.made) if (disk.lstat(path) !== undefined) disk.unlink(path);
    this.made = [];
  }

  private result(original: string | null) {
    const { plan, evidence } = this;
    const quarantine = plan.quarantine.length > 0 ? evidence.quarantine : null;
    return { original, quarantine, receipt: evidence.receipt, proof: this.proof! };
  }
}
