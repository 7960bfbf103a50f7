/** Every disk that a crash may leave behind a recorded run, and a check that walks over them. */
import { CrashTracker, applyChange } from './crash-model.js';
import type { CrashModel, Cuts, Survivor } from './crash-model.js';
import { effectText, newInode, type Content, type Inode } from './memory-inode.js';
import { RecordingDisk } from './recording-disk.js';
import { newSeed } from './seed.js';

export interface CrashOptions {
  model: CrashModel;
  /** Default `sectors`. */
  cuts?: Cuts;
  /** Crashes before this many effects are left out; default 0. */
  from?: number;
  /** States per moment at most; beyond it they are drawn at random. Default 20,000. */
  statesMax?: number;
  /** For the drawing; printed. Default: a new one, or LOGCTL_SEED. */
  seed?: number;
}

/** A disk after a crash: all on it is durable, and it records anew. */
export interface CrashState {
  disk: RecordingDisk;
  /** Effects that had been issued. */
  effects: number;
  /** Notes before the crash, in order: what had been acknowledged. */
  notes: readonly string[];
  /** In words: the last effect, what was lost. */
  story(): string;
}

/** What a walk over the states saw. */
export interface CrashCount {
  states: number;
  effects: number;
  /** True when some were drawn instead of all. */
  sampled: boolean;
  seed: number;
  ms: number;
}

/** What a crash decides: which pending changes survive, and what of each file's bytes. */
interface Outcome {
  kept: boolean[];
  names: Map<string, Inode>;
  bytes: Map<Inode, Survivor>;
}

/**
 * Gives every state once, moment by moment: after 0 effects, after 1, up to all of them.
 *
 * Two states are one when the same names lead to the same inodes with the same bytes and attributes
 * after the same notes. The first state of a moment keeps everything: this is also what kill -9
 * leaves. Returns the count. The recorded disk must not change meanwhile; the states share its
 * bytes and copy them when they write.
 */
export function* crashStates(
  disk: RecordingDisk,
  { model, cuts = 'sectors', from = 0, statesMax = 20_000, seed = newSeed() }: CrashOptions,
): Generator<CrashState, CrashCount> {
  const startMs = performance.now();
  const tracker = new CrashTracker(disk.bornNames, model, cuts);
  const random = randomFrom(seed);
  const seen = new Set<string>();
  const labels = new Labels();
  const count = { states: 0, effects: disk.effects.length, sampled: false, seed };
  for (let effects = 0; effects <= disk.effects.length; effects += 1) {
    if (effects > 0) tracker.follow(disk.effects[effects - 1]);
    if (effects < from) continue;
    const outcomes = outcomesOf(tracker, model, statesMax, random);
    count.sampled ||= outcomes.sampled;
    for (const outcome of outcomes.all()) {
      const label = labels.of(outcome, tracker);
      if (seen.has(label)) continue;
      seen.add(label);
      count.states += 1;
      yield {
        disk: materialise(outcome, tracker, disk),
        effects,
        notes: [...tracker.notes],
        story: () => storyOf(disk, effects, outcome, seed),
      };
    }
  }
  return { ...count, ms: performance.now() - startMs };
}

/**
 * Runs `check` on every crash state; it throws where the promise is broken.
 * Throws the first such error again with the state's story and the seed in its message.
 */
export async function checkCrashes(
  disk: RecordingDisk,
  options: CrashOptions,
  check: (state: CrashState) => void | Promise<void>,
): Promise<CrashCount> {
  const states = crashStates(disk, options);
  for (;;) {
    const { done, value } = states.next();
    if (done) return value;
    try {
      await check(value);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      throw new Error(`${words}\n${options.model}: ${value.story()}`, { cause: error });
    }
  }
}

/** One line: how many states of how many effects, how fast, and the seed where some were drawn. */
export function countText({ states, effects, sampled, seed, ms }: CrashCount): string {
  const speed = `${((1000 * ms) / Math.max(states, 1)).toFixed(0)} µs each`;
  const drawn = sampled ? `, drawn with LOGCTL_SEED=${seed}` : ', all of them';
  return `${states} states after ${effects} effects, ${speed}${drawn}`;
}

/** All outcomes of one moment, or a sample with the extremes where they are too many. */
function outcomesOf(
  tracker: CrashTracker,
  model: CrashModel,
  statesMax: number,
  random: () => number,
) {
  const { pending } = tracker;
  const size = pending.length;
  const decisions = model === 'journal' ? size + 1 : 2 ** size;
  const keptIn = (decision: number) => {
    // Decision 0 keeps everything.
    const journal = (i: number) => i < size - decision;
    const posix = (i: number) => Math.floor(decision / 2 ** i) % 2 === 0;
    return pending.map((_, i) => (model === 'journal' ? journal(i) : posix(i)));
  };
  const worlds = (decision: number) => new World(tracker, keptIn(decision));
  let total = 0;
  for (let i = 0; i < decisions && total <= statesMax; i += 1) total += worlds(i).size;
  function* every() {
    for (let i = 0; i < decisions; i += 1) yield* worlds(i).outcomes();
  }
  function* drawn() {
    const [luckiest, unluckiest] = [worlds(0), worlds(decisions - 1)];
    for (const { size, outcome } of [luckiest, unluckiest].map(bound)) {
      yield outcome(0);
      yield outcome(size - 1);
    }
    for (let i = 4; i < statesMax; i += 1) {
      const world = worlds(Math.floor(random() * decisions));
      yield world.outcome(Math.floor(random() * world.size));
    }
  }
  const sampled = total > statesMax;
  return { sampled, all: sampled ? drawn : every };
}

