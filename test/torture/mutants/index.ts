/** All mutants of the engine. Where code moves, their `find` moves with it. */
import { backupMutants } from './backups.js';
import { compactionMutants } from './compaction.js';
import type { Mutant } from './mutant.js';
import { recoveryMutants } from './recovery.js';
import { writingMutants } from './writing.js';

export type { Mutant } from './mutant.js';

/** In the order in which they are run. */
export const engineMutants: readonly Mutant[] = [
  ...compactionMutants,
  ...backupMutants,
  ...recoveryMutants,
  ...writingMutants,
];
