/** metrics-text: the text of a metrics file, as node_exporter's textfile collector reads it. */
import { LogctlError } from '../errors.js';

/** Every metric we write and what it says. Names are public, as finding codes are. */
export const METRICS = {
  logctl_exit_code: 'Exit code of the last run for this log.',
  logctl_last_run_seconds: 'Unix time of the last run.',
  logctl_last_success_seconds: 'Unix time of the last run that ended in 0; 0 for never.',
  logctl_log_bytes: 'Size of the log.',
  logctl_live_bytes: 'Bytes of keys and values in force.',
  logctl_dead_bytes: 'Bytes that a compaction would give back.',
  logctl_backups: 'Backups kept.',
  logctl_compactions: 'Backups that compactions made in this time, of those still kept.',
  logctl_findings: 'Findings of the last run.',
} as const;

export type MetricName = keyof typeof METRICS;

/** One value. Labels in the order they are written; `command` and `log` are always among them. */
export interface Sample {
  name: MetricName;
  labels: Record<string, string>;
  value: number;
}

/**
 * Gives the text of samples: grouped by metric, each with its HELP and TYPE.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/ (text format 0.0.4).
 */
export function metricsText(samples: readonly Sample[]): string {
  const blocks = (Object.keys(METRICS) as MetricName[]).map((name) => {
    const own = samples.filter((sample) => sample.name === name);
    if (own.length === 0) return '';
    const head = `# HELP ${name} ${METRICS[name]}\n# TYPE ${name} gauge\n`;
    return head + own.map(sampleLine).join('');
  });
  return blocks.join('');
}

/**
 * Reads back what `metricsText` wrote. Throws LogctlError `refused` at the first line that is not
 * ours: such a file is not replaced.
 */
export function parseMetrics(text: string, path: string): Sample[] {
  const samples: Sample[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    if (line === '' || isOwnComment(line)) continue;
    const sample = parseSample(line);
    if (sample === undefined) {
      const message = `${path}: line ${at + 1} is none that logctl wrote`;
      const hint = 'name a file of its own for --metrics-textfile';
      throw new LogctlError('refused', message, hint, { path });
    }
    samples.push(sample);
  }
  return samples;
}

const escapes: Record<string, string> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };
const unescapes: Record<string, string> = { '\\\\': '\\', '\\"': '"', '\\n': '\n' };

function sampleLine({ name, labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => {
    return `${label}="${text.replace(/[\\"\n]/g, (char) => escapes[char])}"`;
  });
  return `${name}{${pairs.join(',')}} ${value}\n`;
}

const isName = (name: string): name is MetricName => Object.hasOwn(METRICS, name);
const isOwnComment = (line: string) => isName(/^# (?:HELP|TYPE) (\w+) /.exec(line)?.[1] ?? '');

/** V8 keeps a place for each turn of a group: a text of millions overflows its stack. */
const lineCharsMax = 65_536;
const wholeSample = /^(\w+)\{((?:\w+="(?:[^"\\]|\\.)*",?)*)\} (-?\d+(?:\.\d+)?)$/;
const oneLabel = /(\w+)="((?:[^"\\]|\\.)*)"/g;

function parseSample(line: string): Sample | undefined {
  const found = line.length > lineCharsMax ? null : wholeSample.exec(line);
  const [, name = '', pairs = '', value] = found ?? [];
  if (!isName(name)) return undefined;
  const labels = Object.fromEntries(
    [...pairs.matchAll(oneLabel)].map(([, label, text]) => [
      label,
      text.replace(/\\[\\"n]/g, (escaped) => unescapes[escaped]),
    ]),
  );
  return { name, labels, value: Number(value) };
}
