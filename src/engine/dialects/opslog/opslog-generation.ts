/**
 * opslog-generation: a new snapshot, new empty logs and a manifest that names them, as the library
 * lays them out, and durable: every file is synced before the manifest takes effect by its rename.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { BufferedSink } from '../../bytes/buffered-sink.js';
import { oneLine } from '../../bytes/one-line.js';
import { asLines, ValueText } from '../../bytes/value-text.js';
import type { WriteContext } from '../../context.js';
import { makeDirectories } from '../../directories.js';
import { syncFile, type FileStat, type SourceFile, type TargetFile } from '../../disk.js';
import { likeLog } from '../../compaction/lock-file.js';
import { LogctlError } from '../../errors.js';
import { keyToJson, keyToString } from '../../keydir/key-bytes.js';
import type { Keydir } from '../../keydir/keydir.js';
import { stateHash } from '../../keydir/state-hash.js';
import { readValues } from '../../keydir/values.js';
import { removeLeftovers } from '../../leftovers.js';
import { temporaryName } from '../../temporaries.js';
import { writtenString } from '../../writer/entry-text.js';
import type { Dialect } from '../dialect.js';
import { namesOf, type StoreNames } from './opslog-layout.js';
import { manifestName } from './opslog-manifest.js';
import { ourMark, readSnapshot, Sources } from './opslog-sources.js';

/** What goes into a new generation. */
export interface NewGeneration {
  directory: string;
  keydir: Keydir;
  sources: readonly SourceFile[];
  /** The application's schema version. */
  version: number;
  /** Each gets a log of its own; undefined: a store of one writer. */
  agents: readonly string[] | undefined;
  archiveSegments: readonly string[];
  archivedRecords: number;
  /** RFC 3339. */
  created: string;
  /** Members of the old manifest that the library does not know. */
  unknown: Record<string, unknown>;
}

/** Files that are durable, and a manifest that only needs its name. Paths are full. */
export interface WrittenGeneration {
  snapshot: string;
  logs: string[];
  /** The manifest under a temporary name. */
  temporary: string;
  bytes: number;
  stateHash: string;
  stamp: number;
}

/** Bytes of disk that a generation of this state takes, nearly. */
export const generationBytes = ({ liveBytes, count }: Keydir): number =>
  Math.ceil((liveBytes + count * 16) * 1.05) + 4_096;

/**
 * Writes everything but the manifest's own name. Throws LogctlError; what was written is removed
 * again then. Nothing that was there is touched.
 */
export async function writeGeneration(
  context: WriteContext,
  dialect: Dialect,
  generation: NewGeneration,
): Promise<WrittenGeneration> {
  const writer = new GenerationWriter(context, dialect, generation);
  try {
    return await writer.write();
  } catch (error) {
    writer.remove();
    throw error;
  }
}

/** Removes what `writeGeneration` left, where it is not to take effect. */
export function discardGeneration({ disk }: WriteContext, written: WrittenGeneration): void {
  for (const path of [written.temporary, ...written.logs, written.snapshot]) {
    if (disk.lstat(path) !== undefined) disk.unlink(path);
  }
}

/** Lets a generation take effect: one rename, durable when this returns. */
export function adoptGeneration(
  { disk }: WriteContext,
  directory: string,
  { temporary }: WrittenGeneration,
): void {
  disk.rename(temporary, join(directory, manifestName));
  disk.syncDirectory(directory);
}

class GenerationWriter {
  private readonly made: string[] = [];
  private readonly stamp: number;
  private readonly names: StoreNames;

  constructor(
    private readonly context: WriteContext,
    private readonly dialect: Dialect,
    private readonly generation: NewGeneration,
  ) {
    this.names = namesOf(context.disk, generation.directory);
    const stamps = [...this.names.snapshots, ...this.names.logs].map(({ stamp }) => stamp);
    // Names tell the order of generations: never one that is not the newest.
    this.stamp = Math.max(Math.floor(context.now()), ...stamps.map((stamp) => stamp + 1));
  }

  async write(): Promise<WrittenGeneration> {
    const { context, generation, stamp } = this;
    const { directory } = generation;
    for (const folder of ['snapshots', 'ops', 'archive']) {
      makeDirectories(context.disk, join(directory, folder));
    }
    const name = `snapshots/snap-${stamp}.jsonl`;
    const snapshot = join(directory, name);
    const { bytes, hash } = await this.writeSnapshot(snapshot);
    const logs = this.writeLogs();
    await this.prove(snapshot, hash);
    const temporary = join(directory, temporaryName(manifestName, context.random()));
    await this.writeFile(temporary, Buffer.from(this.manifestText(name)));
    for (const folder of ['snapshots', 'ops', '']) {
      context.disk.syncDirectory(join(directory, folder));
    }
    const paths = logs.map((log) => join(directory, log));
    return { snapshot, logs: paths, temporary, bytes, stateHash: hash, stamp };
  }

  remove(): void {
    const { disk } = this.context;
    for (const path of this.made) if (disk.lstat(path) !== undefined) disk.unlink(path);
  }

