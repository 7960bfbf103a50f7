/** bench-fsync-device: what filesystem and device lie below a directory, and what they can do. */
import { basename, resolve } from 'node:path';
import type { BenchDevice } from './bench-fsync-model.js';
import { readSmallText, type DiskReader } from '../disk.js';
import { filesystemOf } from '../kernel-locks.js';

interface Mount {
  /** Major and minor number of its device: `8:2`. */
  device: string;
  point: string;
  source: string;
}

const mountsBytesMax = 1 << 22;

/** What the system tells of a directory's filesystem. Reads only. Throws LogctlError. */
export function deviceOf(disk: DiskReader, directory: string): BenchDevice {
  const { name: filesystem } = filesystemOf(disk.fsType(directory));
  const mount = mountOf(disk, directory);
  if (mount === undefined) return { filesystem, ...nothingKnown, source: null };
  const queue = queueOf(disk, mount);
  return { filesystem, ...(queue ?? nothingKnown), source: mount.source };
}

/**
 * The flushes a second that a device without a cache that lies can do at most; Infinity where
 * anything may be true. A disk turns 250 times a second at most (15,000 a minute), and a flush
 * waits for a turn; flash on an SD or eMMC bus takes about a millisecond to program a page. An SSD
 * with capacitors answers from its memory and keeps the promise: there is no limit to hold it to.
 */
export function flushesPerSecondMax({ source, rotational, virtual }: BenchDevice): number {
  if (virtual) return Infinity;
  if (rotational === true) return 300;
  return source?.startsWith('/dev/mmcblk') ? 3_000 : Infinity;
}

const nothingKnown = { rotational: null, writeCache: null, virtual: false } as const;

/** By device number; btrfs shows another one in each subvolume: then by the longest path. */
function mountOf(disk: DiskReader, directory: string): Mount | undefined {
  const text = readSmallText(disk, '/proc/self/mountinfo', mountsBytesMax);
  if (text === undefined) return undefined;
  const mounts = text.split('\n').flatMap((line) => mountIn(line) ?? []);
  const device = deviceNumber(disk.stat(directory)?.id ?? '');
  const path = resolve(directory);
  const above = mounts
    .filter(({ point }) => point === '/' || path === point || path.startsWith(`${point}/`))
    // Of two mounts on one point the later one is seen.
    .reverse()
    .sort((a, b) => b.point.length - a.point.length);
  return (
    above.find((mount) => mount.device === device) ??
    mounts.find((mount) => mount.device === device) ??
    above[0]
  );
}

/** Source: proc(5), mountinfo: `36 35 98:0 /root /point options - ext4 /dev/sda1 options`. */
function mountIn(line: string): Mount | undefined {
  const [before, after] = line.split(' - ');
  if (after === undefined) return undefined;
  const [, , device, , point] = before.split(' ');
  const [, source] = after.split(' ');
  return { device, point: unescaped(point), source: unescaped(source) };
}

/** Blanks and the like stand in it as `\040`. */
function unescaped(text: string): string {
  return text.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

/** `8:2` of a `FileStat.id`, whose first half is st_dev. Source: makedev(3), gnu_dev_major. */
function deviceNumber(id: string): string {
  const device = Number(id.split(':')[0]);
  const low = device % 2 ** 32;
  const high = Math.floor(device / 2 ** 32);
  const major = ((low >>> 8) & 0xfff) + (high & 0xfffff000);
  const minor = (low & 0xff) + ((low >>> 12) & 0xfff00);
  return `${major}:${minor}`;
}

/** Of a partition the queue is the whole disk's: `..` behind the link, so it must not be joined. */
function queueOf(disk: DiskReader, { device, source }: Mount) {
  const names = [`/sys/dev/block/${device}`, `/sys/class/block/${basename(source)}`];
  for (const folder of names.flatMap((name) => [`${name}/queue`, `${name}/../queue`])) {
    const rotational = readSmallText(disk, `${folder}/rotational`)?.trim();
    if (rotational === undefined) continue;
    const writeCache = readSmallText(disk, `${folder}/write_cache`)?.trim() ?? null;
    // virtio, Xen, network block devices, files mounted as disks.
    const virtual = /^\/dev\/(vd|xvd|nbd|rbd|loop)/.test(source);
    return { rotational: rotational === '1', writeCache, virtual };
  }
  return undefined;
}
