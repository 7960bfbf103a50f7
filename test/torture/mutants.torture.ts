/**
 * Mistakes made in a copy of the tree, one at a time: the tests named for each must fail.
 *
 * Prints who survived, and mutants whose text is no longer in the code: these are to be updated.
 * `--only TEXT` takes those whose name or file holds the text.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { engineMutants } from './mutants/index.js';

const only = process.env.LOGCTL_ONLY ?? '';
const wanted = engineMutants.filter(({ name, file }) => `${file}: ${name}`.includes(only));
const slow = /crash|process|random|rounds|example|storage|kernel/;
const hangsAfterMs = 300_000;
const left = new Set(['node_modules', 'dist', '.git', 'coverage', 'data']);
const copy = mkdtempSync(join(tmpdir(), 'logctl-mutants-'));
const survivors: string[] = [];
const gone: string[] = [];
/** Test files that fail without a mistake. */
const useless = new Set<string>();

/** What is read of vitest's report. */
interface Report {
  testResults: { name: string; status: string }[];
}

cpSync('.', copy, { recursive: true, filter: (path) => !left.has(basename(path)) });
// Tests that start the command line need it built; it is then the code without the mistake.
for (const name of ['node_modules', 'dist']) {
  if (existsSync(name)) symlinkSync(join(process.cwd(), name), join(copy, name));
}
afterAll(() => {
  rmSync(copy, { recursive: true });
  const ran = wanted.length - gone.length;
  console.log(`${ran} mutants, ${survivors.length} survived: ${survivors.join('; ') || 'none'}`);
  if (gone.length > 0) console.log(`to be updated, their text is gone: ${gone.join('; ')}`);
});

it('the tests pass without a mistake', () => {
  const files = [...new Set(wanted.flatMap(({ tests }) => tests))];
  const report = join(copy, 'report.json');
  run(files, ['--reporter=json', `--outputFile=${report}`]);
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  const failed = testResults.filter((one) => one.status !== 'passed');
  // Such a test would find every mistake.
  for (const { name } of failed) useless.add(basename(name, '.test.ts'));
  expect([...useless]).toEqual([]);
});

describe('a mistake in the engine is found', () => {
  it.each(wanted)('$file: $name', (mutant) => {
    const title = `${mutant.file}: ${mutant.name}`;
    const path = join(copy, 'src/engine', mutant.file);
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const times = text.split(mutant.find).length - 1;
    if (times !== 1) gone.push(title);
    expect([title, times]).toEqual([title, 1]);
    if (mutant.equivalent !== undefined) return;
    writeFileSync(
      path,
      text.replace(mutant.find, () => mutant.replace),
    );
    try {
      const tests = mutant.tests.filter((name) => !useless.has(name));
      // Those that take long only where the others see nothing.
      const quick = tests.filter((name) => !slow.test(name));
      const status = sees(quick) || sees(tests.filter((name) => slow.test(name))) ? 1 : 0;
      if (status === 0) survivors.push(title);
      console.log(`${status === 0 ? 'SURVIVED' : 'killed'} ${title}`);
      expect([title, status]).not.toEqual([title, 0]);
    } finally {
      writeFileSync(path, text);
    }
  });
});

/** True where one of the tests fails; false without any. */
function sees(tests: readonly string[]): boolean {
  return tests.length > 0 && run(tests, ['--bail=1', '--reporter=dot']).status !== 0;
}

/** Runs test files in the copy; a run that hangs has failed. */
function run(tests: readonly string[], more: readonly string[]): { status: number | null } {
  const files = tests.map((name) => `test/${name}.test.ts`);
  const given = ['run', '--maxWorkers=2', '--testTimeout=60000', ...more, ...files];
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(VITEST|LOGCTL_|NODE_ENV|TEST)/.test(name)),
  );
  const timeout = more.includes('--bail=1') ? hangsAfterMs : undefined;
  const how = { cwd: copy, env, timeout, killSignal: 'SIGKILL', stdio: 'ignore' } as const;
  return spawnSync('node_modules/.bin/vitest', given, how);
}
