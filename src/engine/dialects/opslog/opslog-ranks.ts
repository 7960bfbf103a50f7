/** opslog-ranks: the places of operations in the order of several writers, in columns. */

/**
 * Where an operation stands in the order that all writers agree on: by clock, then by the agent's
 * name as localeCompare has it, then by file and line. Source: store.js loadMultiWriterOps.
 */
export interface Rank {
  clock: number;
  /** Number of the agent's name in `AgentNames`. */
  agent: number;
  file: number;
  line: number;
}

const startRows = 64;
const growth = 1.5;

/** Names of agents, numbered as they come, and how the library orders them. */
export class AgentNames {
  private readonly names: string[] = [];
  private readonly numbers = new Map<string, number>();
  /** Per name its place among all; names that localeCompare takes for equal share one. */
  private places = new Uint32Array(0);
  private readonly translations = new WeakMap<readonly string[], number[]>();

  /** Our numbers of the names in one kernel's list, which may have grown since. */
  translate(writers: readonly string[]): readonly number[] {
    const known = this.translations.get(writers) ?? [];
    for (let at = known.length; at < writers.length; at++) known.push(this.numberOf(writers[at]));
    this.translations.set(writers, known);
    if (this.places.length !== this.names.length) this.arrange();
    return known;
  }

  compare(a: number, b: number): number {
    return a === b ? 0 : this.places[a] - this.places[b];
  }

  private numberOf(name: string): number {
    const number = this.numbers.get(name) ?? this.names.push(name) - 1;
    this.numbers.set(name, number);
    return number;
  }

  private arrange(): void {
    const { names } = this;
    const order = names.map((_, number) => number);
    order.sort((a, b) => names[a].localeCompare(names[b]));
    this.places = new Uint32Array(names.length);
    let place = 0;
    for (const [i, number] of order.entries()) {
      if (i > 0 && names[order[i - 1]].localeCompare(names[number]) !== 0) place++;
      this.places[number] = place;
    }
  }
}

/** One rank per row, or none. */
export class RankColumn {
  private clock = new Float64Array(startRows);
  private agent = new Uint16Array(startRows);
  private file = new Uint16Array(startRows);
  private line = new Uint32Array(startRows);

  constructor(private readonly agents: AgentNames) {}

  set(row: number, rank: Rank): void {
    if (row >= this.clock.length) this.grow(row);
    this.clock[row] = rank.clock;
    this.agent[row] = rank.agent;
    this.file[row] = rank.file;
    this.line[row] = rank.line;
  }

  clear(row: number): void {
    if (row >= this.clock.length) this.grow(row);
    this.line[row] = 0;
  }

  /** Lines count from 1. */
  has(row: number): boolean {
    return row < this.line.length && this.line[row] > 0;
  }

  at(row: number): Rank {
    const { clock, agent, file, line } = this;
    return { clock: clock[row], agent: agent[row], file: file[row], line: line[row] };
  }

  /** Negative where the rank of the row comes before `rank`. */
  compare(row: number, rank: Rank): number {
    return (
      this.clock[row] - rank.clock ||
      this.agents.compare(this.agent[row], rank.agent) ||
      this.file[row] - rank.file ||
      this.line[row] - rank.line
    );
  }

  compareRows(a: number, b: number): number {
    return (
      this.clock[a] - this.clock[b] ||
      this.agents.compare(this.agent[a], this.agent[b]) ||
      this.file[a] - this.file[b] ||
      this.line[a] - this.line[b]
    );
  }

  private grow(row: number): void {
    const rows = Math.ceil((row + 1) * growth);
    this.clock = enlarged(this.clock, new Float64Array(rows));
    this.agent = enlarged(this.agent, new Uint16Array(rows));
    this.file = enlarged(this.file, new Uint16Array(rows));
    this.line = enlarged(this.line, new Uint32Array(rows));
  }
}

function enlarged<T extends Float64Array | Uint16Array | Uint32Array>(old: T, bigger: T): T {
  bigger.set(old);
  return bigger;
}
