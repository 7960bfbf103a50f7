/** Names of filesystems by statfs type, and which of them carry no trustworthy locks. */

interface Filesystem {
  name: string;
  /** Other machines write there too: neither flock nor a lease sees them. */
  shared?: boolean;
  /** Data is gone when the machine stops, whatever fsync says. */
  volatile?: boolean;
  /** Another filesystem lies below and decides. */
  layered?: boolean;
}

/** Source: linux, include/uapi/linux/magic.h; statfs(2); the drivers' own headers. */
const FILESYSTEMS: Record<number, Filesystem> = {
  0xef53: { name: 'ext4' },
  0x58465342: { name: 'xfs' },
  0x9123683e: { name: 'btrfs' },
  0xf2f52010: { name: 'f2fs' },
  0x2fc12fc1: { name: 'zfs' },
  0xca451a4e: { name: 'bcachefs' },
  0x4d44: { name: 'vfat' },
  0x2011bab0: { name: 'exfat' },
  0x01021994: { name: 'tmpfs', volatile: true },
  0x858458f6: { name: 'ramfs', volatile: true },
  0x794c7630: { name: 'overlay', layered: true },
  0x65735546: { name: 'fuse', layered: true },
  0x6969: { name: 'nfs', shared: true },
  0x517b: { name: 'smb', shared: true },
  0xff534d42: { name: 'cifs', shared: true },
  0xfe534d42: { name: 'smb2', shared: true },
  0x01021997: { name: '9p', shared: true },
  0x00c36400: { name: 'ceph', shared: true },
  0x0bd00bd0: { name: 'lustre', shared: true },
  0x47504653: { name: 'gpfs', shared: true },
  0x7461636f: { name: 'ocfs2', shared: true },
  0x01161970: { name: 'gfs2', shared: true },
  0x5346414f: { name: 'afs', shared: true },
  0x786f4256: { name: 'vboxsf', shared: true },
};

/**
 * What a filesystem is, from `DiskReader.fsType`. Unknown numbers, and all numbers of systems other
 * than Linux, give `{ name: 'unknown' }`: nothing may be concluded from them.
 */
export function filesystemOf(type: number): Readonly<Filesystem> {
  return FILESYSTEMS[type >>> 0] ?? { name: 'unknown' };
}
