/** Compactions with one step wrong each: the crash tests must see every one of them. */
import { siblingsOf } from '../../src/engine/siblings.js';
import { logPath } from './compaction-world.js';
import type { FakeLocks } from './fake-locks.js';
import { MemoryFile } from './memory-file.js';
import type { RecordingDisk } from './recording-disk.js';
import type { Scene } from './swap-crashes.js';

/** One wrong step, and what a scene needs so that it matters. */
export interface Mutant {
  name: string;
  scene?: Partial<Scene>;
  mutate: NonNullable<Scene['mutate']>;
}

const { intent } = siblingsOf(logPath);

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no fsync of the temporary',
    mutate: (disk) => onCreate(disk, (file) => (file.sync = () => undefined)),
  },
  {
    name: 'no fsync of the directory',
    mutate: (disk) => (disk.syncDirectory = () => undefined),
  },
  {
    name: 'a write in place',
    mutate: (disk) => onSwap(disk, (temporary) => disk.overwrite(logPath, disk.text(temporary)!)),
  },
  {
    name: 'no drain',
    mutate(disk, locks) {
      const { exchange, open } = disk;
      const old: MemoryFile[] = [];
      disk.open = (path) => {
        const file = open.call(disk, path);
        if (path === logPath) old.push(file as MemoryFile);
        return file;
      };
      disk.exchange = (from, to) => {
        exchange.call(disk, from, to);
        locks.lease = () => 'granted';
        locks.leaseOf = () => 'read';
        for (const file of old.filter(({ isOpen }) => isOpen)) {
          const stat = file.stat();
          file.stat = () => stat;
        }
      };
    },
  },
  {
    name: 'the intent removed before the drain',
    mutate: (disk) =>
      onSwap(disk, (temporary) => {
        Object.getPrototypeOf(disk).exchange.call(disk, temporary, logPath);
        disk.syncDirectory('/data');
        disk.unlink(intent);
      }),
  },
  {
    name: 'an unended whole entry dropped',
    scene: { unended: true },
    mutate: (disk) =>
      onCreate(disk, (file) => {
        const { append } = file;
        const isLine = (bytes: Uint8Array) => bytes.length > 1 && bytes.at(-1) === 0x0a;
        const isHead = (bytes: Uint8Array) => Buffer.from(bytes).includes('CHECKPOINT');
        file.append = (bytes) => {
          if (isLine(bytes) || isHead(bytes)) append.call(file, bytes);
        };
      }),
  },
];

/** Does `act` in place of the exchange that swaps the log. */
function onSwap(disk: RecordingDisk, act: (temporary: string) => void): void {
  disk.exchange = (from) => act(from);
}

function onCreate(disk: RecordingDisk, act: (file: MemoryFile) => void): void {
  const { create } = disk;
  disk.create = (path) => {
    const file = create.call(disk, path) as MemoryFile;
    if (path.includes('.tmp-')) act(file);
    return file;
  };
}

export type { FakeLocks };
