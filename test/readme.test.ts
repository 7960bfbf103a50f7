// README tells the truth: its examples are run, its tables are compared, its links lead somewhere.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { EXIT, FINDINGS } from '../src/engine/index.js';
import { COMMANDS } from '../src/cli/commands/index.js';
import { cli } from './helpers/cli.js';
import { filesUnder } from './helpers/source-tree.js';

const readme = readFileSync('README.md', 'utf8');
const sourceMap = readFileSync('src/README.md', 'utf8');
/** The morning after the example's last entry: ages in the examples are counted from here. */
const lookedAt = Date.parse('2026-11-20T09:00:00.000Z');

/** `on`: nothing, or the copy that the command may change (see `copies`). */
interface Example {
  on: string | undefined;
  command: string;
  output: string;
}

/** Console blocks marked as examples: a command, its output, its exit code. */
function examplesIn(text: string): Example[] {
  const marked =
    /<!-- example( on (?:a|the same) copy(?: of (\w+))?)? -->\s*```console\n\$ ([^]*?)```/g;
  return [...text.matchAll(marked)].map(([, isCopied, copy, block]) => {
    const [, command, output] = /^((?:[^\n]*\\\n)*[^\n]*)\n([^]*)$/.exec(block)!;
    const on = isCopied === undefined ? undefined : (copy ?? 'same');
    return { on, command: command.replace(/\\\n\s*/g, ''), output };
  });
}

/** The shipped example, and what befalls it: the next append is glued, a sector is lost. */
const copies: Record<string, (log: Buffer) => Buffer> = {
  data: (log) => log,
  glued: (log) => Buffer.concat([log, Buffer.from(`${nextEntry}\n`)]),
  holed: (log) => {
    const sound = Buffer.from(log.subarray(0, log.lastIndexOf(0x0a) + 1));
    return sound.fill(0, 40_960, 45_056);
  },
};
const nextEntry =
  '{"timestamp":"2026-11-19T21:46:02.511Z","op":"SET",' +
  '"key":"771203345590081024","value":{"wins":8}}';
const folder = mkdtempSync(join(tmpdir(), 'logctl-readme-'));
afterAll(() => rmSync(folder, { recursive: true }));

function makeCopy(name: string): void {
  rmSync(join(folder, 'data'), { recursive: true, force: true });
  cpSync('fixtures/quickstart/data', join(folder, 'data'), { recursive: true });
  const path = join(folder, 'data/logs/players.log');
  writeFileSync(path, copies[name](readFileSync(path)));
}

/** What differs from machine to machine and from run to run: free space, durations. */
function settled(text: string): string {
  return text
    .replace(/\s[\d.]+\s[KMGT]iB free/, ' N free')
    .replace(/ \(\d+ other users?' processe?s? not looked into\)/, '')
    .replace(/[\d.]+ [KMGT]iB are free/, 'N are free')
    .replace(/[\d,]+ bytes of disk needed, [\d.,]+ \w+ are/, 'N bytes of disk needed, N are')
    .replace(/\b\d+\.\d s\b/g, 'N s');
}

/** Runs one command of README as somebody at 80 columns sees it; what it says to stderr is last. */
async function run(command: string, on?: string) {
  const [name, ...args] = command.split(' ');
  expect(name).toBe('logctl');
  if (on !== undefined && on !== 'same') makeCopy(on);
  const cwd = on === undefined ? undefined : folder;
  return cli(args, { columns: 80, now: () => lookedAt, cwd });
}

describe('README', () => {
  const examples = examplesIn(readme);

  it('shows every command that reads', () => {
    const shown = new Set(examples.map(({ command }) => command.split(' ')[1]));
    const reading = COMMANDS.filter(({ effect }) => effect === 'reads only');
    expect(reading.map(({ name }) => name).filter((name) => !shown.has(name))).toEqual([]);
  });

  it.each(examples)('shows what `$command` prints', async ({ on, command, output }) => {
    const { out, err, exitCode } = await run(command, on);
    expect(settled(`${out}${err}[exit ${exitCode}]\n`)).toBe(settled(output));
  });

  it('shows JSON that the command really gives', async () => {
    const [, args, json] = /<!-- json: (.*?) -->\s*```json\n([^]*?)```/.exec(readme)!;
    const { out } = await run(`logctl ${args}`);
    expect(JSON.parse(out)).toMatchObject(JSON.parse(json));
  });

  it('lists every exit code, and no other', () => {
    const listed = rowsBelow('## Exit codes')
      .map(([code]) => code.split(', '))
      .flat();
    const codes = Object.values(EXIT).map(String);
    expect(listed.sort()).toEqual(codes.sort());
  });

  it('lists every finding with its severity and its meaning', () => {
    const listed = rowsBelow('## Findings');
    const table = Object.entries(FINDINGS).map(([code, { severity, means }]) => {
      return [`\`${code}\``, severity, means];
    });
    expect(listed).toEqual(table);
  });

  it.each(['README.md', 'src/README.md', 'src/engine/dialects/progressive/progressive.md'])(
    'and its neighbours name only files that are there: %s',
    (file) => {
      const text = readFileSync(file, 'utf8');
      const folder = file.slice(0, file.lastIndexOf('/') + 1);
      const links = [...text.matchAll(/\]\(([^):#]+)\)/g)].map(([, link]) => folder + link);
      const named = [...text.matchAll(/`((?:test|bench|bin)\/[\w./-]+\.\w+)`/g)];
      const paths = [...links, ...named.map(([, path]) => path)];
      expect(paths.filter((path) => !existsSync(path))).toEqual([]);
    },
  );
});

describe('the map of the source', () => {
  const named = new Set(
    [...sourceMap.matchAll(/[\w.-]+\.(?:ts|md|json)\b/g)].map(([name]) => name),
  );

  it.each(['src/engine', 'src/cli'])('names every file of %s', (folder) => {
    const names = filesUnder(folder).map((path) => path.slice(path.lastIndexOf('/') + 1));
    expect(names.filter((name) => !named.has(name))).toEqual([]);
  });

  it('names no file of the source that is not there', () => {
    const there = new Set(filesUnder('src', 'test', 'bench').map((path) => path.split('/').at(-1)));
    const rows = [...sourceMap.matchAll(/^ +([\w.-]+\.ts) /gm)].map(([, name]) => name);
    expect(rows.filter((name) => !there.has(name))).toEqual([]);
  });
});

/** The cells of the first table below a heading of README, without its head. */
function rowsBelow(heading: string): string[][] {
  const section = readme.slice(readme.indexOf(`\n${heading}\n`));
  const lines = section.split('\n');
  const start = lines.findIndex((line) => line.startsWith('|'));
  const end = lines.findIndex((line, at) => at > start && !line.startsWith('|'));
  return lines.slice(start + 2, end).map((line) => {
    return line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  });
}
