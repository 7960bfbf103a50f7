/** plan-empty: a plan before anything was decided. */
import type { LogPlan, Policy } from './plan.js';

/** Nothing to do, nothing known. */
export function emptyPlan(path: string, dialect: string, policy: Policy): LogPlan {
  return {
    ...{ path, dialect, policy, stamp: 0, action: 'none' },
    ...{ passedOver: [], notes: [], missing: false, unfinished: false, basis: [] },
    ...{ regions: [], parts: [], quarantine: [], findings: [] },
    ...{ linesBefore: 0, linesKept: 0, bytesKept: 0, bytesQuarantined: 0, bytesInserted: 0 },
    ...{ bytesBefore: 0, bytesAfter: 0, entriesLost: 0, budget: 0 },
    state: { keysBefore: 0, keysAfter: 0, hashBefore: '', hashAfter: '' },
    ...{ neededBytes: 0, freeBytes: 0 },
  };
}
