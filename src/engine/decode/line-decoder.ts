/** line-decoder: the operator's command that turns each line into the format's own. */
import { spawnSync } from 'node:child_process';
import { LogctlError } from '../errors.js';
import { plural } from '../text.js';

const LF = 0x0a;
/** What goes in and what comes out are held in memory, each up to this. */
export const decodedBytesMax = 2 ** 31 - 1;

/**
 * Gives all lines of a file to one run of `command`, by the system's shell, and takes its lines:
 * one out for one in, in their order. A line for which it gives an empty one stays as it was, and
 * so does the missing newline of a last line. The command ends when its input does.
 * Throws LogctlError `io` where the command fails or gives another number of lines.
 */
export function decodeLines(command: string, input: Buffer): Buffer {
  if (input.length === 0) return input;
  const isEnded = input[input.length - 1] === LF;
  const given = isEnded ? input : Buffer.concat([input, Buffer.from([LF])]);
  const { stdout, stderr, status, error } = spawnSync(command, {
    shell: true,
    input: given,
    maxBuffer: decodedBytesMax,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  if (error !== undefined || status !== 0) {
    const [words] = (error?.message ?? stderr.toString('utf8')).split('\n');
    throw failed(command, words === '' ? `it ended with ${status}` : words);
  }
  const lines = linesOf(given);
  const decoded = linesOf(stdout);
  if (lines.length !== decoded.length) {
    throw failed(command, `it gave ${plural(decoded.length, 'line')} for ${lines.length}`);
  }
  const out = decoded.flatMap((line, number) => {
    const kept = line.length === 0 ? lines[number] : line;
    return isEnded || number < decoded.length - 1 ? [kept, newline] : [kept];
  });
  return Buffer.concat(out);
}

const newline = Buffer.from([LF]);

/** Lines without their newlines; one that is not ended counts. */
function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(LF, at);
    lines.push(bytes.subarray(at, end < 0 ? bytes.length : end));
    at = end < 0 ? bytes.length : end + 1;
  }
  return lines;
}

function failed(command: string, why: string): LogctlError {
  const hint = 'it must read lines from its standard input and write one line for each';
  return new LogctlError('io', `--decode ${command}: ${why}`, hint);
}
