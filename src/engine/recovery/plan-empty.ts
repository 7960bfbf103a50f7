/** plan-empty: a plan before anything was decided. */
import type { RecoverOptions } from '../context.js';
import type { Log } from '../log.js';
import { givenOptions } from '../recognise.js';
import type { LogPlan } from './plan.js';

/** Nothing to do, nothing known but the log and what was asked for. */
export function emptyPlan({ path, dialect, missing }: Log, options: RecoverOptions): LogPlan {
  const { policy = 'tail', maxLost: budget = 0 } = options;
  return {
    ...{ path, dialect: dialect.name, ...givenOptions(options) },
    ...{ policy, budget, missing, stamp: 0, action: 'none' },
    ...{ passedOver: [], notes: [], unfinished: false, basis: [] },
    ...{ regions: [], parts: [], quarantine: [], findings: [] },
    ...{ linesBefore: 0, linesKept: 0, bytesKept: 0, bytesQuarantined: 0, bytesInserted: 0 },
    ...{ bytesBefore: 0, bytesAfter: 0, entriesLost: 0 },
    state: { keysBefore: 0, keysAfter: 0, hashBefore: '', hashAfter: '' },
    ...{ neededBytes: 0, freeBytes: 0 },
  };
}
