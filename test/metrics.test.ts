// The figures for the monitoring: true, mergeable, and never at the cost of another file.
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXIT, nodeDisk, readMetrics, writeMetrics } from '../src/engine/index.js';
import type { CompactLogPart, CompactReport, MetricsRun } from '../src/engine/index.js';
import {
  METRICS,
  metricsText,
  parseMetrics,
  type Sample,
} from '../src/engine/metrics/metrics-text.js';
import { cli } from './helpers/cli.js';
import { verifySound } from './helpers/reports.js';

const noon = Date.parse('2026-11-20T09:00:00.000Z');
const second = noon / 1_000;
let folder: string;
let file: string;
let log: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logctl-metrics-'));
  file = join(folder, 'logctl.prom');
  log = join(folder, 'players.log');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the text', () => {
  it('is what it was, whatever the names of logs are', () => {
    const names = fc.constantFrom(...(Object.keys(METRICS) as (keyof typeof METRICS)[]));
    const words = fc.string({ unit: 'binary' });
    const labels = fc.record({ command: words, log: words });
    const sample = fc.record({ name: names, labels, value: fc.nat() });
    const run = fc.property(fc.array(sample, { maxLength: 5 }), (samples) => {
      const order = Object.keys(METRICS);
      const sorted = [...samples].sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
      expect(parseMetrics(metricsText(samples), 'x')).toEqual(sorted);
    });
    fc.assert(run, { verbose: true });
  });

  it('escapes backslash, quote and newline, as the format asks', () => {
    const sample: Sample = {
      ...{ name: 'logctl_backups', value: 3 },
      labels: { command: 'compact', log: 'a\\b"c\nd' },
    };
    expect(metricsText([sample])).toBe(
      '# HELP logctl_backups Backups kept.\n# TYPE logctl_backups gauge\n' +
        'logctl_backups{command="compact",log="a\\\\b\\"c\\nd"} 3\n',
    );
  });
});

it('a line of many millions of characters is not ours, and no mistake', () => {
  const line = `logctl_backups{command="compact",log="${'x'.repeat(16 << 20)}"} 3\n`;
  expect(() => parseMetrics(line, 'a.prom')).toThrow('a.prom: line 1 is none that logctl wrote');
});

describe('a run', () => {
  it('tells outcome, sizes, backups, compactions and findings of each log', async () => {
    for (const age of [1, 30, 200]) writeFileSync(`${log}.backup.${noon - age * 3_600_000}`, 'x');
    await write({ command: 'compact', exitCode: EXIT.attention, report: report(3) });
    const labels = 'command="compact",log="players"';
    const lines = readFileSync(file, 'utf8').split('\n');
    expect(lines.filter((line) => !line.startsWith('#'))).toEqual([
      `logctl_exit_code{${labels}} 3`,
      `logctl_last_run_seconds{${labels}} ${second}`,
      `logctl_last_success_seconds{${labels}} 0`,
      `logctl_log_bytes{${labels},when="before"} 2418112`,
      `logctl_log_bytes{${labels},when="after"} 521530`,
      `logctl_live_bytes{${labels}} 517812`,
      `logctl_dead_bytes{${labels}} 3718`,
      `logctl_backups{${labels}} 3`,
      `logctl_compactions{${labels},window="24h"} 1`,
      `logctl_compactions{${labels},window="7d"} 2`,
      `logctl_findings{${labels},severity="error"} 0`,
      `logctl_findings{${labels},severity="attention"} 1`,
      `logctl_findings{${labels},severity="notice"} 0`,
      '',
    ]);
    expect(lines.slice(0, 2)).toEqual([
      '# HELP logctl_exit_code Exit code of the last run for this log.',
      '# TYPE logctl_exit_code gauge',
    ]);
    expect(readdirSync(folder).filter((name) => name.includes('tmp'))).toEqual([]);
  });

  it('that fails keeps the time of the last success', async () => {
    await write({ command: 'compact', exitCode: EXIT.ok, report: report(0) });
    await write({ command: 'compact', exitCode: EXIT.busy, report: report(11) }, noon + 60_000);
    expect(value('logctl_exit_code')).toBe(11);
    expect(value('logctl_last_run_seconds')).toBe(second + 60);
    expect(value('logctl_last_success_seconds')).toBe(second);
  });

  it('that ended before it knew its logs counts for all it knew before', async () => {
    await write({ command: 'compact', exitCode: EXIT.ok, report: report(0) });
    await write({ command: 'compact', exitCode: EXIT.notFound }, noon + 60_000);
    expect(value('logctl_exit_code')).toBe(10);
    expect(value('logctl_last_success_seconds')).toBe(second);
    expect(value('logctl_live_bytes')).toBe(517_812);
  });

  it('without any log still tells that it failed', async () => {
    await write({ command: 'verify', exitCode: EXIT.notFound });
    expect(readFileSync(file, 'utf8')).toContain('logctl_exit_code{command="verify",log=""} 10\n');
  });

  it('replaces the series of its own command and keeps the others', async () => {
    await write({ command: 'compact', exitCode: EXIT.ok, report: report(0) });
    const compacted = samplesOf('compact');
    await write({ command: 'verify', exitCode: EXIT.ok, report: verifySound });
    expect(samplesOf('compact')).toEqual(compacted);
    expect(samplesOf('verify')).toContain('logctl_exit_code{command="verify",log="players"} 0');
    const gone = { ...report(0), logs: [{ ...part(0), path: join(folder, 'tokens.log') }] };
    await write({ command: 'compact', exitCode: EXIT.ok, report: gone });
    expect(samplesOf('compact').join()).not.toContain('players');
    expect(samplesOf('verify').join()).toContain('players');
  });

  it('tells two logs of one name apart by their paths', async () => {
    const logs = ['a/players.log', 'b/players.log'].map((path) => ({ ...part(0), path }));
    await write({ command: 'compact', exitCode: EXIT.ok, report: { ...report(0), logs } });
    expect(readFileSync(file, 'utf8')).toContain('log="b/players.log"');
    expect(readFileSync(file, 'utf8')).not.toContain('log="players"');
  });
});

