// What cron mails and what the operator sees: compact's screens, from reports made by hand.
import { describe, expect, it } from 'vitest';
import { lookOf } from '../src/cli/human/look.js';
import { toJson, toText } from '../src/cli/present.js';
import type { CompactReport } from '../src/engine/index.js';
import * as reports from './helpers/compact-reports.js';
import { schemaErrors } from './helpers/schema.js';

const screen = (report: CompactReport, columns = 80) => toText(report, lookOf(columns));

describe('compact', () => {
  it('dry: says for each log what would be done, the disk it needs, and that nothing was', () => {
    expect(screen(reports.dryRun)).toBe(
      `game_state.log  skipped     48,211 bytes, below 1 MiB
players.log     would do    2,418,112 -> 521,530 bytes, then 3 backups
tokens.log      skipped     212,480 bytes, below 1 MiB
dry run, nothing was changed; 573,683 bytes of disk needed, 41.7 GiB are free
`,
    );
  });

  it('gives each log a line: bytes, state hash before and after, backups', () => {
    expect(screen(reports.compacted)).toBe(
      `LOG             RESULT     BYTES                  STATE HASH           BACKUPS
game_state.log  skipped    48,211 (below 1 MiB)   -                    0
players.log     compacted  2,418,112 -> 521,530   7c1f9a40 = 7c1f9a40  3
tokens.log      skipped    212,480 (below 1 MiB)  -                    0
`,
    );
  });

  it('says in one line that a log was not due', () => {
    expect(screen(reports.notDue)).toBe('players.log     skipped     521,961 bytes, below 1 MiB\n');
  });

  it('names what is to be known besides: keys kept, compressed backups, a torn entry', () => {
    const text = screen(reports.quarantined);
    expect(text).toContain('players.log: 2 keys kept for the bot, 1 backup compressed\n');
    expect(text).toContain('torn-tail  /srv/bot/data/logs/players.log');
  });
});

describe('what cron mails', () => {
  it('of a damaged log: where, what stayed as it was, what to look at', () => {
    expect(screen(reports.damaged)).toBe(
      `/srv/bot/data/logs/players.log   damaged, not compacted
  glued-lines  line 4673, byte 2418112, 618 bytes: 187 bytes of a torn entry,
               then 1 whole entry of 431 bytes
               key 771203345590081024, changed: no reader of the format sees
               this entry, line 4644 is in force instead
  The log and its 3 backups are as they were.
  Other logs: 2 skipped, 0 failed.
Next: logctl recover --dry-run --policy salvage /srv/bot/data/logs/players.log
`,
    );
  });

  it('of a busy log: who has it, what a compaction would lose, what helps', () => {
    expect(screen(reports.busy)).toBe(
      `/srv/bot/data/logs/players.log   busy, not compacted
  live-writer  pid 2291 (node index.js) keeps the file open for appending
  Compacting now would lose what it writes next. Nothing was changed.
  Other logs: 2 skipped, 0 failed.
Next: stop pid 2291, or let it open the file for each entry
`,
    );
  });

  it('of a full disk: what is needed, what is free, where', () => {
    expect(screen(reports.noSpace)).toBe(
      `/srv/bot/data/logs/players.log   no verdict, not compacted
  no space: 573,683 bytes needed in /srv/bot/data/logs, 81,920 are free
  Nothing was changed, no temporary file was left.
  Other logs: 2 skipped, 0 failed.
Next: df -h /srv/bot/data/logs
`,
    );
  });

  it('of several that failed: a block each, the others counted once', () => {
    const [, first, ...others] = reports.noSpace.logs;
    const second = { ...first, path: '/srv/bot/data/logs/tokens.log' };
    const text = screen({ ...reports.noSpace, logs: [others[0], first, second] });
    expect(text.match(/not compacted\n/g)).toHaveLength(2);
    expect(text.match(/Other logs: 1 skipped, 1 failed\./g)).toHaveLength(1);
  });
});

describe('every screen of compact', () => {
  const all = Object.entries(reports).map(([name, report]) => ({ name, report }));

  it.each(all)('$name is plain ASCII in 80 columns, and in 40', ({ report }) => {
    expect(screen(report)).toMatch(/^[\x20-\x7e\n]*$/);
    for (const line of screen(report).split('\n')) {
      expect(line.length, line).toBeLessThanOrEqual(80);
    }
    expect(screen(report, 40)).not.toBe('');
  });

  it.each(all)('$name as JSON is what its schema says', ({ report }) => {
    expect(schemaErrors(JSON.parse(toJson(report)))).toEqual([]);
  });

  it('shows no number that the JSON does not have', () => {
    for (const { report } of all) {
      const json = toJson(report);
      for (const number of screen(report).match(/\d{1,3}(,\d{3})+/g) ?? []) {
        expect(json, number).toMatch(new RegExp(`${number.replaceAll(',', '')}|${number}`));
      }
    }
  });

  it('stays within 80 columns with the largest logs and longest names', () => {
    const [, players, tokens] = reports.compacted.logs;
    const large = { ...players, bytesBefore: 10 ** 13, bytesAfter: 10 ** 12, backupsKept: 1_000 };
    const long = { ...tokens, path: `/srv/${'k'.repeat(300)}.log`, reason: 'r'.repeat(15) };
    const text = screen({ ...reports.compacted, logs: [large, long] });
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(text).toContain('9.09 TiB -> 931.3 GiB');
  });
});
