/** opslog-upstream: the state the library itself would load, its silent losses included. */
import { openBeside } from '../../beside.js';
import type { Context } from '../../context.js';
import type { SyncSource } from '../../disk.js';
import { keyToString } from '../../keydir/key-bytes.js';
import { Keydir, literalFile } from '../../keydir/keydir.js';
import { KIND, PROBLEM, type Kernel } from '../../scan/kernel.js';
import type { UpstreamLoad } from '../dialect.js';
import { makeFold, type RowFold } from './opslog-fold.js';
import { manifestName, readManifest, type Manifest } from './opslog-manifest.js';
import { referredFiles } from './opslog-layout.js';
import { opsCodec } from './opslog-ops.js';
import { readRows, rowKernel } from './opslog-rows.js';
import { documentCodec, snapshotCodec, snapshotForm } from './opslog-snapshot.js';

type Refusal = NonNullable<UpstreamLoad['refusal']>;

/**
 * Loads a store as Store.open does: as an agent where agents are registered, else read-only.
 * Memory grows with live keys, and keys deleted in the logs of several agents; nothing is written.
 * `until`: bytes of the last log. The caller closes the sources. Source: store.js of 0.8.1.
 */
export async function loadUpstream(
  context: Context,
  directory: string,
  until?: number,
): Promise<UpstreamLoad> {
  const loader = new Loader(context, directory);
  try {
    await loader.load(until);
  } catch (error) {
    for (const source of loader.sources) source.close();
    throw error;
  }
  const { refusal, keydir, sources } = loader;
  return refusal === undefined ? { keydir, sources } : { refusal, keydir, sources };
}

class Loader {
  keydir = new Keydir();
  readonly sources: SyncSource[] = [];
  refusal: Refusal | undefined;

  constructor(
    private readonly context: Context,
    private readonly directory: string,
  ) {}

  async load(until: number | undefined): Promise<void> {
    const { disk } = this.context;
    const reading = readManifest(disk, this.directory);
    if (reading.state !== 'ok') {
      const isMissing = reading.state === 'missing';
      const message = isMissing
        ? `Cannot open in readOnly mode: ${reading.message}`
        : reading.message;
      return this.refuse(`${this.directory}/${manifestName}`, message);
    }
    const { manifest } = reading;
    const files = referredFiles(disk, this.directory, manifest);
    if (files.snapshot === '') {
      return this.refuse(manifest.currentSnapshot, refusalOfSnapshot(manifest));
    }
    await this.loadSnapshot(files.snapshot);
    if (this.refusal !== undefined) return;
    const fold = makeFold(this.keydir, manifest.agents !== undefined, { upstream: true });
    const kernel = rowKernel(this.context, opsCodec, {});
    for (const [place, { path }] of files.logs.entries()) {
      const isLast = place === files.logs.length - 1;
      await this.loadLog(path, kernel, fold, isLast ? until : undefined);
    }
    fold.finish();
  }

  private refuse(path: string, message: string, at: Partial<Refusal> = {}): void {
    this.refusal = { ...at, message, path };
  }

  private async loadSnapshot(path: string): Promise<void> {
    const source = this.open(path);
    const form = snapshotForm(source);
    if (form.kind === 'lines') return this.loadRecords(source);
    const codec = form.kind === 'document' ? documentCodec : snapshotCodec;
    const kernel = rowKernel(this.context, codec, { keydir: this.keydir });
    let isRead = false;
    await readRows(this.context, source, kernel, {
      until: form.bytesMax,
      onBatch: () => {
        const { batch } = kernel;
        for (let row = 0; row < batch.count; row++) isRead ||= batch.kind[row] === KIND.state;
      },
    });
    if (!isRead) return this.refuse(path, 'the snapshot is no object of records', { line: 1 });
    this.keydir = inObjectOrder(kernel.keydir);
  }

  /** One record a line. Any line that is not JSON, and any `null`, makes the whole store refuse. */
  private async loadRecords(source: SyncSource): Promise<void> {
    const kernel = rowKernel(this.context, snapshotCodec, { bytes: source.stat().size });
    const { batch } = kernel;
    const fatal = PROBLEM.json | PROBLEM.refused;
    await readRows(this.context, source, kernel, {
      onBatch: (firstLine) => {
        for (let row = 0; row < batch.count; row++) {
          const [kind, problem] = [batch.kind[row], batch.problem[row]];
          const isWhite = (problem & PROBLEM.white) !== 0;
          if (kind === KIND.blank || (isWhite && batch.offset[row] > 0)) continue;
          const line = firstLine + row;
          if (kind === KIND.bad && (problem & fatal) !== 0) {
            const message = `the snapshot cannot be read: line ${line} is not a record`;
            this.refuse(source.path, message, { line, offset: batch.offset[row] });
            return false;
          }
          if (batch.offset[row] > 0) this.putRecord(kernel, row, line);
        }
        return true;
      },
    });
  }

  /** What has no id, or no data, is kept under `undefined`, which prints as null. */
  private putRecord({ batch }: Kernel, row: number, line: number): void {
    const file = this.sources.length - 1;
    const hasValue = batch.valueLength[row] > 0;
    const value = hasValue
      ? { file, offset: batch.valueOffset[row], length: batch.valueLength[row] }
      : { file: literalFile, ...this.keydir.addLiteral('null') };
    const range = { ...value, line, versions: 1 };
    this.keydir.put(batch.keys, batch.keyStart[row], batch.keyLength[row], range);
  }

  /** Lines that are no operation to the library are skipped; so is a file it cannot read. */
  private async loadLog(
    path: string,
    kernel: Kernel,
    fold: RowFold,
    until: number | undefined,
  ): Promise<void> {
    const source = this.open(path);
    const file = this.sources.length - 1;
    const { batch, writers } = kernel;
    await readRows(this.context, source, kernel, {
      file,
      until,
      onBatch: (firstLine) => fold.see(batch, { firstLine, file, writers }),
    });
  }

  private open(path: string): SyncSource {
    const source = openBeside(this.context.disk, path, this.directory);
    this.sources.push(source);
    return source;
  }
}

const refusalOfSnapshot = ({ currentSnapshot }: Manifest): string =>
  `Snapshot file not found: ${currentSnapshot}. The data directory may be corrupted.`;

/** JavaScript's order of properties: numbers of array elements ascending, then as they came. */
function inObjectOrder(keydir: Keydir): Keydir {
  const order = [...keydir.order('documented')];
  const numberOf = (index: number) => {
    const name = keydir.key(index).length > 10 ? '' : keyToString(keydir.key(index));
    return /^(0|[1-9]\d*)$/.test(name) && Number(name) < 2 ** 32 - 1 ? Number(name) : -1;
  };
  const numbered = order.filter((index) => numberOf(index) >= 0);
  if (numbered.length === 0) return keydir;
  numbered.sort((a, b) => numberOf(a) - numberOf(b));
  const sorted = new Keydir();
  for (const index of [...numbered, ...order.filter((index) => numberOf(index) < 0)]) {
    sorted.putFrom(keydir, index);
  }
  return sorted;
}
