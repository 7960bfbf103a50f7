// Counting a batch column by column says what counting it row by row says.
import { expect, it } from 'vitest';
import { EntryCounter } from '../src/engine/checks/entry-counter.js';
import { progressive } from '../src/engine/dialects/progressive/progressive.js';
import { FindingList } from '../src/engine/finding-list.js';
import { KIND, PROBLEM, type LineBatch } from '../src/engine/scan/kernel.js';
import { emptyBatch } from '../src/engine/scan/line-batch.js';
import { randomFrom } from './helpers/crash-states.js';
import { announcedSeed } from './helpers/seed.js';

/** What a counter tells of what it saw. */
function told(counter: EntryCounter, findings: FindingList) {
  const { ops, firstTime, newestTime, lastEntry, firstKind, headBytes, lastSeq } = counter;
  return { ops, firstTime, newestTime, lastEntry, firstKind, headBytes, lastSeq, findings };
}

function counterOf() {
  const findings = new FindingList();
  return { findings, counter: new EntryCounter(progressive, findings) };
}

it('finds and counts the same at once as row by row', () => {
  const random = randomFrom(announcedSeed('calm rows'));
  const oneIn = (n: number) => random() < 1 / n;
  let calm = 0;
  for (let round = 0; round < 500; round++) {
    const rows = counterOf();
    const columns = counterOf();
    let time = 1e12;
    let seq = 1;
    let line = 1;
    const isNumbered = oneIn(2);
    for (let k = 0; k < 6; k++) {
      const batch: LineBatch = emptyBatch(64);
      batch.count = 1 + Math.floor(random() * 12);
      for (let row = 0; row < batch.count; row++) {
        const isOdd = oneIn(80);
        if (isOdd) batch.odd++;
        batch.problem[row] = isOdd ? PROBLEM.ignored : 0;
        batch.kind[row] = oneIn(80) ? KIND.state : oneIn(9) ? KIND.delete : KIND.put;
        batch.op[row] = batch.kind[row] % 4;
        batch.offset[row] = line * 100 + row;
        batch.length[row] = 99;
        batch.time[row] = oneIn(40) ? NaN : (time += oneIn(60) ? -5 : 3);
        batch.seq[row] =
          oneIn(40) === isNumbered ? NaN : (seq += oneIn(30) ? 2 * Math.floor(2 * random()) : 1);
      }
      const path = k < 4 ? 'a' : 'b';
      for (let row = 0; row < batch.count; row++) rows.counter.see(batch, row, line + row, path);
      if (columns.counter.seeAll(batch, line, path)) calm++;
      else {
        for (let row = 0; row < batch.count; row++) {
          columns.counter.see(batch, row, line + row, path);
        }
      }
      line += batch.count;
    }
    expect(told(columns.counter, columns.findings)).toEqual(told(rows.counter, rows.findings));
  }
  expect(calm).toBeGreaterThan(200);
});
