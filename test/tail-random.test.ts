// Following a log through random days: lines written in pieces, compactions with carried and late
// lines, several of them between two looks. All lines differ; each must be given once, in order.
import { appendFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { checkpoint, log, set } from './helpers/bot-log.js';
import { FollowedFolder } from './helpers/followed-folder.js';
import { announcedSeed } from './helpers/seed.js';

class RandomDays {
  readonly wanted: string[] = [];
  private readonly got: string[] = [];
  private readonly followed = new FollowedFolder();
  private text = '';

  constructor(private state: number) {}

  async start(): Promise<void> {
    this.text = this.line();
    await this.followed.start(this.text, { from: 'start' });
    await this.settle();
  }

  async step(step: number): Promise<void> {
    const dice = this.random(10);
    if (dice < 6) await this.append(this.line());
    else if (dice < 9) this.compact(step);
    else await this.settle();
  }

  /** The keys in the order in which they were given. */
  async end(): Promise<string[]> {
    await this.settle();
    await this.followed.remove();
    return this.got;
  }

  private line(): string {
    const key = `k${this.wanted.length}`;
    this.wanted.push(key);
    return log(set(key, 'x'.repeat(this.random(99)), this.wanted.length));
  }

  private async append(line: string): Promise<void> {
    const cut = this.random(line.length);
    appendFileSync(this.followed.path, line.slice(0, cut));
    if (this.random(2) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    appendFileSync(this.followed.path, line.slice(cut));
    this.text += line;
  }

  private compact(step: number): void {
    const lines = this.text.split('\n').slice(0, -1);
    // A checkpoint is never carried.
    const least = this.text.startsWith('{"op":"CHECKPOINT"') ? 1 : 0;
    const folded = log(...lines.slice(0, least + this.random(lines.length + 1 - least)));
    const head = log(checkpoint({ step }, step, { folded: folded.length }));
    const carried = this.text.slice(folded.length);
    const late = this.random(2) === 0 ? this.line() : '';
    this.followed.swap(head, carried, { late });
    this.text = head + carried + late;
  }

  private async settle(): Promise<void> {
    while (this.got.length < this.wanted.length) {
      const [event] = await this.followed.take(1);
      if (event.event === 'entry') this.got.push(event.key!);
    }
  }

  /** A whole number from 0 to below this. */
  private random(below: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * below);
  }
}

const first = announcedSeed('following at random');

it.each([0, 1, 2, 3, 4, 5, 6, 7])('every line is given once, in order: seed + %d', async (more) => {
  const days = new RandomDays(first + more);
  await days.start();
  for (let step = 0; step < 60; step++) await days.step(step);
  expect(await days.end()).toEqual(days.wanted);
});
