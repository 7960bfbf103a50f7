/**
 * `npm run torture -- NAME [--rounds N] [--seed S] [--seconds S] …`: runs torture programs.
 *
 * `--word value` becomes LOGCTL_WORD=value, which the programs read; all else is for vitest.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const words = new Set([
  ...['rounds', 'seed', 'seconds', 'swaps', 'cuts', 'states', 'lines', 'groups'],
  ...['only', 'workers'],
]);
const env = { ...process.env };
const rest = [];
const given = process.argv.slice(2);
for (let i = 0; i < given.length; i += 1) {
  const [, word, own] = /^--(\w+)(?:=(.*))?$/.exec(given[i]) ?? [];
  if (words.has(word)) env[`LOGCTL_${word.toUpperCase()}`] = own ?? given[(i += 1)];
  else rest.push(given[i]);
}
const config = fileURLToPath(new URL('vitest.config.ts', import.meta.url));
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const { status } = spawnSync(process.execPath, [vitest, 'run', '--config', config, ...rest], {
  stdio: 'inherit',
  env,
});
process.exit(status ?? 1);
