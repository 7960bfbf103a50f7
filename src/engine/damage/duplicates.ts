/** duplicates: a block of whole lines that stands twice, as a disk leaves that wrote it twice. */
import type { Context } from '../context.js';
import type { SourceFile } from '../disk.js';
import { findLines } from '../recovery/line-finder.js';
import type { RegionPlan } from '../recovery/plan.js';
import type { LogScan } from '../checks/scan-log.js';

/** Signs looked at; a clock that jumps about makes thousands. */
const signsMax = 100;
const lineBytesMax = 1 << 20;

/**
 * Blocks that begin where time or numbers go back, and repeat bytes that stand earlier. Their lines
 * are whole entries and stay: which of the two was meant nobody can know.
 */
export async function duplicatedBlocks(context: Context, scan: LogScan): Promise<RegionPlan[]> {
  const signs = scan.findings.all.filter(({ code, length = 0 }) => {
    return (code === 'time-backwards' || code === 'seq-repeat') && length <= lineBytesMax;
  });
  const places = new Map(signs.slice(0, signsMax).map((sign) => [sign.offset ?? 0, sign]));
  const [source] = scan.sources;
  const lines: Buffer[] = [];
  for (const { offset = 0, length = 0 } of places.values()) {
    const line = Buffer.alloc(length);
    await source.read(line, offset);
    lines.push(line);
  }
  const seen = await findLines(context, scan.log.path, lines);
  const blocks: RegionPlan[] = [];
  let end = 0;
  for (const [number, { line = 0, offset = 0 }] of [...places.values()].entries()) {
    const { offset: first } = seen[number];
    if (first < 0 || first >= offset || offset < end) continue;
    const block = await sameLines(source, first, offset);
    end = offset + block.length;
    blocks.push({
      code: 'duplicated-block',
      ...{ line, lines: block.lines, offset, length: block.length },
      action: 'keep',
      why: `the same bytes stand at byte ${first}; whole entries are never dropped`,
      ...{ entriesBack: 0, entriesLost: 0, keys: [] },
    });
  }
  return blocks;
}

/** How far the bytes at `second` repeat those at `first`, in whole lines, up to `second` itself. */
async function sameLines(source: SourceFile, first: number, second: number) {
  const [left, right] = [Buffer.alloc(1 << 16), Buffer.alloc(1 << 16)];
  let [length, lines] = [0, 0];
  for (let at = 0; first + at < second; at += left.length) {
    const room = Math.min(left.length, second - first - at);
    const here = await source.read(left.subarray(0, room), first + at);
    const there = await source.read(right.subarray(0, here), second + at);
    for (let i = 0; i < there; i++) {
      if (left[i] !== right[i]) return { length, lines };
      if (left[i] !== 0x0a) continue;
      length = at + i + 1;
      lines++;
    }
    if (there < left.length) break;
  }
  return { length, lines };
}
