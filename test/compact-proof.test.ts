// What compaction reads back before it lets the log go: a disk that kept something else is refused.
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { LogctlError } from '../src/engine/errors.js';
import { numbered, log, set, setAll } from './helpers/bot-log.js';
import { compactOn, logPath } from './helpers/compaction-world.js';
import { FakeLocks } from './helpers/fake-locks.js';
import type { MemoryFile } from './helpers/memory-file.js';
import { memoryDisk } from './helpers/recording-disk.js';

/** Entries with numbers, and a whole state after which a reader that merges has a key more. */
const before = log(
  numbered(set('gone', 1), 1),
  numbered(setAll({ a: 1 }, 1), 2),
  numbered(set('b', 2, 2), 3),
);

/** Compacts on a disk that keeps `spoil(text)` of the new file, as long and as well formed. */
async function compactSpoilt(spoil: (text: string) => string) {
  const disk = memoryDisk({ [logPath]: before });
  const { create } = disk;
  let isSpoilt = false;
  disk.create = (path) => {
    const file = create.call(disk, path) as MemoryFile;
    const { append } = file;
    let head = '';
    // A line comes in pieces, its checksum last; the head of this log has two.
    file.append = (bytes) => {
      head += Buffer.from(bytes).toString();
      const isWhole = head.endsWith('\n') && head.split('\n').length > 2;
      if (head.startsWith('{"op":"CHECKPOINT"') && !isWhole) return;
      const kept = head.includes('CHECKPOINT') ? spoil(head) : head;
      isSpoilt ||= kept !== head;
      expect(kept.length).toBe(head.length);
      head = '';
      append.call(file, Buffer.from(kept));
    };
    return file;
  };
  const result = await compactOn(disk, new FakeLocks(disk));
  return { result, isSpoilt, disk };
}

describe('a checkpoint that reads back', () => {
  const spoilers: [string, (text: string) => string][] = [
    [
      'without the keys that only its reader has',
      (text) => text.replace(/^.*"upstreamOnly":true.*$/m, (line) => ' '.repeat(line.length)),
    ],
    ['without the highest number', (text) => text.replace(/,"seq":3,"crc":"[^"]*"\}$/m, blanked)],
    [
      'with another value',
      (text) => text.replace(/^.*"b":2.*$/m, (line) => summed(line.replace('"b":2', '"b":3'))),
    ],
    [
      'with a key that only a reader which merges would see',
      (text) =>
        text.replace(/^.*$/gm, (line) =>
          line === ''
            ? ''
            : summed(line.replace('{"gone":1', '{"b":2,"gone":1').replace(',"b":2', '')),
        ),
    ],
  ];

  it.each(spoilers)('%s is refused, and the log is as it was', async (_, spoil) => {
    const { result, isSpoilt, disk } = await compactSpoilt(spoil);
    expect(isSpoilt).toBe(true);
    expect(result).toBeInstanceOf(LogctlError);
    expect(result).toMatchObject({ code: 'io' });
    expect(disk.text(logPath)).toBe(before);
    expect(disk.list('/data')!.filter((name) => /\.tmp-|compact\.json|backup/.test(name))).toEqual(
      [],
    );
  });

  it('as it was written takes the place of the log', async () => {
    const { result } = await compactSpoilt((text) => text);
    expect(result).toMatchObject({ result: 'compacted', keysKeptForReader: 1 });
  });

  /** The members in the middle are blanks; the sum at the end is that of the line as it is now. */
  function blanked(members: string, at: number, text: string): string {
    const start = text.lastIndexOf('\n', at) + 1;
    const number = /^,"seq":3/.exec(members)![0];
    const open = text.slice(start, at) + ' '.repeat(number.length);
    return `${' '.repeat(number.length)},"crc":"${sumOf(open)}"}`;
  }

  function summed(line: string): string {
    const open = line.slice(0, line.lastIndexOf(',"crc":'));
    return `${open},"crc":"${sumOf(open)}"}`;
  }

  const sumOf = (text: string) => crc32(text).toString(16).padStart(8, '0');
});