const bound = (world: World) => ({
  size: world.size,
  outcome: (number: number) => world.outcome(number),
});

/** The names that survive one decision; its files' bytes are still open. */
class World {
  readonly names: Map<string, Inode>;
  readonly size: number;
  private readonly files: { inode: Inode; ways: Survivor[] }[];

  constructor(
    tracker: CrashTracker,
    private readonly kept: boolean[],
  ) {
    this.names = new Map(tracker.names);
    const unused = new Map();
    tracker.pending.forEach((change, i) => kept[i] && applyChange(change, this.names, unused));
    const inodes = [...new Set(this.names.values())];
    this.files = inodes.map((inode) => ({ inode, ways: tracker.survivorsOf(inode) }));
    this.size = this.files.reduce((product, { ways }) => product * ways.length, 1);
  }

  *outcomes(): Generator<Outcome> {
    for (let number = 0; number < this.size; number += 1) yield this.outcome(number);
  }

  /** `number` has one digit per file, in base of the ways its bytes can end. */
  outcome(number: number): Outcome {
    const bytes = new Map<Inode, Survivor>();
    for (const { inode, ways } of this.files) {
      bytes.set(inode, ways[number % ways.length]);
      number = Math.floor(number / ways.length);
    }
    return { kept: this.kept, names: this.names, bytes };
  }
}

function attributesAfter({ kept }: Outcome, tracker: CrashTracker) {
  const attributes = new Map(tracker.attributes);
  tracker.pending.forEach((change, i) => {
    if (kept[i] && change.do === 'attributes') attributes.set(change.inode, change.attributes);
  });
  return attributes;
}

function materialise(outcome: Outcome, tracker: CrashTracker, disk: RecordingDisk) {
  const attributes = attributesAfter(outcome, tracker);
  const copies = new Map<Inode, Inode>();
  for (const [inode, { content, length, zeroFrom, zeroTo }] of outcome.bytes) {
    const bytes = content.cut(length, zeroFrom, zeroTo);
    const owner = attributes.get(inode) ?? inode.born.attributes;
    const copy = newInode(inode.ino, bytes, owner, inode.kind);
    copies.set(inode, Object.assign(copy, { mtimeMs: inode.mtimeMs }));
  }
  const names = new Map<string, Inode>();
  for (const [path, inode] of outcome.names) names.set(path, copies.get(inode)!);
  return new RecordingDisk(names, disk.directories, disk.options);
}

/** Short texts that are equal exactly for equal states. */
class Labels {
  private readonly numbers = new Map<Inode | Content, number>();

  of(outcome: Outcome, tracker: CrashTracker): string {
    const attributes = attributesAfter(outcome, tracker);
    let label = `${tracker.notes.length}`;
    for (const [path, inode] of [...outcome.names].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const { content, length, zeroFrom, zeroTo } = outcome.bytes.get(inode)!;
      const { mode, uid, gid } = attributes.get(inode) ?? inode.born.attributes;
      label += `|${path} ${this.number(inode)} ${this.number(content)} ${length}`;
      label += ` ${zeroFrom} ${zeroTo} ${mode} ${uid} ${gid}`;
    }
    return label;
  }

  private number(thing: Inode | Content): number {
    const number = this.numbers.get(thing) ?? this.numbers.size;
    this.numbers.set(thing, number);
    return number;
  }
}

function storyOf(disk: RecordingDisk, effects: number, outcome: Outcome, seed: number): string {
  const last = effects === 0 ? 'nothing' : effectText(disk.effects[effects - 1]);
  const lines = [`crash after effect ${effects} of ${disk.effects.length} (${last}), seed ${seed}`];
  for (const [path, inode] of outcome.names) {
    const { length, zeroFrom, zeroTo } = outcome.bytes.get(inode)!;
    const zeros = zeroTo > zeroFrom ? `, zeros from ${zeroFrom} to ${zeroTo}` : '';
    lines.push(`  ${path}: inode ${inode.ino}, ${length} bytes${zeros}`);
  }
  const lost = outcome.kept.filter((kept) => !kept).length;
  if (lost > 0) lines.push(`  changes of names or attributes that were lost: ${lost}`);
  return lines.join('\n');
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
