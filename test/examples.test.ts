// The examples are true: their commands parse, their units are whole, their alerts find figures.
import { readFileSync, readdirSync } from 'node:fs';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import type { CommandName } from '../src/cli/commands/index.js';
import { loadModule } from '../src/cli/commands/modules.js';
import { addGlobals, normalise } from '../src/cli/globals.js';
import type { Io } from '../src/cli/io.js';
import { METRICS } from '../src/engine/metrics/metrics-text.js';

const program = '/usr/local/bin/logctl';
const text = (name: string) => readFileSync(`examples/${name}`, 'utf8');
const systemd = readdirSync('examples/systemd');

describe('the crontab', () => {
  const lines = text('crontab')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const jobs = lines.filter((line) => !/^\w+=/.test(line));

  it('mails, compacts each hour and verifies each night', () => {
    expect(lines[0]).toMatch(/^MAILTO=\S+@\S+$/);
    const field = /^(\*|\d+)(\/\d+)?$/;
    for (const job of jobs) {
      const [minute, hour, ...rest] = job.split(/\s+/, 5);
      for (const part of [minute, hour, ...rest]) expect(part).toMatch(field);
      expect(Number(minute)).toBeLessThan(60);
    }
    const commands = jobs.map((job) => job.split(/\s+/).slice(5));
    expect(commands.map(([, command]) => command)).toEqual(['compact', 'verify']);
    expect(jobs.map((job) => job.split(/\s+/)[1])).toEqual(['*', '4']);
  });

  it.each(jobs)('has a command that logctl takes: %s', async (job) => {
    const argv = job.split(/\s+/).slice(5);
    expect(argv).toContain('-q');
    // Cron turns % into a newline.
    expect(job).not.toContain('%');
    await expectTaken(argv);
  });
});

describe('the systemd units', () => {
  const services = systemd.filter((name) => name.endsWith('.service'));
  const timers = systemd.filter((name) => name.endsWith('.timer'));

  it.each(services)('%s runs once, as the owner, a command that logctl takes', async (name) => {
    const unit = unitOf(text(`systemd/${name}`));
    expect(unit.Unit.Description).toBeTruthy();
    expect(unit.Service).toMatchObject({ Type: 'oneshot', User: 'bot' });
    await expectTaken(unit.Service.ExecStart.split(/\s+/));
    expect(unit.Service.ExecStart).toContain('--metrics-textfile /var/lib/node_exporter/');
    expect(unit.Service.ReadWritePaths.split(' ')).toContain('/var/lib/node_exporter');
  });

  it.each(timers)('%s starts the service of its name, also after the machine slept', (name) => {
    const unit = unitOf(text(`systemd/${name}`));
    expect(services).toContain(name.replace('.timer', '.service'));
    expect(unit.Timer.OnCalendar).toBeTruthy();
    expect(unit.Timer.Persistent).toBe('true');
    expect(unit.Install.WantedBy).toBe('timers.target');
  });

  it('mend a torn tail before the bot starts, without a question', async () => {
    const { Service } = unitOf(text('systemd/bot-logctl.conf'));
    const argv = Service.ExecStartPre.split(/\s+/);
    expect(argv.slice(0, 5)).toEqual([program, 'recover', '--yes', '-q', '--if-exists']);
    await expectTaken(argv);
  });
});

describe('the alert rules', () => {
  const rules = text('alerts.yml')
    .split(/^ {6}- alert: /m)
    .slice(1);

  it('are three, each with a reason and a way to look', () => {
    expect(rules).toHaveLength(3);
    for (const rule of rules) {
      expect(rule).toMatch(/^Logctl\w+\n/);
      for (const part of ['expr:', 'severity:', 'summary:', 'description:']) {
        expect(rule).toContain(part);
      }
    }
    expect(rules.map((rule) => rule.split('\n')[0])).toEqual([
      'LogctlNoSuccess',
      'LogctlDamaged',
      'LogctlDiskFillsUp',
    ]);
  });

  it('ask for figures that are written, by labels that they have', () => {
    const names = text('alerts.yml').match(/logctl_\w+/g)!;
    expect(new Set(names).size).toBeGreaterThan(3);
    for (const name of names) expect(Object.keys(METRICS)).toContain(name);
    for (const [, label] of text('alerts.yml').matchAll(/[{,](\w+)="/g)) {
      expect(['command', 'log', 'when', 'severity']).toContain(label);
    }
  });
});

it('are all in the README beside them', () => {
  const readme = text('README.md');
  const names = [...readdirSync('examples').filter((name) => name !== 'systemd'), ...systemd];
  const stems = names.filter((name) => name !== 'README.md').map((name) => name.split('.')[0]);
  for (const stem of stems) expect(readme).toContain(stem);
  expect(readme.split('\n').length).toBeLessThan(45);
});

/** Parses a command line with the command's own options; nothing is run. */
async function expectTaken([path, name, ...args]: string[]): Promise<void> {
  expect(path).toBe(program);
  const module = await loadModule[name as CommandName]();
  const command = new Command(name).exitOverride().configureOutput({ writeErr: () => {} });
  module.define(command, { now: () => 0 } as Io);
  addGlobals(command).action(() => {});
  await command.parseAsync(normalise(args), { from: 'user' });
  expect(command.args).toHaveLength(1);
  expect(command.args[0]).toMatch(/^\/srv\/bot\/data/);
}

/** Sections of a unit file; a line that ends in a backslash goes on. */
function unitOf(source: string): Record<string, Record<string, string>> {
  const unit: Record<string, Record<string, string>> = {};
  let section = '';
  for (const line of source.replace(/\s*\\\n\s*/g, ' ').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, head] = /^\[(\w+)\]$/.exec(line) ?? [];
    const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (head !== undefined) unit[(section = head)] = {};
    else if (key !== undefined) unit[section][key] = value;
    else throw new Error(`not a line of a unit file: ${line}`);
  }
  return unit;
}