describe('a file that is not ours', () => {
  const foreign = [
    ['somebody else’s metrics', 'node_load1 0.3\n'],
    ['a log', '{"op":"SET","key":"a","value":1}\n'],
    ['a comment', '# written by hand\n'],
    ['half of our line', 'logctl_exit_code{command="compact",log="pl'],
  ];

  it.each(foreign)('is left as it is: %s', async (_what, content) => {
    writeFileSync(file, content);
    const refused = { code: 'refused', exitCode: 21 };
    await expect(write({ command: 'verify', exitCode: EXIT.ok })).rejects.toMatchObject(refused);
    expect(readFileSync(file, 'utf8')).toBe(content);
    expect(readdirSync(folder)).toEqual(['logctl.prom']);
  });

  it('stops the command before it has begun', async () => {
    writeFileSync(file, 'node_load1 0.3\n');
    const args = ['verify', '--metrics-textfile', file, 'fixtures/quickstart/data'];
    const { out, err, exitCode } = await cli(args);
    expect({ out, exitCode }).toEqual({ out: '', exitCode: 21 });
    expect(err).toContain('line 1 is none that logctl wrote');
  });

  it('is never reached through a symbolic link, and a directory is none', async () => {
    symlinkSync('elsewhere.prom', file);
    expect(() => readMetrics(nodeDisk, file)).toThrow(/no metrics file/);
    expect(() => readMetrics(nodeDisk, folder)).toThrow(/no metrics file/);
  });
});

describe('verify --metrics-textfile', () => {
  const data = 'fixtures/quickstart/data';

  it('counts findings by severity, each with its log', async () => {
    const { exitCode } = await cli(['verify', '-q', '--metrics-textfile', file, data]);
    expect(exitCode).toBe(3);
    const text = readFileSync(file, 'utf8');
    const found = (name: string, severity: string) =>
      `logctl_findings{command="verify",log="${name}",severity="${severity}"}`;
    expect(text).toContain(`${found('players', 'attention')} 1\n`);
    // The mirror's finding belongs to the log beside it.
    expect(text).toContain(`${found('tokens', 'attention')} 1\n`);
    expect(text).toContain(`${found('game_state', 'attention')} 0\n`);
    expect(text).toContain('logctl_exit_code{command="verify",log="game_state"} 0\n');
    expect(text).toContain('logctl_exit_code{command="verify",log="players"} 3\n');
  });

  it('tells of a run that found nothing to read', async () => {
    const { exitCode } = await cli([
      'verify',
      '--metrics-textfile',
      file,
      join(folder, 'none.log'),
    ]);
    expect(exitCode).toBe(10);
    expect(readFileSync(file, 'utf8')).toContain('logctl_exit_code{command="verify",log=""} 10');
  });

  it('makes the run fail where the figures cannot be written', async () => {
    const nowhere = join(folder, 'missing', 'logctl.prom');
    const { out, exitCode } = await cli(['verify', '-q', '--metrics-textfile', nowhere, data]);
    expect(exitCode).toBe(8);
    expect(out).toContain(`${nowhere}: no such directory`);
    expect(out).toContain('torn-tail');
  });
});

function write(run: MetricsRun, now = noon): Promise<void> {
  const world = { disk: nodeDisk, now: () => now, random: () => 'c0ffee' };
  return writeMetrics(world, file, run);
}

function value(name: string): number | undefined {
  return readMetrics(nodeDisk, file).find((sample) => sample.name === name)?.value;
}

function samplesOf(command: string): string[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line.includes(`command="${command}"`));
}

function part(exitCode: 0 | 3 | 11): CompactLogPart {
  return {
    ...{ path: log, dialect: 'progressive', verdict: 'ok', exitCode, bytes: 521_530, lines: 1 },
    ...{ result: 'compacted', bytesBefore: 2_418_112, bytesAfter: 521_530 },
    ...{ stateHash: null, upstreamHash: null, keysKeptForReader: 0, keys: 9, liveBytes: 517_812 },
    ...{ backup: null, backupsKept: 3, backupsRemoved: [], quarantine: null, heldMs: 2 },
    ...{ neededBytes: 1, freeBytes: 2 },
  };
}

function report(exitCode: 0 | 3 | 11): CompactReport {
  return {
    ...{ schema: 'logctl/compact@1', report: 'compact', version: '1.0.0', verdict: 'ok', exitCode },
    ...{ durationMs: 1, logs: [part(exitCode)], notChecked: [], next: [], dryRun: false },
    findings:
      exitCode === 3
        ? [{ code: 'torn-tail', severity: 'attention', path: log, message: 'stops early' }]
        : [],
  };
}
