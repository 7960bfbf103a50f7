/** decoded-disk: a disk whose logs are seen as a decoder gives them. Only for reading. */
import { basename } from 'node:path';
import type { Context, TargetOptions } from '../context.js';
import { diskWith, type DiskReader, type SyncSource } from '../disk.js';
import { LogctlError } from '../errors.js';
import { plural } from '../text.js';
import { decodeLines, decodedBytesMax } from './line-decoder.js';

/** A file that was decoded, and what it was decoded from. */
interface Decoded {
  id: string;
  size: number;
  bytes: Buffer;
}

/**
 * The same world, its logs decoded where the options name a decoder. Offsets are those of the
 * decoded text, which is held in memory. Throws LogctlError when a file is opened.
 */
export function decodedContext(context: Context, { decode }: TargetOptions): Context {
  if (decode === undefined) return context;
  const { stdin } = context;
  return {
    ...context,
    disk: decodedDisk(context.disk, decode),
    ...(stdin && { stdin: () => decodedFile(stdin(), decode, new Map()) }),
  };
}

/** Writing would need the hook's other half. Throws LogctlError `refused` with a decoder. */
export function refuseDecoded({ decode }: TargetOptions): void {
  if (decode === undefined) return;
  const hint = 'copy the store, write its decoded lines with replay, and let the program load them';
  throw new LogctlError('refused', 'a store that is read with --decode is never written', hint);
}

function decodedDisk(disk: DiskReader, command: string): DiskReader {
  const seen = new Map<string, Decoded>();
  return diskWith(disk, {
    open(path, how) {
      const file = disk.open(path, how);
      const name = basename(path);
      // Our own side files and main JSON files went through no hook.
      return name.startsWith('.') || name.endsWith('.json')
        ? file
        : decodedFile(file, command, seen);
    },
  });
}

function decodedFile(file: SyncSource, command: string, seen: Map<string, Decoded>): SyncSource {
  const { path } = file;
  const { id, size } = file.stat();
  const before = seen.get(path);
  const isSame = before?.id === id && before.size === size;
  const bytes = isSame ? before.bytes : decodedBytes(file, command, size);
  seen.set(path, { id, size, bytes });
  return {
    path,
    stat: () => ({ ...file.stat(), size: bytes.length }),
    read: (target, position) => bytes.copy(target, 0, Math.min(position, bytes.length)),
    close: () => file.close(),
  };
}

/** Closes a file that could not be decoded. */
function decodedBytes(file: SyncSource, command: string, size: number): Buffer {
  try {
    return decodeLines(command, wholeOf(file, size));
  } catch (error) {
    file.close();
    throw error;
  }
}

/** All bytes of a plain file, which answers at once. Throws LogctlError `too-large`. */
function wholeOf(file: SyncSource, size: number): Buffer {
  if (size > decodedBytesMax) {
    const hint = 'decode it with the command itself, and look at its output with --dialect nedb';
    const words = `${file.path}: ${plural(size, 'byte')} are too many to decode in memory`;
    throw new LogctlError('too-large', words, hint, { path: file.path });
  }
  const bytes = Buffer.alloc(size);
  return bytes.subarray(0, file.read(bytes, 0));
}
