/** The process: signals, closed pipes, exit code. */
import { ownDisk, processIo, type Interruption } from './io.js';
import { runCli, type Commands } from './program.js';

// How long a run may take to clean up after a signal.
const graceMs = 2_000;
const interruption = new AbortController();

endOn('SIGINT', 'interrupted', 130);
endOn('SIGTERM', 'terminated', 143);
for (const stream of [process.stdout, process.stderr]) stream.on('error', endOnStreamError);

/**
 * Runs logctl with `args` (without node and script). `load` loads all that help does without: the
 * launcher knows how that is quick.
 */
export async function main(args: string[], load: () => Commands): Promise<void> {
  let loaded: Commands | undefined;
  const commands = (): Commands => (loaded ??= load());
  const io = processIo(interruption.signal, () => ownDisk(commands().nodeDisk));
  process.exitCode = await runCli(args, io, async () => commands());
  // The last of those who hear of it: all is written, nobody waits. What would follow is taking the
  // heap apart, 20 ms with a million keys, and the system needs none of it.
  process.on('exit', (code) => process.exit(code));
}

/** The first signal asks the run to end, temporary files and all; a second one insists. */
function endOn(signal: NodeJS.Signals, reason: Interruption, exitCode: number): void {
  process.on(signal, () => {
    if (interruption.signal.aborted) process.exit(exitCode);
    interruption.abort(reason);
    setTimeout(() => process.exit(exitCode), graceMs).unref();
  });
}

/** Whoever closed the pipe (`| head`) has what it wants; any other failure is no verdict. */
function endOnStreamError(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`logctl: the output could not be written: ${error.message}\n`);
  process.exit(8);
}
