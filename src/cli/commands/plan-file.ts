/** A saved plan as a file: read back. */
import { parseSavedPlan, type Disk, type SavedPlan } from '../../engine/index.js';

/** Reads what --save-plan wrote. Throws LogctlError. */
export function readPlan(disk: Disk, path: string): SavedPlan {
  const file = disk.open(path);
  try {
    const bytes = new Uint8Array(file.stat().size);
    // A file of a real disk answers at once.
    const length = file.read(bytes, 0);
    return parseSavedPlan(path, Buffer.from(bytes.subarray(0, length)).toString('utf8'));
  } finally {
    file.close();
  }
}
