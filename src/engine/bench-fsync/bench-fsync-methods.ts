/** bench-fsync-methods: the ways to make entries durable, each as a round that can be timed. */
import type { Disk, TargetFile } from '../disk.js';

/** Gives the bytes of the next `entries` entries, as a log would get them in one write. */
export type NextEntries = (entries: number) => Uint8Array;

/** What a method works with. */
export interface Bench {
  disk: Disk;
  directory: string;
  next: NextEntries;
  /** A fresh path for a scratch file in the directory; it is removed at the end. */
  scratch(): string;
}

/** One method, made ready. */
export interface Rounds {
  /** Done before each round, not timed. */
  before?(): void;
  /** What is timed. */
  round(): void;
  close(): void;
}

/** One way to write. `start` is undefined where this disk cannot do it. */
export interface Method {
  name: string;
  /** Entries of a round; null where it writes none. */
  group: number | null;
  start(bench: Bench): Rounds | undefined;
}

const overwriteBytes = 1 << 20;

/** Every method, in the order of the table. */
export const METHODS: readonly Method[] = [
  { name: 'open+append+fsync', group: 1, start: openAppendSync },
  appendThen('append+fsync', 1, (file) => file.sync()),
  { name: 'append+fdatasync', group: 1, start: appendSyncData },
  { name: 'append, O_DSYNC', group: 1, start: appendSynced },
  { name: 'overwrite+fdatasync', group: 1, start: overwrite },
  appendThen('append+fsync', 8, (file) => file.sync()),
  appendThen('append+fsync', 64, (file) => file.sync()),
  appendThen('append, no fsync', 1, () => undefined),
  { name: 'swap', group: null, start: swap },
  { name: 'directory fsync', group: null, start: syncDirectory },
];

/** What the bot does for each entry, and our writer for each batch. */
function openAppendSync({ disk, next, scratch }: Bench): Rounds {
  const path = scratch();
  disk.create(path).close();
  let bytes = next(1);
  return {
    before: () => void (bytes = next(1)),
    round() {
      const file = disk.openAppend(path);
      try {
        file.append(bytes);
        file.sync();
      } finally {
        file.close();
      }
    },
    close: () => disk.unlink(path),
  };
}

function appendThen(name: string, group: number, settle: (file: TargetFile) => void): Method {
  return {
    name,
    group,
    start: (bench) => appending(bench, bench.disk.create(bench.scratch()), group, settle),
  };
}

function appendSyncData(bench: Bench): Rounds | undefined {
  const file = bench.disk.create(bench.scratch());
  if (file.syncData !== undefined) return appending(bench, file, 1, () => file.syncData!());
  file.close();
  return undefined;
}

function appendSynced(bench: Bench): Rounds | undefined {
  const file = bench.disk.createSynced?.(bench.scratch());
  return file && appending(bench, file, 1, () => undefined);
}

function appending(
  { disk, next }: Bench,
  file: TargetFile,
  group: number,
  settle: (file: TargetFile) => void,
): Rounds {
  let bytes = next(group);
  return {
    before: () => void (bytes = next(group)),
    round() {
      file.append(bytes);
      settle(file);
    },
    close() {
      file.close();
      disk.unlink(file.path);
    },
  };
}

/** Into bytes that are there already: no length changes, and nothing has to be allocated. */
function overwrite({ disk, next, scratch }: Bench): Rounds | undefined {
  const file = disk.createScratch?.(scratch());
  if (file === undefined) return undefined;
  let bytes = next(1);
  const fileBytes = Math.max(overwriteBytes, 4 * bytes.length);
  file.append(new Uint8Array(fileBytes).fill(0x20));
  file.sync();
  let position = 0;
  return {
    before() {
      position += bytes.length;
      bytes = next(1);
      if (position + bytes.length > fileBytes) position = 0;
    },
    round() {
      file.overwrite(bytes, position);
      file.syncData();
    },
    close() {
      file.close();
      disk.unlink(file.path);
    },
  };
}

/** What replacing a file costs: a new one, synced, renamed over the old, the directory synced. */
function swap({ disk, directory, next, scratch }: Bench): Rounds {
  const target = scratch();
  disk.create(target).close();
  let bytes = next(1);
  let from = '';
  return {
    before() {
      bytes = next(1);
      from = scratch();
    },
    round() {
      const file = disk.create(from);
      try {
        file.append(bytes);
        file.sync();
      } finally {
        file.close();
      }
      disk.rename(from, target);
      disk.syncDirectory(directory);
    },
    close: () => disk.unlink(target),
  };
}

/** The directory alone, each time with a name in it that has just changed. */
function syncDirectory({ disk, directory, scratch }: Bench): Rounds {
  let path = scratch();
  disk.create(path).close();
  return {
    before() {
      const other = scratch();
      disk.rename(path, other);
      path = other;
    },
    round: () => disk.syncDirectory(directory),
    close: () => disk.unlink(path),
  };
}
