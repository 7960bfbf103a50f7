/** bench-fsync-verdict: what the figures mean for the logs in a directory. */
import { flushesPerSecondMax } from './bench-fsync-device.js';
import type { BenchAnswer, BenchDevice, BenchMethod } from './bench-fsync-model.js';
import { finding, type Finding } from '../findings.js';
import { filesystemOf } from '../kernel-locks.js';

/** Entries of a minute do not come evenly: the disk has to do this many times their average. */
const reserve = 2;

/** An fsync that waits for a device takes many times as long as a write into memory. */
const syncByWriteLeast = 5;

/** Below this, durations of writes say more of the clock than of the disk. Milliseconds. */
const writeLeastMs = 0.0005;

/** Holds the busiest minute (entries; null: unknown) against what the methods did. */
export function answerOf(
  methods: readonly BenchMethod[],
  busiestMinute: number | null,
): BenchAnswer {
  const durablePerSecond = rateOf(methods, 'open+append+fsync', 1);
  const groupedPerSecond = rateOf(methods, 'append+fsync', 64);
  const rates = { busiestMinute, durablePerSecond, groupedPerSecond };
  if (busiestMinute === null) {
    return { ...rates, neededPerSecond: null, timesEnough: null, answer: 'unknown' };
  }
  const neededPerSecond = busiestMinute / 60;
  const timesEnough = durablePerSecond / neededPerSecond;
  const isEnough = (rate: number) => rate >= reserve * neededPerSecond;
  const answer = isEnough(durablePerSecond)
    ? 'enough'
    : isEnough(groupedPerSecond)
      ? 'group commit'
      : 'not enough';
  return { ...rates, neededPerSecond, timesEnough, answer };
}

/** What an operator should know of the disk. `fsType`: as `DiskReader.fsType` gives it. */
export function diskFindings(
  directory: string,
  fsType: number,
  measured: { device: BenchDevice; methods: readonly BenchMethod[]; answer: BenchAnswer },
): Finding[] {
  const { device, methods, answer } = measured;
  const { name, volatile, shared, layered } = filesystemOf(fsType);
  const found: Finding[] = [];
  const add = (code: Finding['code'], words: string) => found.push(finding(code, directory, words));
  if (volatile) {
    add('disk-volatile', `this is ${name}: fsync returns at once and a reboot loses everything`);
  } else {
    const words = tooFast(device, methods);
    if (words !== undefined) add('fsync-too-fast', words);
  }
  if (shared) {
    add('disk-remote', `this is ${name}: another machine answers fsync, its disk has to keep it`);
  }
  if (layered) {
    add('disk-layered', `this is ${name}: the filesystem below it answers fsync, ask about that`);
  }
  if (answer.answer === 'not enough')
    add('disk-too-slow', slowWords(answer, 'in groups of 64 too'));
  if (answer.answer === 'group commit') {
    add('disk-too-slow', slowWords(answer, 'group commit is needed'));
  }
  return found;
}

/** Why these fsyncs cannot have reached a device; undefined where they may have. */
function tooFast(device: BenchDevice, methods: readonly BenchMethod[]): string | undefined {
  const sync = methods.find(({ name, group }) => name === 'append+fsync' && group === 1);
  const write = methods.find(({ name }) => name === 'append, no fsync');
  if (sync === undefined || write === undefined) return undefined;
  const ratio = sync.p50 / Math.max(write.p50, writeLeastMs);
  if (ratio < syncByWriteLeast) {
    const times = ratio.toFixed(1);
    return `an append with fsync takes ${times} times as long as one without: a cache answers`;
  }
  const most = flushesPerSecondMax(device);
  const perSecond = Math.round(1_000 / sync.p50);
  if (perSecond <= most) return undefined;
  const kind = device.rotational ? 'a rotating disk' : 'a device of this kind';
  return `${perSecond} flushes a second, and ${kind} can do ${most} at most: a cache answers`;
}

function slowWords({ durablePerSecond, neededPerSecond }: BenchAnswer, end: string): string {
  const durable = Math.floor(durablePerSecond);
  const needed = Math.ceil((neededPerSecond ?? 0) * 10) / 10;
  return `${durable} durable entries a second one by one, the busiest minute has ${needed}: ${end}`;
}

function rateOf(methods: readonly BenchMethod[], name: string, group: number): number {
  const method = methods.find((one) => one.name === name && one.group === group);
  return method?.entriesPerSecond ?? 0;
}
