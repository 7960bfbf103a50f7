/** opslog-rules: which rule a rejected line breaks, and what operations say of each other. */
import type { LogScan } from '../../checks/scan-log.js';
import type { Context } from '../../context.js';
import type { FindingList } from '../../finding-list.js';
import { keyToString } from '../../keydir/key-bytes.js';
import { Keydir } from '../../keydir/keydir.js';
import { KIND, TYPE, type LineBatch, type LineCodec } from '../../scan/kernel.js';
import type { Base } from './opslog-base.js';
import type { Dialect } from '../dialect.js';
import { brokenRule, opsCodec, prevSlot } from './opslog-ops.js';
import { readRows, rowKernel } from './opslog-rows.js';
import { readSnapshot, Sources } from './opslog-sources.js';

/** Lines beyond this are not looked at again. */
const lineBytesMax = 1 << 20;

/**
 * Adds a finding for each line that counts and that the library skips on loading, with the rule it
 * breaks, and the rule to what is no entry at all.
 */
export async function explainRules(scan: LogScan, findings: FindingList): Promise<void> {
  const { log, sources } = scan;
  const ruleAt = async (path: string, offset: number, length: number) => {
    const file = log.files.findIndex((one) => one.path === path);
    if (file < 0 || log.files[file].role !== 'segment' || length > lineBytesMax) return undefined;
    const bytes = new Uint8Array(length);
    await sources[file].read(bytes, offset);
    return ruleOf(Buffer.from(bytes).toString('utf8'));
  };
  for (const { path, line, offset, length } of scan.differing) {
    const rule = await ruleAt(path, offset, length);
    const words =
      rule === undefined
        ? 'a line the library reads otherwise'
        : `acknowledged, but the library skips it on loading: ${rule}`;
    findings.add('reader-differs', path, words, { line, offset, length });
  }
  for (const one of findings.all) {
    if (one.code !== 'bad-entry' || one.offset === undefined) continue;
    const rule = await ruleAt(one.path, one.offset, one.length ?? 0);
    if (rule !== undefined) one.message = `${one.message}: ${rule}`;
  }
}

function ruleOf(line: string): string | undefined {
  try {
    return brokenRule(JSON.parse(line));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Stores with more in their logs are not read once more for what is only odd. */
const readAgainBytesMax = 64 << 20;

/**
 * Agents whose clock goes back, and entries of a single writer whose `prev` does not fit what was
 * there: whether there was a value, not which. The library compares neither.
 */
export async function checkOperations(
  context: Context,
  dialect: Dialect,
  { logs, snapshot, isMerged, names }: Base,
  findings: FindingList,
): Promise<void> {
  const sources = new Sources(context.disk, names.directory);
  try {
    const files = logs.map(({ path }) => sources.at(path).source);
    const bytes = files.reduce((sum, source) => sum + source.stat().size, 0);
    if (bytes > readAgainBytesMax) return;
    const known =
      snapshot === undefined || isMerged
        ? new Keydir()
        : (await readSnapshot(context, dialect, sources, snapshot)).keydir;
    for (const source of files) {
      const { path } = source;
      const rules = isMerged ? clockRule(path, findings) : prevRule(path, known, findings);
      const codec = isMerged ? opsCodec : prevCodec;
      const kernel = rowKernel(context, codec, { bytes });
      const { batch } = kernel;
      await readRows(context, source, kernel, {
        onBatch(firstLine) {
          for (let row = 0; row < batch.count; row++) rules(batch, row, firstLine + row);
        },
      });
    }
  } finally {
    sources.close();
  }
}

type RowRule = (batch: LineBatch, row: number, line: number) => void;

function clockRule(path: string, findings: FindingList): RowRule {
  let last = 0;
  return ({ clock, offset }, row, line) => {
    if (clock[row] < last) {
      const words = `clock ${clock[row]} after ${last}: opened with skipLoad it starts at 0 again`;
      findings.add('clock-backwards', path, words, { line, offset: offset[row] });
    }
    if (clock[row] >= 0) last = clock[row];
  };
}

/** The codec of operations, that says by `seq` whether there was a value before: 1 or 2. */
const prevCodec: LineCodec = {
  ...opsCodec,
  decode(line) {
    opsCodec.decode(line);
    line.seq = line.type[prevSlot] === TYPE.null ? 1 : 2;
  },
};

function prevRule(path: string, known: Keydir, findings: FindingList): RowRule {
  const range = { file: 0, offset: 0, length: 0, line: 1, versions: 1 };
  return ({ kind, keys, keyStart, keyLength, seq, offset }, row, line) => {
    if (kind[row] !== KIND.put && kind[row] !== KIND.delete) return;
    const [start, length] = [keyStart[row], keyLength[row]];
    const key = keys.subarray(start, start + length);
    const was = known.find(key) >= 0;
    if (was !== (seq[row] === 2)) {
      const words = was
        ? 'it says that its key was new, and there is a value before it'
        : 'it names a previous value, and its key was not there';
      const consequence = 'Undone, it would bring back what was not there; loading is the same.';
      const at = { line, offset: offset[row], key: keyToString(key.slice()), consequence };
      findings.add('prev-differs', path, words, at);
    }
    if (kind[row] === KIND.delete) known.delete(keys, start, length);
    else known.put(keys, start, length, range);
  };
}
