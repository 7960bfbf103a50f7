/** bench-fsync-model: the nouns of bench-fsync as plain data. Types only. */
import type { Envelope, LogPart } from '../model.js';

/** How one way of writing did. Times in milliseconds, one per round. */
export interface BenchMethod {
  /** `append+fsync`, and so on; `swap` and `directory fsync` write no entry. */
  name: string;
  /** Entries made durable by one round; null where there are none. */
  group: number | null;
  rounds: number;
  entriesPerSecond: number | null;
  p50: number;
  p95: number;
  /** Null below 1,000 rounds: too few to know. */
  p99: number | null;
  /** Null below 10,000 rounds. */
  p999: number | null;
  max: number;
}

/** What lies below a directory, as far as the system tells; null where it does not. */
export interface BenchDevice {
  /** `ext4`; `unknown` where the number has no name here. */
  filesystem: string;
  /** What is mounted there: `/dev/mmcblk0p2`. */
  source: string | null;
  rotational: boolean | null;
  /** The kernel's word: `write back`, `write through`. */
  writeCache: string | null;
  /** A disk that a host lends to a virtual machine: what it says of itself means little. */
  virtual: boolean;
}

/** Sizes of the entries written, newline included, bytes. */
export interface BenchEntrySizes {
  median: number;
  largest: number;
  /** `default` where there was no log to learn from. */
  from: 'log' | 'default';
}

/** Whether the disk is fast enough for the log. Entries. */
export interface BenchAnswer {
  /** Of the busiest minute; null where the log's entries show no time. */
  busiestMinute: number | null;
  neededPerSecond: number | null;
  /** One by one, as a program that opens, appends, syncs and closes for each entry. */
  durablePerSecond: number;
  /** In groups of 64. */
  groupedPerSecond: number;
  /** `durablePerSecond` by `neededPerSecond`. */
  timesEnough: number | null;
  answer: 'enough' | 'group commit' | 'not enough' | 'unknown';
}

/** One directory and the logs in it. `path` is the log where there is only one. */
export interface BenchFsyncPart extends LogPart {
  directory: string;
  device: BenchDevice;
  sizes: BenchEntrySizes;
  methods: BenchMethod[];
  answer: BenchAnswer;
}

export interface BenchFsyncReport extends Envelope<'bench-fsync', BenchFsyncPart> {
  report: 'bench-fsync';
  /** Rounds asked for, of each method. */
  rounds: number;
  /** A method ended earlier when its rounds took longer; null where rounds were asked for. */
  budgetMs: number | null;
}
