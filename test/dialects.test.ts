// Every stored case of every format is recognised as that format, and as no other.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DIALECTS } from '../src/engine/dialects/index.js';
import type { Dialect } from '../src/engine/dialects/dialect.js';
import { probeDirectory, probeFile } from '../src/engine/log.js';
import { resolveTargets } from '../src/engine/targets.js';
import { contextOf } from './helpers/context.js';

const context = contextOf();

/** Folders below `fixtures/NAME` that hold a store; with its name in front for the test's title. */
function storesOf({ name }: Dialect): { name: string; store: string }[] {
  const root = `fixtures/${name}`;
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .map((one) => ({ name: `${name}/${one}`, store: `${root}/${one}/store` }))
    .filter(({ store }) => existsSync(store));
}

/** Empty files without anything beside them are any format's, and nobody's. */
const isTelling = (path: string) => statSync(path).isDirectory() || statSync(path).size > 0;

describe.each(DIALECTS.map((dialect) => ({ dialect, title: dialect.name })))(
  'stores of $title',
  ({ dialect }) => {
    const stores = storesOf(dialect);

    it.each(stores)('$name is its own', async ({ store }) => {
      // A case whose files tell nothing (a program was killed before it wrote any) has no logs.
      const { logs } = await resolveTargets(context, [store], {}, []).catch(() => ({ logs: [] }));
      const telling = logs.filter(({ path, missing }) => missing || isTelling(path));
      const others = telling.filter((log) => log.dialect.name !== dialect.name);
      expect(others.map((log) => `${log.path}: ${log.dialect.name}`)).toEqual([]);
    });

    it.each(stores)('$name is no other: at most one format fits each file', async ({ store }) => {
      const special = DIALECTS.filter(({ isFallback }) => isFallback !== true);
      const own = dialect.isFallback === true ? [] : [dialect.name];
      const { logs } = await resolveTargets(context, [store], {}, []).catch(() => ({ logs: [] }));
      for (const { path } of logs) {
        const probe = probeDirectory(context, path) ?? (await probeFile(context, path));
        const fitting = special.filter((one) => one.recognises(probe)).map(({ name }) => name);
        expect(fitting.filter((name) => !own.includes(name))).toEqual([]);
      }
    });

    it('are nearly all found: few cases tell nothing', async () => {
      const found = await Promise.all(
        stores.map(async ({ store }) => {
          const all = resolveTargets(context, [store], {}, []).catch(() => ({ logs: [] }));
          return (await all).logs.length > 0;
        }),
      );
      const silent = found.filter((is) => !is).length;
      expect(silent).toBeLessThanOrEqual(Math.ceil(stores.length / 20));
    });
  },
);

describe('a dialect', () => {
  it.each(DIALECTS)('$name has a document beside it', ({ name }) => {
    expect(readFileSync(`src/engine/dialects/${name}/${name}.md`, 'utf8')).toContain(`# ${name}`);
  });

  it('has a name of its own, and says what its lines look like', () => {
    expect(new Set(DIALECTS.map(({ name }) => name)).size).toBe(DIALECTS.length);
    expect(DIALECTS.every(({ looksLike }) => looksLike !== '')).toBe(true);
  });

  it('that takes what no other does is one alone', () => {
    expect(DIALECTS.filter(({ isFallback }) => isFallback)).toHaveLength(1);
  });
});
