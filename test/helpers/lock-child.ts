/** A process of its own that takes and frees locks as it is told, one JSON line a command. */
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { nodeDisk, type SourceFile } from '../../src/engine/disk.js';
import { loadKernelLocks, type LeaseKind, type LockVia } from '../../src/engine/kernel-locks.js';

/** One command; `open-now` opens without any lock and keeps the file open. */
export type LockCommand =
  | { do: 'try-lock' | 'unlock' | 'release' | 'lease-of'; path: string }
  | { do: 'lock'; path: string; waitMs: number }
  | { do: 'lease'; path: string; kind: LeaseKind; waitMs?: number }
  | { do: 'open-now'; path: string; flags: 'r' | 'a' | 'r+' }
  | { do: 'close'; path: string }
  | { do: 'freeze'; ms: number }
  | { do: 'shield' };

const locks = await loadKernelLocks(nodeDisk, { use: process.argv[2] as LockVia });
const open = new Map<string, SourceFile>();
process.stdout.write(`${JSON.stringify({ ready: locks.via })}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await obey(JSON.parse(line) as LockCommand).catch((error: unknown) => ({
    error: String(error),
  }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

async function obey(command: LockCommand): Promise<unknown> {
  switch (command.do) {
    case 'try-lock':
      return locks.tryLock(fileAt(command.path));
    case 'lock':
      return locks.lock(fileAt(command.path), { waitMs: command.waitMs });
    case 'unlock':
      locks.unlock(fileAt(command.path));
      return true;
    case 'lease':
      return locks.lease(fileAt(command.path), command.kind, command.waitMs);
    case 'lease-of':
      return locks.leaseOf(fileAt(command.path));
    case 'release':
      locks.release(fileAt(command.path));
      return true;
    case 'open-now': {
      // Plain flags, without O_NONBLOCK: this is the writer that knows nothing of leases.
      const fd = openSync(command.path, command.flags);
      open.set(command.path, { path: command.path, fd, close: () => closeSync(fd) } as SourceFile);
      return true;
    }
    case 'close':
      open.get(command.path)?.close();
      open.delete(command.path);
      return true;
    case 'shield':
      locks.shield();
      return true;
    case 'freeze':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, command.ms);
      return true;
  }
}

function fileAt(path: string): SourceFile {
  const file = open.get(path) ?? nodeDisk.open(path);
  open.set(path, file);
  return file;
}
