/** pulled: rows that somebody pushes, for somebody who asks for them one by one. */

/** Pushes one row; the promise resolves when the next one is wanted. */
type Emit<Row> = (row: Row) => Promise<void>;

/** Thrown into the pushing side when nobody wants more rows. */
class Enough extends Error {}

/**
 * Yields what `push` emits, one row in memory at a time: `emit` waits until its row was taken and
 * the next one is asked for. When the reader stops early, `emit` throws and `push` ends.
 */
export async function* pulled<Row>(
  push: (emit: Emit<Row>) => Promise<unknown>,
): AsyncGenerator<Row> {
  let give: (result: { row: Row } | { error?: unknown; done: true }) => void;
  let goOn: (stop: boolean) => void = () => undefined;
  const next = () => new Promise<Parameters<typeof give>[0]>((resolve) => (give = resolve));
  let arriving = next();
  const pushing = push(async (row) => {
    const wanted = new Promise<boolean>((resolve) => (goOn = resolve));
    give({ row });
    if (await wanted) throw new Enough();
  }).then(
    () => give({ done: true }),
    (error: unknown) => give({ error, done: true }),
  );
  try {
    for (;;) {
      const result = await arriving;
      if ('done' in result) {
        if (result.error !== undefined) throw result.error;
        return;
      }
      arriving = next();
      yield result.row;
      goOn(false);
    }
  } finally {
    goOn(true);
    await pushing;
  }
}