  /** Header and records, under a temporary name first, as the library writes them. */
  private async writeSnapshot(path: string): Promise<{ bytes: number; hash: string }> {
    const { disk, now } = this.context;
    const { version, keydir, sources } = this.generation;
    const temporary = `${path}.tmp`;
    const file = this.create(temporary);
    try {
      let bytes = 0;
      const sink = new BufferedSink((part) => {
        bytes += part.length;
        file.append(part);
      });
      const timestamp = new Date(now()).toISOString();
      const header = `{"version":${version},"timestamp":${JSON.stringify(timestamp)},${ourMark}}\n`;
      await sink.write(Buffer.from(header));
      const hash = await writeRecords(keydir, sources, sink);
      await sink.flush();
      this.likeStore(file);
      await syncFile(file);
      disk.rename(temporary, path);
      this.made.push(path);
      return { bytes, hash };
    } finally {
      file.close();
    }
  }

  /** Relative names, in the order of the agents. */
  private writeLogs(): string[] {
    const { agents, directory } = this.generation;
    const names = agents?.map((agent) => this.logOf(agent)) ?? [this.logOf(undefined)];
    for (const name of names) {
      const file = this.create(join(directory, name));
      this.likeStore(file);
      file.sync();
      file.close();
    }
    return names;
  }

  private manifestText(snapshot: string): string {
    const { agents, version, archiveSegments, archivedRecords, created, keydir, unknown } =
      this.generation;
    const logs = agents?.map((agent): [string, string] => [agent, this.logOf(agent)]);
    const manifest = {
      version,
      currentSnapshot: snapshot,
      activeOps: this.logOf(agents?.[0]),
      ...(logs === undefined ? {} : { activeAgentOps: Object.fromEntries(logs) }),
      archiveSegments,
      stats: {
        activeRecords: keydir.count,
        archivedRecords,
        opsCount: 0,
        created,
        lastCheckpoint: new Date(this.context.now()).toISOString(),
      },
      ...unknown,
    };
    return JSON.stringify(manifest, null, 2);
  }

  /** The library puts an agent's name into the path as it is; one with a slash would lead out. */
  private logOf(agent: string | undefined): string {
    if (agent === undefined) return `ops/ops-${this.stamp}.jsonl`;
    const isPlain = /^[^/\0]{1,200}$/.test(agent) && Buffer.byteLength(agent) <= 200;
    const name = isPlain ? agent : createHash('sha256').update(agent).digest('hex');
    return `ops/agent-${name}-${this.stamp}.jsonl`;
  }

  /** Reads the snapshot back from disk: it must hold the state that was to be written. */
  private async prove(snapshot: string, hash: string): Promise<void> {
    const sources = new Sources(this.context.disk, this.generation.directory);
    try {
      const { keydir, damage } = await readSnapshot(this.context, this.dialect, sources, snapshot);
      const now = await stateHash(keydir, sources.files, 'documented');
      if (damage.lines === 0 && now === hash) return;
    } finally {
      sources.close();
    }
    const hint = 'nothing was changed; check the memory and the disk of this machine';
    throw new LogctlError('io', `${snapshot} reads back as another state than was written`, hint);
  }

  private async writeFile(path: string, bytes: Uint8Array): Promise<void> {
    const { context, generation } = this;
    const file = this.create(path);
    try {
      // Under the store's locks: what is left of another manifest nobody goes on writing.
      await removeLeftovers(context, join(generation.directory, manifestName), file, this.like());
      file.append(bytes);
      this.likeStore(file);
      await syncFile(file);
    } finally {
      file.close();
    }
  }

  private create(path: string): TargetFile {
    const file = this.context.disk.create(path);
    this.made.push(path);
    return file;
  }

  /** Owner and mode of the manifest: last, for until it is written a file is for nobody else. */
  private likeStore(file: TargetFile): void {
    likeLog(file, this.like());
  }

  private like(): FileStat | undefined {
    return this.context.disk.lstat(join(this.generation.directory, manifestName));
  }
}

/** One record a line, values byte for byte; gives the hash of the state as it was written. */
async function writeRecords(
  keydir: Keydir,
  sources: readonly SourceFile[],
  sink: BufferedSink,
): Promise<string> {
  const text = new ValueText();
  let begun = -1;
  const order = keydir.order('documented');
  await readValues(keydir, sources, order, async (index, part, last) => {
    if (begun !== index) await sink.write(Buffer.from(`{"id":${idOf(keydir.key(index))},"data":`));
    begun = last ? -1 : index;
    await sink.write(oneLine(text.take(part, last)));
    if (last) await sink.write(newlineBehindRecord);
  });
  return writtenHash(keydir, sources);
}

const newlineBehindRecord = Buffer.from('}\n');

const idOf = (key: Uint8Array): string => {
  const json = keyToJson(key);
  return json.startsWith('"') ? writtenString(keyToString(key)) : json;
};

/** The hash of a state as a snapshot of ours holds it: each value in one line of valid UTF-8. */
export async function writtenHash(keydir: Keydir, sources: readonly SourceFile[]): Promise<string> {
  return stateHash(keydir, sources, 'documented', [], asLines());
}
