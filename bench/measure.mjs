// Runs one program and measures it from outside: wall time, peak memory, how it ended.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const keptOutputChars = 2_000;
const pollMs = 20;
const gnuTime = '/usr/bin/time';
/** Peak memory in KiB, then seconds of CPU in the program and in the system for it. */
const timeFormat = '%M %U %S';
const hasGnuTime = spawnSync(gnuTime, ['-f', timeFormat, 'true']).status === 0;

/** How peak memory is measured on this machine, for the record. */
export const memoryMethod = hasGnuTime
  ? 'maximum resident set size by GNU time'
  : `VmHWM of /proc/PID/status, read every ${pollMs} ms`;

/**
 * Runs a contestant once.
 *
 * Gives `{ ms, peakBytes, cpuSeconds, failure, output, errors }`: wall time from start to exit,
 * process start included; `peakBytes` and `cpuSeconds` are undefined where they cannot be known;
 * `failure` says why a run does not count; `output` is the first line it printed, `errors` the
 * beginning of what it said besides.
 */
export async function measure(contestant) {
  const scratch = mkdtempSync(join(tmpdir(), 'logctl-bench-'));
  try {
    return await runOnce(contestant, join(scratch, 'usage'));
  } finally {
    rmSync(scratch, { recursive: true });
    if (contestant.leaves) rmSync(contestant.leaves, { force: true });
  }
}

async function runOnce({ command, args, accepts, printsState }, usagePath) {
  const timed = ['-f', timeFormat, '-o', usagePath, command, ...args];
  const started = process.hrtime.bigint();
  const child = hasGnuTime
    ? spawn(gnuTime, timed, childOptions(printsState))
    : spawn(command, args, childOptions(printsState));
  const polled = hasGnuTime ? undefined : pollPeak(child.pid);
  const output = keepText(child.stdout);
  const errors = keepText(child.stderr);
  const closed = new Promise((resolve) => child.once('close', resolve));
  const { code, signal, error } = await exitOf(child);
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  const usage = hasGnuTime ? readUsage(usagePath) : { peakBytes: polled.stop() };
  await closed;
  const ended = error?.message ?? `ended with ${signal ?? code}: ${errorLine(errors.text())}`;
  const failure = accepts.includes(code) ? undefined : ended;
  return { ms, ...usage, failure, output: firstLine(output.text()), errors: errors.text() };
}

function childOptions(printsState) {
  // This variable makes every start of Node read certificates: 65 ms that no program here needs.
  const { NODE_EXTRA_CA_CERTS: _unused, ...env } = process.env;
  return { env, stdio: ['ignore', printsState ? 'ignore' : 'pipe', 'pipe'] };
}

function exitOf(child) {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

/** Reads a stream to its end and keeps its beginning. */
function keepText(stream) {
  let text = '';
  stream?.setEncoding('utf8').on('data', (piece) => {
    if (text.length < keptOutputChars) text += piece;
  });
  return { text: () => text.slice(0, keptOutputChars) };
}

function firstLine(text) {
  return text.trim().split('\n')[0];
}

/** The line of an error text that names the error: Node prints where it happened before it. */
function errorLine(text) {
  return text.split('\n').find((line) => /error/i.test(line)) ?? firstLine(text);
}

/** GNU time's answer is the last line: a remark about the exit code may stand above it. */
function readUsage(path) {
  const answer = readFileSync(path, 'utf8').trim().split('\n').at(-1);
  const [kibibytes, userSeconds, systemSeconds] = answer.split(' ').map(Number);
  if (!Number.isFinite(kibibytes)) return {};
  return { peakBytes: kibibytes * 1024, cpuSeconds: userSeconds + systemSeconds };
}

/** Watches a process's high-water mark; what it reached after the last look is missed. */
function pollPeak(pid) {
  let peakBytes;
  const look = () => {
    const status = readStatus(pid);
    const found = /^VmHWM:\s+(\d+) kB$/m.exec(status);
    if (found) peakBytes = Number(found[1]) * 1024;
  };
  const timer = setInterval(look, pollMs);
  look();
  return {
    stop() {
      clearInterval(timer);
      return peakBytes;
    },
  };
}

function readStatus(pid) {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch (error) {
    // The process is gone, or this system has no /proc: there is nothing to read.
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return '';
    throw error;
  }
}
