/** The seed of a random test: from LOGCTL_SEED to repeat a run, else new. */

/** A seed; LOGCTL_SEED gives it. */
export function newSeed(): number {
  return Number(process.env.LOGCTL_SEED ?? Math.floor(Math.random() * 2 ** 31));
}

/** A seed, printed with what it is for, so that a failure can be had again. */
export function announcedSeed(what: string): number {
  const seed = newSeed();
  console.log(`${what}: LOGCTL_SEED=${seed}`);
  return seed;
}
