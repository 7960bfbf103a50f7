/** A child process that takes locks under our command: the test's end of `lock-child`. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { LockVia } from '../../src/engine/kernel-locks.js';
import type { LockCommand } from './lock-child.js';

export class LockProcess {
  private readonly answers: AsyncIterator<string>;
  private constructor(private readonly child: ChildProcess) {
    this.answers = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  /** Starts `script`, the built `lock-child`, and waits until it can lock through `via`. */
  static async start(script: string, via: LockVia): Promise<LockProcess> {
    const child = spawn(process.execPath, [script, via], { stdio: ['pipe', 'pipe', 'inherit'] });
    const started = new LockProcess(child);
    const { ready } = (await started.answer()) as { ready: LockVia };
    if (ready !== via) throw new Error(`wanted ${via}, the child has ${ready}`);
    return started;
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Sends a command; the answers come in the order of the commands. */
  async ask(command: LockCommand): Promise<unknown> {
    this.child.stdin!.write(`${JSON.stringify(command)}\n`);
    return this.answer();
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** kill -9, and waits for the end. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }

  private async answer(): Promise<unknown> {
    const { done, value } = await this.answers.next();
    if (done) throw new Error('the child ended without an answer');
    return JSON.parse(value);
  }
}
