/** A saved plan as a file: read back, if it is one that this user or root has made. */
import { LogctlError, parseSavedPlan, type Disk, type SavedPlan } from '../../engine/index.js';

/** More than any plan has; a log that was named by mistake may have much more. */
const bytesMax = 1 << 28;

/**
 * Reads what --save-plan wrote. Throws LogctlError, `refused` for a file of another user too: a
 * plan is carried out with the rights of whoever applies it.
 */
export function readPlan(disk: Disk, path: string): SavedPlan {
  const file = disk.open(path);
  try {
    const { size, uid } = file.stat();
    const { user } = disk;
    if (user !== undefined && uid !== user && uid !== 0) {
      const words = `${path} belongs to another user (${uid}): it is applied with your rights`;
      const hint = 'read it, and save it anew: recover --save-plan';
      throw new LogctlError('refused', words, hint, { path });
    }
    if (size > bytesMax) {
      const words = `${path} is no saved plan: it is too large for one`;
      throw new LogctlError('refused', words, 'make one with --save-plan', { path });
    }
    const bytes = new Uint8Array(size);
    // A file of a real disk answers at once.
    const length = file.read(bytes, 0);
    return parseSavedPlan(path, Buffer.from(bytes.subarray(0, length)).toString('utf8'));
  } finally {
    file.close();
  }
}
