/** swap-leases: holds writers back for the moments of a swap, by file leases. */
import type { WriteContext } from '../context.js';
import type { SourceFile, TargetFile } from '../disk.js';
import { LogctlError } from '../errors.js';
import type { Carrier } from './swap-carry.js';
import { heldByWriter, leaseRefused } from './swap-refusals.js';

const quiesceMs = 2_000;
/** Times the lease is given back to sync first, so that writers wait for microseconds only. */
const secondLooks = 6;
const freshLeaseMs = 200;
/** How long the old file must stay unopened after the swap: looks, 1 ms apart. Nobody waits. */
const looksAfter = 20;
const lookMs = 1;
/** Past this the process was stopped or starved, and the kernel may have broken the leases. */
const heldMsMax = 5_000;

/**
 * The two leases of a swap.
 *
 * A read lease on the old file is granted only while nobody has it open for writing, and makes
 * later openers wait inside open(2). A write lease on the new file makes every opener of it wait.
 * So each writer that found the old file before the rename writes there before the new one opens.
 */
export class SwapLeases {
  /** How long an opener could have waited, ms. */
  heldMs = 0;
  private sinceMs = 0;

  constructor(
    private readonly context: WriteContext,
    private readonly files: { old: SourceFile; fresh: TargetFile; works: boolean },
  ) {}

  /**
   * Waits until nobody writes the old file, and holds it. What came meanwhile is carried and
   * synced before, as often as that is worth it. Throws LogctlError `busy`.
   */
  quiesce(carrier: Carrier): void {
    const { locks } = this.context;
    const { old, fresh, works } = this.files;
    const deadlineMs = locks.clockMs() + quiesceMs;
    for (let looks = 0; ; looks++) {
      if (works) this.takeOld(deadlineMs);
      this.sinceMs = locks.clockMs();
      if (!works || !carrier.isBehind || looks === secondLooks) return;
      locks.release(old);
      if (carrier.carryLines()) fresh.sync();
    }
  }

  /** Makes every opener of the new file wait. Throws LogctlError `busy`: nothing is done yet. */
  holdFresh(): void {
    const { locks } = this.context;
    const { old, fresh, works } = this.files;
    if (works && locks.lease(fresh, 'write', freshLeaseMs) !== 'granted') {
      const message = `${fresh.path}: another program has opened our temporary file`;
      throw new LogctlError('busy', message, 'try again', { path: old.path });
    }
    if (!this.isLate) return;
    const message = `${old.path}: this process was stopped in the middle of the swap`;
    throw new LogctlError('busy', message, 'try again', { path: old.path });
  }

  /**
   * Lets the writers that wait for the old file finish there, carries what they wrote, and lets
   * those go on that wait for the new one. False when that took too long: then late lines might
   * follow newer ones, so nothing is carried.
   */
  drain(carrier: Carrier): boolean {
    const { locks } = this.context;
    const { old, fresh, works } = this.files;
    do {
      if (works) {
        locks.release(old);
        const leftMs = Math.max(0, heldMsMax - this.pastMs);
        if (locks.lease(old, 'read', leftMs) !== 'granted' || this.isLate) return this.end(false);
      }
      if (carrier.carryLines()) fresh.sync();
    } while (this.isOpenedAgain);
    return this.end(true);
  }

  /**
   * Whether the old file stays unopened for a while, the new one being in use again. A writer that
   * was held up between finding the old file and opening it waits for our lease; what it then
   * writes would stand behind newer lines here, and has to be merged in its right place.
   */
  async staysQuiet(): Promise<boolean> {
    for (let looks = 0; this.files.works && looks < looksAfter; looks++) {
      if (this.isOpenedAgain) return false;
      await this.context.sleep(lookMs);
    }
    return !this.isOpenedAgain;
  }

  /** Gives both leases back: whoever waits goes on. */
  release(): void {
    const { locks } = this.context;
    const { old, fresh, works } = this.files;
    if (!works) return;
    locks.release(fresh);
    locks.release(old);
  }

  private takeOld(deadlineMs: number): void {
    const { context } = this;
    const { old } = this.files;
    const leftMs = Math.max(0, deadlineMs - context.locks.clockMs());
    const answer = context.locks.lease(old, 'read', leftMs);
    if (answer === 'granted') return;
    if (answer === 'held') throw heldByWriter(context, old);
    throw leaseRefused({ path: old.path, answer });
  }

  /** An opener of the old file waits for the end of our lease, or the kernel took it away. */
  private get isOpenedAgain(): boolean {
    const { old, works } = this.files;
    return works && this.context.locks.leaseOf(old) !== 'read';
  }

  private end(isDrained: boolean): boolean {
    this.heldMs = this.pastMs;
    if (isDrained && this.files.works) this.context.locks.release(this.files.fresh);
    else this.release();
    return isDrained;
  }

  private get pastMs(): number {
    return this.context.locks.clockMs() - this.sinceMs;
  }

  private get isLate(): boolean {
    return this.pastMs > heldMsMax;
  }
}
