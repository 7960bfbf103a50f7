/** Who has a file open: a walk over /proc, by inode. */
import type { DiskReader } from '../disk.js';
import { readSmallText } from '../disk.js';
import { LogctlError } from '../errors.js';
import type { Holder } from '../model.js';

/** Who was found, and how many processes could not be looked into (other users', not root). */
export interface HolderSearch {
  holders: Holder[];
  hidden: number;
}

const commandCharsMax = 80;
// Octal in fdinfo. Source: linux, include/uapi/asm-generic/fcntl.h.
const accessMode = 0o3;
const appendFlag = 0o2000;

/**
 * Looks for every process that has the file `id` (a FileStat's) open, by rising pid, one row each.
 *
 * Our own process is left out while it only reads. Where /proc is not there, nothing is found.
 * An empty list proves nothing: other pid namespaces are invisible, and a file that is only mapped
 * has no descriptor. The lease is the proof; this gives the names for its message.
 * Throws LogctlError when /proc itself cannot be read. Source: proc_pid_fd(5), proc_pid_fdinfo(5).
 */
export function findHolders(disk: DiskReader, id: string): HolderSearch {
  const own = Number(disk.readLink('/proc/self') ?? 0);
  const pids = (disk.list('/proc') ?? []).filter((name) => /^\d+$/.test(name)).map(Number);
  const search: HolderSearch = { holders: [], hidden: 0 };
  for (const pid of pids.sort((a, b) => a - b)) {
    const flags = openFlags(disk, pid, id);
    if (flags === 'hidden') search.hidden += 1;
    else if (flags.length > 0) {
      const writing = flags.filter((flag) => (flag & accessMode) !== 0);
      const writes = writing.length > 0;
      if (pid === own && !writes) continue;
      const append = writes && writing.every((flag) => (flag & appendFlag) !== 0);
      search.holders.push({ pid, command: commandOf(disk, pid), writes, append });
    }
  }
  return search;
}

/** The open flags of each descriptor of `pid` on the file. */
function openFlags(disk: DiskReader, pid: number, id: string): number[] | 'hidden' {
  const names = ifThere(() => disk.list(`/proc/${pid}/fd`));
  if (names === 'hidden') return 'hidden';
  const flags: number[] = [];
  for (const name of names ?? []) {
    const stat = ifThere(() => disk.stat(`/proc/${pid}/fd/${name}`));
    // The process refuses: it would refuse each of its descriptors, and each refusal takes time.
    if (stat === 'hidden') break;
    if (stat?.id !== id) continue;
    const info = ifThere(() => readSmallText(disk, `/proc/${pid}/fdinfo/${name}`));
    const octal = /^flags:\s*([0-7]+)/m.exec(info ?? '')?.[1];
    if (octal !== undefined) flags.push(Number.parseInt(octal, 8));
  }
  return flags;
}

function commandOf(disk: DiskReader, pid: number): string {
  const read = (name: string) => {
    const text = ifThere(() => readSmallText(disk, `/proc/${pid}/${name}`, 4096));
    return text === 'hidden' ? '' : (text ?? '').replace(/[\0\n]+/g, ' ').trim();
  };
  // A process that emptied its argument list still has its name in comm.
  const words = read('cmdline') || read('comm') || '?';
  const chars = [...words];
  if (chars.length <= commandCharsMax) return words;
  return `${chars.slice(0, commandCharsMax - 3).join('')}...`;
}

/** Processes end while they are looked at, and other users' refuse: both are answers. */
function ifThere<T>(look: () => T): T | 'hidden' | undefined {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof LogctlError)) throw error;
    // ESRCH, from a process that just ended, arrives as `io`.
    return error.code === 'no-permission' ? 'hidden' : undefined;
  }
}
