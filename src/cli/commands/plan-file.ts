/** A saved plan as a file: read back, and believed only as far as it has the shape of one. */
import { LogctlError, type Disk, type SavedPlan } from '../../engine/index.js';

/** Reads what --save-plan wrote. Throws LogctlError. */
export function readPlan(disk: Disk, path: string): SavedPlan {
  const file = disk.open(path);
  try {
    const bytes = new Uint8Array(file.stat().size);
    // A file of a real disk answers at once.
    const length = file.read(bytes, 0) as number;
    const text = Buffer.from(bytes.subarray(0, length)).toString('utf8');
    const plan = JSON.parse(text) as Partial<SavedPlan> | null;
    const isPlan = plan?.schema === 'logctl/plan@1' && Array.isArray(plan.logs);
    if (isPlan) return plan as SavedPlan;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  } finally {
    file.close();
  }
  throw new LogctlError('refused', `${path} is no saved plan`, 'make one with --save-plan');
}
