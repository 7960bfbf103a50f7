/** The modules of the commands: loaded when their command runs, so that the others cost nothing. */
import type { CommandModule } from './command.js';
import type { CommandName } from './index.js';

export const loadModule: Readonly<Record<CommandName, () => Promise<CommandModule>>> = {
  inspect: () => import('./inspect.js'),
  verify: () => import('./verify.js'),
  replay: () => import('./replay.js'),
  compact: () => import('./compact.js'),
  recover: () => import('./recover.js'),
  'bench-fsync': () => import('./bench-fsync.js'),
};
