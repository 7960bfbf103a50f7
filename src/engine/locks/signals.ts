/** Signals that would end or stop us while writers wait for our lease. */

let survivesSigio = false;

/**
 * Makes SIGIO harmless for the rest of the process.
 *
 * The kernel sends SIGIO to whoever took a lease when somebody opens the file, and its default
 * action is to end the process. F_SETOWN 0 switches that off, but only a moment after the lease
 * was granted: without a handler an opener in that moment would kill us in the middle of a swap.
 * The handler stays: taking it away again would open the same gap at the next lease.
 */
export function surviveSigio(): void {
  if (survivesSigio) return;
  survivesSigio = true;
  process.on('SIGIO', ignore);
}

/**
 * Ignores Ctrl-Z until the function it gives is called (calls nest; each undoes its own).
 *
 * Stopped under a lease we would block every opener until the kernel breaks it, up to 45 s.
 * SIGSTOP cannot be ignored: for that the swap looks at the clock.
 */
export function ignoreStops(): () => void {
  const listener = () => {};
  process.on('SIGTSTP', listener);
  return () => {
    process.off('SIGTSTP', listener);
  };
}

function ignore(): void {}
