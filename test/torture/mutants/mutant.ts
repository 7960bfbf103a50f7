/** A mistake in the engine, made by hand: some test must see it. */

/** `find` stands once in `file`; `replace` takes its place. */
export interface Mutant {
  name: string;
  /** From `src/engine/`. */
  file: string;
  find: string;
  replace: string;
  /** Test files that must see it, without `.test.ts`. */
  tests: readonly string[];
  /** Why no test can see it; then it is not run, only looked for. The code says the same. */
  equivalent?: string;
}

/** Mutants of one file, each with its name, what is found and what takes its place. */
export function mutants(
  file: string,
  tests: readonly string[],
  ...rows: [name: string, find: string, replace: string, more?: readonly string[]][]
): Mutant[] {
  return rows.map(([name, find, replace, more = []]) => {
    return { name, file, find, replace, tests: [...tests, ...more] };
  });
}
