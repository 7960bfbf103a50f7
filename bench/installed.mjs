// Which of the programs and packages to compare with are there.
import { spawnSync } from 'node:child_process';

/** True when the program can be started by its name. */
export function hasProgram(name) {
  return spawnSync(name, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** True when the package can be imported from here. */
export function hasPackage(name) {
  try {
    import.meta.resolve(name);
    return true;
  } catch (error) {
    if (error.code === 'ERR_MODULE_NOT_FOUND') return false;
    throw error;
  }
}
