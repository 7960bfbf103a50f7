/** Where a file itself is a mount point: `mount --bind a b`, `docker -v file:file`. */
import type { DiskReader, SourceFile } from '../disk.js';
import { LogctlError } from '../errors.js';

/** One line of mountinfo. Paths as the kernel has them, unescaped. */
export interface Mount {
  /** `major:minor` of the filesystem. */
  device: string;
  /** What of the filesystem is mounted: a path within it. */
  root: string;
  /** Where, as the processes of that mount namespace see it. */
  point: string;
}

/**
 * The mounts in the text of a /proc/PID/mountinfo, in its order: later ones cover earlier ones.
 * Source: proc_pid_mountinfo(5). White space in paths is written in octal, `\040`.
 */
export function mountsIn(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [, , device, root, point] = line.split(' ');
    return point === undefined ? [] : [{ device, root: unescaped(root), point: unescaped(point) }];
  });
}

const unescaped = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));

/**
 * Every mount of `others` that is the very file at `path`, which `own` shows us: who knows it by
 * that name goes on with its inode when the name `path` gets another one. A mounted directory does
 * no harm, for the new file is seen through it too. `path` is absolute and without links.
 */
export function mountsOfFile(path: string, own: readonly Mount[], others: readonly Mount[]) {
  const here = own.findLast(({ point }) => isBelow(path, point));
  if (here === undefined) return [];
  const inside = pathInside(path, here);
  return others.filter(({ device, root }) => device === here.device && root === inside);
}

const isBelow = (path: string, point: string): boolean =>
  path === point || path.startsWith(point.endsWith('/') ? point : `${point}/`);

/** The path of the file within its filesystem. */
function pathInside(path: string, { root, point }: Mount): string {
  const rest = path.slice(point === '/' ? 0 : point.length);
  return root === '/' ? rest || '/' : `${root}${rest}`;
}

/**
 * Where this open file is mounted by itself: in our mount namespace, and in those of all processes
 * that we may look into (for root: all). Undefined where the system does not tell.
 */
export function fileMounts(disk: DiskReader, file: SourceFile): string[] | undefined {
  const path = disk.readLink(`/proc/self/fd/${file.fd}`);
  const own = file.fd === undefined ? undefined : readText(disk, '/proc/self/mountinfo');
  if (path === undefined || own === undefined) return undefined;
  const mounts = mountsIn(own);
  const seen = new Set([disk.readLink('/proc/self/ns/mnt')]);
  const points = mountsOfFile(path, mounts, mounts).map(({ point }) => point);
  for (const pid of (disk.list('/proc') ?? []).filter((name) => /^\d+$/.test(name))) {
    const space = ifTold(() => disk.readLink(`/proc/${pid}/ns/mnt`));
    if (space === undefined || seen.has(space)) continue;
    const text = readText(disk, `/proc/${pid}/mountinfo`);
    if (text === undefined) continue;
    seen.add(space);
    const theirs = mountsOfFile(path, mounts, mountsIn(text));
    points.push(...theirs.map(({ point }) => `${point} of pid ${pid}`));
  }
  return points;
}

const chunkBytes = 1 << 16;

/** All of a file of /proc, which never says how long it is; undefined where it cannot be read. */
function readText(disk: DiskReader, path: string): string | undefined {
  return ifTold(() => {
    const file = disk.open(path);
    try {
      const chunks: Buffer[] = [];
      for (let at = 0; ;) {
        const chunk = Buffer.alloc(chunkBytes);
        const length = file.read(chunk, at);
        if (length === 0) return Buffer.concat(chunks).toString('utf8');
        chunks.push(chunk.subarray(0, length));
        at += length;
      }
    } finally {
      file.close();
    }
  });
}

/** Processes end while they are looked at, and other users' refuse. */
function ifTold<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof LogctlError)) throw error;
    return undefined;
  }
}
