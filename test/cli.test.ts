// The command line as programs and shells meet it: options, streams, exit codes, colour.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { wantsColor, type ColorFlag } from '../src/cli/color.js';
import { COMMANDS } from '../src/cli/commands/index.js';
import { version } from '../src/cli/version.js';
import { nodeDisk, type Disk } from '../src/engine/index.js';
import { set } from './helpers/bot-log.js';
import { cli } from './helpers/cli.js';
import { schemaErrors } from './helpers/schema.js';

const data = 'fixtures/quickstart/data';
const players = `${data}/logs/players.log`;

/** A disk that cannot be looked at: proof that nothing was opened. */
const untouchable = new Proxy(nodeDisk, {
  get(_, name): undefined {
    // Whoever awaits a value asks it for `then`.
    if (name === 'then') return undefined;
    throw new Error(`the disk was asked to ${String(name)}`);
  },
}) as Disk;

describe('help', () => {
  it('of logctl alone lists every command and where to start', async () => {
    const { out, err, exitCode } = await cli([]);
    expect({ err, exitCode }).toEqual({ err: '', exitCode: 0 });
    expect(out).toMatch(/^logctl \S+: check, repair and compact append-only JSONL logs\n/);
    for (const { name, summary, effect } of COMMANDS) {
      expect(out).toMatch(
        new RegExp(`^  ${name} +${summary.replaceAll('?', '\\?')} +${effect}$`, 'm'),
      );
    }
    expect(out).toMatch(/\nStart here: logctl inspect data\n$/);
  });

  it.each([
    ...[['--help'], ['help'], ['help', 'verify'], ['replay', '-h']],
    ...COMMANDS.map(({ name }) => [name, '--help']),
  ])('ends with 0 and fits 80 columns: %s %s', async (...args) => {
    const { out, exitCode } = await cli(args.filter(Boolean), { disk: untouchable });
    expect(exitCode).toBe(0);
    expect(out).toContain('Usage: logctl');
    for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  it.each(COMMANDS.map(({ name }) => name))(
    'offers standard input where %s takes it',
    async (name) => {
      const { out } = await cli([name, '--help'], { disk: untouchable });
      const { exitCode } = await cli([name, '-'], { stdin: set('a', 1) });
      expect(/- is\s+standard input/.test(out)).toBe(exitCode !== 2);
    },
  );

  it('tells the version of package.json and what it runs on', async () => {
    const { out, exitCode } = await cli(['--version']);
    expect(version).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version);
    expect(out).toMatch(/, kernel locks: (koffi|perl|flock|none)\n$/);
    expect(out).toContain(`logctl ${version}, node ${process.versions.node}, `);
    expect(exitCode).toBe(0);
    expect(await cli(['verify', '--version'])).toMatchObject({ out, exitCode: 0 });
  });
});

describe('wrong arguments', () => {
  const wrong: [args: string[], message: RegExp][] = [
    [['verfy', players], /unknown command 'verfy'\n.*Did you mean verify\?/],
    [['verify', '--max-finding', '3'], /unknown option '--max-finding'\n.*--max-findings/],
    [['verify', '--max-findings', 'many', players], /write a whole number/],
    [['verify', '--fail-on', 'notice', players], /Allowed choices are attention, damage/],
    [['replay', '--at', 'yesterday', players], /2h or 3d/],
    [['replay', '--at', '2h', '--line', '3', players], /cannot be used with/],
    [['replay', '--line', '0', players], /the least is 1/],
    [['replay', '--expect-hash', 'beef', players], /64 hex digits/],
    [['replay', '--force', players], /-o/],
    [['replay', '--diff', 'a', '-o', 'b', players], /cannot be used with/],
    [['inspect', '--entries', '--history', 'k', players], /cannot be used with/],
    [['inspect', '--key', 'k*', players], /add --entries/],
    [['inspect', '--format', 'jsonl', players], /add --entries/],
    [['inspect', '--color=sometimes'], /Allowed choices are always, never, auto/],
    [['--nothing', 'verify'], /unknown option '--nothing'/],
    [['-q'], /no command was named/],
    [['help', 'verfy'], /unknown command 'verfy'\n.*Did you mean verify\?/],
  ];

  it.each(wrong)('%j: exit 2, nothing opened, the help named', async (args, message) => {
    const { out, err, exitCode } = await cli(args, { disk: untouchable });
    expect({ out, exitCode }).toEqual({ out: '', exitCode: 2 });
    expect(err).toMatch(/^logctl: /);
    expect(err.replaceAll(/\n {8}/g, ' ')).toMatch(message);
    expect(err).toMatch(/\nNext: logctl (\w+ )?--help\n$/);
  });

  it.each(wrong)('%j: with --json still one document', async (args) => {
    const { out, err, exitCode } = await cli([...args, '--json'], { disk: untouchable });
    expect({ err, exitCode }).toEqual({ err: '', exitCode: 2 });
    const report = JSON.parse(out);
    expect(schemaErrors(report)).toEqual([]);
    expect(report).toMatchObject({ report: 'error', exitCode: 2, error: { code: 'usage' } });
    expect(report.next[0].argv).toContain('--help');
  });

  it('names what is not a terminal character as code points', async () => {
    const { err } = await cli(['\u001b[2J']);
    expect(err).toContain("unknown command '\\u{1b}[2J'");
  });
});

describe('global options', () => {
  it.each([
    [['--json', 'verify', players]],
    [['verify', '--json', players]],
    [['verify', players, '--json']],
  ])('work anywhere: %j', async (args) => {
    const { out, exitCode } = await cli(args);
    expect(JSON.parse(out)).toMatchObject({ schema: 'logctl/verify@1', exitCode: 3 });
    expect(exitCode).toBe(3);
  });

  it('never take the word behind --color for its value', async () => {
    const { out, exitCode } = await cli(['--color', 'verify', players]);
    expect(exitCode).toBe(3);
    expect(out).toContain('\u001b[33m');
    expect((await cli(['--color', 'never', 'verify', players])).out).not.toContain('\u001b');
  });

  it('keep what stands behind -- an argument', async () => {
    const { err, exitCode } = await cli(['verify', '--', '--json']);
    expect(exitCode).toBe(10);
    expect(err).toContain('--json');
  });

  it('-v says what was decided, -vv how long it took, on stderr', async () => {
    const silent = await cli(['verify', players]);
    const talking = await cli(['verify', '-v', players]);
    expect(silent.err).toBe('');
    expect(talking.err).toBe(`${players}: dialect progressive, from its content\n`);
    const named = await cli(['verify', '-v', '--dialect', 'progressive', players]);
    expect(named.err).toBe(`${players}: dialect progressive, named by --dialect\n`);
    expect((await cli(['verify', '-vv', players])).err).toMatch(/verify took \d+ ms\n$/);
  });

  it('-q is silent on 0 and says everything, with the exit code, on anything else', async () => {
    const sound = await cli(['verify', '-q', `${data}/logs/game_state.log`]);
    expect(sound).toMatchObject({ out: '', err: '', exitCode: 0 });
    const torn = await cli(['-q', 'verify', players]);
    expect(torn.exitCode).toBe(3);
    expect(torn.out).toContain('torn-tail');
    expect(torn.out).toMatch(/\nexit 3\n$/);
  });
});

describe('colour', () => {
  const terminal = { isTTY: true };
  const pipe = { isTTY: false };
  const cases: [string, boolean, { isTTY: boolean }, Record<string, string>, ColorFlag?][] = [
    ['a terminal gets it', true, terminal, {}],
    ['a pipe does not', false, pipe, {}],
    ['TERM=dumb stops it', false, terminal, { TERM: 'dumb' }],
    ['FORCE_COLOR beats a dumb pipe', true, pipe, { TERM: 'dumb', FORCE_COLOR: '1' }],
    ['FORCE_COLOR=0 is no', false, terminal, { FORCE_COLOR: '0' }],
    ['NO_COLOR beats FORCE_COLOR', false, terminal, { FORCE_COLOR: '1', NO_COLOR: '1' }],
    ['an empty NO_COLOR is none', true, terminal, { NO_COLOR: '' }],
    ['--color beats NO_COLOR', true, pipe, { NO_COLOR: '1' }, 'always'],
    ['--no-color beats FORCE_COLOR', false, terminal, { FORCE_COLOR: '1' }, false],
    ['--color=never too', false, terminal, { FORCE_COLOR: '1' }, 'never'],
    ['--color=auto asks the environment', false, terminal, { NO_COLOR: '1' }, 'auto'],
  ];

  it.each(cases)('%s', (_name, expected, stream, env, flag) => {
    expect(wantsColor(stream, env, flag)).toBe(expected);
  });

  it('is decided for each stream', async () => {
    const onOut = await cli(['verify', players], { tty: { out: true } });
    expect(onOut.out).toContain('\u001b[33mattention');
    const onErr = await cli(['verify', 'missing.log'], { tty: { out: true } });
    expect(onErr.err).toMatch(/^logctl: /);
    expect((await cli(['verify', 'missing.log'], { tty: { err: true } })).err).toContain(
      '\u001b[31m',
    );
  });

  it('and a terminal change nothing that is said', async () => {
    const plain = await cli(['inspect', players]);
    const shown = await cli(['inspect', players], { tty: { out: true, err: true }, columns: 80 });
    const withoutAges = (text: string) => text.replace(/\d+ (s|min|h|d) ago/g, 'ago');
    expect(withoutAges(shown.out.replace(/\u001b\[\d+m/g, ''))).toBe(withoutAges(plain.out));
  });
});

describe('failures', () => {
  it.each([['interrupted', 130] as const, ['terminated', 143] as const])(
    '%s ends with %d and says so',
    async (interrupted, expected) => {
      const { err, exitCode } = await cli(['verify', players], { interrupted });
      expect(exitCode).toBe(expected);
      expect(err).toContain(`logctl: ${interrupted}`);
    },
  );

  it('of our own are exit 1, ask for a report, and show a stack with -vv alone', async () => {
    const { out, err, exitCode } = await cli(['verify', players], { disk: untouchable });
    expect({ out, exitCode }).toEqual({ out: '', exitCode: 1 });
    expect(err).toMatch(/mistake in logctl, not in your log[^]*report it/);
    expect(err).not.toContain('    at ');
    expect((await cli(['-vv', 'verify', players], { disk: untouchable })).err).toContain('    at ');
    const json = await cli(['verify', '--json', players], { disk: untouchable });
    expect(schemaErrors(JSON.parse(json.out))).toEqual([]);
    expect(JSON.parse(json.out)).toMatchObject({ verdict: 'no verdict', error: { code: 'bug' } });
  });

  it('of the world carry their hint and their code into JSON', async () => {
    const { out, exitCode } = await cli(['verify', '--json', 'missing/players.log']);
    expect(exitCode).toBe(10);
    expect(schemaErrors(JSON.parse(out))).toEqual([]);
    expect(JSON.parse(out)).toMatchObject({ report: 'error', verdict: 'not found' });
  });
});
