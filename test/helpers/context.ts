/** The world as the engine gets it, for tests that call the engine itself. */
import { nodeDisk, type Context, type DiskReader } from '../../src/engine/index.js';

/** A context whose clock stands still and whose waits are over at once. */
export function contextOf(disk: DiskReader = nodeDisk, more: Partial<Context> = {}): Context {
  const now = () => Date.parse('2026-11-20T09:00:00.000Z');
  return { disk, now, version: '0.0.0', sleep: async () => undefined, ...more };
}
