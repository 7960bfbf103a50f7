/** simd-memory: the memory of a SIMD module as views, taken anew wherever it has grown. */
import { LogctlError } from '../errors.js';
import type { SimdExports } from './simd-module.js';

/**
 * The one way to a module's memory. Memory that grows leaves every view of it empty, and nearly
 * every call into the module may let it grow: so nobody keeps a view from one call to the next.
 * Whoever has to (the columns of a batch are plain members) is told, after the call that did it.
 */
export class SimdMemory {
  private static readonly known = new WeakMap<SimdExports, SimdMemory>();
  private view8!: Uint8Array<ArrayBuffer>;
  private view32!: Uint32Array<ArrayBuffer>;
  private readonly followers: (() => void)[] = [];

  private constructor(private readonly module: SimdExports) {
    this.look();
  }

  /** All who work with one module share its memory. */
  static of(module: SimdExports): SimdMemory {
    let memory = SimdMemory.known.get(module);
    if (memory === undefined) SimdMemory.known.set(module, (memory = new SimdMemory(module)));
    return memory;
  }

  /** The memory as bytes. An emptied view is one whose memory has grown. */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.view8.length === 0) this.look();
    return this.view8;
  }

  /** The memory as words of 32 bits. */
  get words(): Uint32Array<ArrayBuffer> {
    if (this.view32.length === 0) this.look();
    return this.view32;
  }

  get buffer(): ArrayBuffer {
    return this.bytes.buffer;
  }

  /** Calls `again` whenever views have to be taken anew. */
  onGrowth(again: () => void): void {
    this.followers.push(again);
  }

  /** Takes views anew where the memory has grown, everybody's. */
  follow(): void {
    if (this.view8.length === 0) this.look();
  }

  /** Runs a call into the module. Throws LogctlError `too-large` where its memory is used up. */
  run<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      if (this.module.isExhausted.value === 0) throw error;
      const hint = 'split the log or count its keys with another tool';
      throw new LogctlError('too-large', 'more live keys than 4 GiB of memory hold', hint);
    } finally {
      this.follow();
    }
  }

  private look(): void {
    const { buffer } = this.module.memory;
    this.view8 = new Uint8Array(buffer);
    this.view32 = new Uint32Array(buffer);
    for (const again of this.followers) again();
  }
}
