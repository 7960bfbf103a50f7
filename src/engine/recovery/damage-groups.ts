/** damage-groups: damaged lines of a log that lie together. */
import type { LogScan } from '../checks/scan-log.js';
import type { Damage } from '../damage/damage-log.js';
import { isBlank } from './log-lines.js';

/** Damaged lines with nothing but blank ones between. `end`: behind the last one's newline. */
export interface DamageGroup {
  damages: Damage[];
  offset: number;
  end: number;
}

/** More blank bytes than this keep two damaged lines apart. */
const blankBytesMax = 1 << 12;

/** Bytes of a damaged line, its newline included. */
export const lineLength = (damage: Damage): number => damage.length + (damage.ended ? 1 : 0);

/**
 * Puts damaged lines together that touch, or have nothing but blank lines between them. A line that
 * was replayed all the same stands alone.
 */
export async function groupDamages(
  scan: LogScan,
  damages: readonly Damage[],
): Promise<DamageGroup[]> {
  const groups: DamageGroup[] = [];
  for (const damage of damages) {
    const last = groups.at(-1);
    const end = damage.offset + lineLength(damage);
    const mayTouch = last !== undefined && !damage.replayed && !last.damages[0].replayed;
    if (mayTouch && (await isBlankBetween(scan, last.end, damage.offset))) {
      last.damages.push(damage);
      last.end = end;
    } else {
      groups.push({ damages: [damage], offset: damage.offset, end });
    }
  }
  return groups;
}

async function isBlankBetween({ sources }: LogScan, from: number, to: number): Promise<boolean> {
  if (from === to) return true;
  if (to - from > blankBytesMax) return false;
  const bytes = new Uint8Array(to - from);
  return isBlank(bytes.subarray(0, await sources[0].read(bytes, from)));
}
