/** flock and leases over the disk in memory, with writers that act and wait while we hold them. */
import type { SourceFile } from '../../src/engine/disk.js';
import type { KernelLocks, LeaseAnswer, LeaseKind } from '../../src/engine/kernel-locks.js';
import { MemoryFile } from './memory-file.js';
import type { Inode } from './memory-inode.js';
import type { RecordingDisk } from './recording-disk.js';

/** Another process: `step` does its next small thing; false when it waits or has nothing to do. */
export interface Actor {
  /** Set by FakeLocks: an open asks them first. */
  locks?: FakeLocks;
  step(): boolean;
}

/** How many steps the actors do at a point; points count from 0. */
export type Turns = (point: number) => number;

interface Lease {
  file: MemoryFile;
  kind: LeaseKind;
  /** When an opener began to wait for its end. */
  breakingSinceMs?: number;
}

// /proc/sys/fs/lease-break-time: then the kernel takes the lease away.
const leaseBreakMs = 45_000;
const pollMs = 1;

/**
 * The model, after the kernel's:
 *
 * - One thread. Other processes act only at points: before each effect of the engine, and at each
 *   call of these locks. `turns` says how many steps they do there, the actors by turns.
 * - A read lease is granted while nobody has the inode open for writing, a write lease while nobody
 *   else has it open. A conflicting open marks the lease as being broken and has to be tried again
 *   (`mayOpen`); a new lease may be granted before it is: that is the late opener of the swap.
 * - A lease ends by release, with its file, or 45 s after its breaking began.
 * - An open by the engine that conflicts with its own lease is an error: it would wait for itself.
 * - Time is `clockMs`: it moves by what is waited, and no real time passes.
 */
export class FakeLocks implements KernelLocks {
  readonly via = 'koffi';
  readonly leases = 'kernel';
  /** The answer of `lease` where leases do not work; undefined where they do. */
  refusal?: Exclude<LeaseAnswer, 'granted' | 'held'>;
  /** False: a kernel without renameat2. */
  exchanges = true;
  /** Where the log is mounted as a single file. */
  mountPoints: string[] = [];
  points = 0;
  private nowMs = 0;
  private turnOf = 0;
  private readonly held: Lease[] = [];
  private readonly flocks = new Map<Inode, MemoryFile>();

  constructor(
    private readonly disk: RecordingDisk,
    private readonly actors: Actor[] = [],
    private readonly turns: Turns = () => 0,
  ) {
    for (const actor of actors) actor.locks = this;
    disk.otherProcesses = () => this.point();
    disk.beforeOpen = (inode, writes) => {
      if (!this.conflict(inode, writes)) return;
      throw new Error('the engine opens a file that it has leased: it would wait 45 s for itself');
    };
  }

  tryLock(file: SourceFile): boolean {
    this.point();
    return this.takeFlock(memoryFile(file));
  }

  async lock(file: SourceFile, { waitMs }: { waitMs: number }): Promise<boolean> {
    return this.poll(waitMs, () => this.takeFlock(memoryFile(file)));
  }

  unlock(file: SourceFile): void {
    const { inode } = memoryFile(file);
    if (this.flocks.get(inode) === file) this.flocks.delete(inode);
    this.point();
  }

  lease(file: SourceFile, kind: LeaseKind, waitMs = 0): LeaseAnswer {
    if (this.refusal) return this.refusal;
    const granted = this.poll(waitMs, () => this.takeLease(memoryFile(file), kind));
    return granted ? 'granted' : 'held';
  }

  leaseOf(file: SourceFile): LeaseKind | 'none' {
    this.point();
    const lease = this.live().find((held) => held.file === file);
    return lease && lease.breakingSinceMs === undefined ? lease.kind : 'none';
  }

  release(file: SourceFile): void {
    this.drop((lease) => lease.file === file);
    this.point();
  }

  attributes(): string[] {
    return [];
  }

  mounts(): string[] {
    return this.mountPoints;
  }

  exchange(left: string, right: string): boolean {
    if (!this.exchanges) return false;
    this.disk.exchange(left, right);
    return true;
  }

  holders(id: string) {
    const files = [...this.disk.files].filter((file) => file.ofWriter && file.stat().id === id);
    const row = ({ writes }: MemoryFile) => {
      return { pid: 2, command: 'writer', writes, append: writes };
    };
    return { holders: files.map(row), hidden: 0 };
  }

  shield(): () => void {
    return () => {};
  }

  pause(ms: number): void {
    this.poll(ms, () => false);
  }

  clockMs(): number {
    return this.nowMs;
  }

  /** For `Context.sleep`. */
  readonly sleep = async (ms: number): Promise<void> => this.pause(ms);

  /** For actors: false while a lease stands against this open; it is being broken from now on. */
  mayOpen(inode: Inode, writes: boolean): boolean {
    const lease = this.conflict(inode, writes);
    if (!lease) return true;
    lease.breakingSinceMs ??= this.nowMs;
    return false;
  }

  /** For actors that take the writers' lock. */
  takeFlock(file: MemoryFile): boolean {
    const holder = this.flocks.get(file.inode);
    if (holder && holder !== file && holder.isOpen) return false;
    this.flocks.set(file.inode, file);
    return true;
  }

  /** Lets the actors act until each waits or is done; with no lease left, until all are done. */
  finish(): void {
    while (this.step());
  }

  private takeLease(file: MemoryFile, kind: LeaseKind): boolean {
    const others = [...this.disk.files].filter(({ inode }) => inode === file.inode);
    const against = others.some((other) => (kind === 'read' ? other.writes : other !== file));
    if (against) return false;
    this.drop((lease) => lease.file === file);
    this.held.push({ file, kind });
    return true;
  }

  private conflict(inode: Inode, writes: boolean): Lease | undefined {
    return this.live().find(({ file, kind }) => {
      return file.inode === inode && (writes || kind === 'write');
    });
  }

  private live(): Lease[] {
    this.drop(({ file, breakingSinceMs = Infinity }) => {
      return !file.isOpen || this.nowMs - breakingSinceMs > leaseBreakMs;
    });
    return this.held;
  }

  private drop(isOver: (lease: Lease) => boolean): void {
    const rest = this.held.filter((lease) => !isOver(lease));
    this.held.splice(0, Infinity, ...rest);
  }

  private poll(waitMs: number, attempt: () => boolean): boolean {
    const deadlineMs = this.nowMs + waitMs;
    for (;;) {
      this.point();
      if (attempt()) return true;
      if (this.nowMs >= deadlineMs) return false;
      this.nowMs = Math.min(this.nowMs + pollMs, deadlineMs);
    }
  }

  private point(): void {
    let steps = this.turns(this.points);
    this.points += 1;
    while (steps > 0 && this.step()) steps -= 1;
  }

  /** One step of the next actor that can do one. */
  private step(): boolean {
    for (let tried = 0; tried < this.actors.length; tried += 1) {
      const actor = this.actors[this.turnOf % this.actors.length];
      this.turnOf += 1;
      if (this.disk.asWriter(() => actor.step())) return true;
    }
    return false;
  }
}

function memoryFile(file: SourceFile): MemoryFile {
  if (file instanceof MemoryFile) return file;
  throw new Error(`${file.path} is not of a disk in memory`);
}
