// recover beside a writer that takes no lock: nothing it was told is on disk may go.
import { describe, expect, it } from 'vitest';
import { recover } from '../src/engine/recover.js';
import { log, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import { randomFrom } from './helpers/crash-states.js';
import { FakeLocks } from './helpers/fake-locks.js';
import { diskWith, logPath } from './helpers/recovery.js';
import { ScriptedWriter } from './helpers/scripted-writer.js';

const a = set('a', { score: 1 }, 1);
const b = set('b', { score: 2 }, 2);
const torn = set('a', { score: 4 }, 4).slice(0, 60);
const lines = Array.from({ length: 6 }, (_, i) => set(`late${i}`, i, 10 + i));

describe('recover beside a living writer', () => {
  it('keeps every acknowledged entry, once and in order, or leaves the log alone', async () => {
    const outcomes = new Map<string, number>();
    for (let seed = 0; seed < 300; seed++) {
      const random = randomFrom(seed);
      const disk = diskWith(log(a) + torn + log(b));
      const writer = new ScriptedWriter(disk, { path: logPath, lines });
      const from = Math.floor(random() * 60);
      const locks = new FakeLocks(disk, [writer], (point) =>
        point > from ? Math.floor(random() * 4) : 0,
      );
      let names = 0;
      const context = {
        ...{ ...contextOf(disk), disk, locks, sleep: locks.sleep },
        random: () => String((names += 1)),
      };
      const outcome = await recover(context, [logPath], { policy: 'salvage' }, () => true).then(
        (report) => report.logs[0].result,
        (error: { code: string }) => error.code,
      );
      locks.finish();
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      expect(writer.acknowledged).toEqual(lines);
      const head = outcome === 'recovered' ? log(a, b) : log(a) + torn + log(b);
      expect(disk.text(logPath), `seed ${seed}, ${outcome}`).toBe(head + log(...lines));
    }
    console.log(`outcomes: ${JSON.stringify(Object.fromEntries(outcomes))}`);
    expect(outcomes.get('recovered')).toBeGreaterThan(100);
  });

  it('never takes the rest of a torn line for a line of its own', async () => {
    const whole = set('c', { score: 3 }, 3);
    for (const cut of [20, 60, whole.length - 1]) {
      const disk = diskWith(log(a) + whole.slice(0, cut));
      const locks = new FakeLocks(disk);
      let steps = 0;
      // Another process finishes its line at some moment of the run.
      disk.before = () => {
        steps += 1;
        if (steps !== 8) return;
        const rest = Buffer.from(`${whole.slice(cut)}\n`);
        disk.asWriter(() => {
          const file = disk.openAppend(logPath);
          file.append(rest);
          file.close();
        });
      };
      const context = {
        ...contextOf(disk),
        disk,
        locks,
        sleep: locks.sleep,
        random: () => `${steps}`,
      };
      const outcome = recover(context, [logPath], {}, () => true);
      await expect(outcome).rejects.toMatchObject({ code: 'changed' });
      expect(disk.text(logPath)).toBe(log(a, whole));
    }
  });
});
