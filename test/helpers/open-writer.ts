// A process that opened a file for appending and keeps it open, as some bots do.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface OpenWriter {
  pid: number;
  stop(): Promise<void>;
}

/** Starts one; the file is open when the promise resolves. */
export async function keepOpen(path: string): Promise<OpenWriter> {
  const code =
    `require('fs').openSync(${JSON.stringify(path)}, 'a');` +
    `console.log('open'); setInterval(() => {}, 1e6)`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return {
    pid: child.pid!,
    async stop() {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    },
  };
}
