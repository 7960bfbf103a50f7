/** What a writer does in each round, from a seed: the same for who writes and who checks. */

/** One round: in this order. `value` undefined: the key is deleted. */
export interface Round {
  clears: boolean;
  changes: { key: string; value: unknown }[];
  compresses: boolean;
}

/** The round with this number; each has its own stream of random numbers. */
export function roundOf(seed: number, round: number): Round {
  let state = (seed ^ Math.imul(round + 1, 0x9e3779b1)) >>> 0;
  const random = (below: number) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
  const clears = random(40) === 0;
  const changes = Array.from({ length: 1 + random(4) }, (_, at) => {
    const key = `state.${random(12)}`;
    const isGone = at > 0 && random(5) === 0;
    return { key, value: isGone ? undefined : { round, at, text: 'wört '.repeat(random(12)) } };
  });
  return { clears, changes, compresses: random(6) === 0 };
}

/** The state after a round. */
export function afterRound(state: ReadonlyMap<string, unknown>, round: Round) {
  const next = new Map(round.clears ? [] : state);
  for (const { key, value } of round.changes) {
    if (value === undefined) next.delete(key);
    else next.set(key, value);
  }
  return next;
}

/** Keys whose value is neither the synced one nor one of the round that was interrupted. */
export function wrongKeys(
  seen: ReadonlyMap<string, unknown>,
  synced: ReadonlyMap<string, unknown>,
  interrupted: Round | undefined,
): string[] {
  const keys = new Set([...seen.keys(), ...synced.keys()]);
  return [...keys].filter((key) => {
    const changes = interrupted?.changes.filter((change) => change.key === key) ?? [];
    const allowed = [synced.get(key), ...changes.map(({ value }) => value)];
    if (interrupted?.clears === true) allowed.push(undefined);
    const own = JSON.stringify(seen.get(key));
    return !allowed.some((value) => JSON.stringify(value) === own);
  });
}
