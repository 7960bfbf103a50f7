// Findings on the screen: each fact once, and only where it is asked for.
import { describe, expect, it } from 'vitest';
import { lookOf } from '../src/cli/human/look.js';
import { toText } from '../src/cli/present.js';
import type { Finding, Report } from '../src/engine/index.js';
import * as reports from './helpers/reports.js';

const plain = (report: Report) => toText(report, lookOf(80));

describe('findings', () => {
  it('of a whole file say no place twice, and name a listed key once', () => {
    const ahead = ['348571290334887937', 'b', 'c'];
    const finding: Finding = {
      ...{ code: 'mirror-ahead', severity: 'notice', path: 'data/players.json' },
      ...{ key: ahead[0], offset: 0, message: `3 keys only here: ${ahead.join(', ')}` },
    };
    const text = plain({ ...reports.verifySound, findings: [finding] });
    expect(text).toContain(
      '  mirror-ahead  data/players.json  3 keys only here: 348571290334887937,',
    );
    expect(text.match(/348571290334887937/g)).toHaveLength(1);
    expect(text).not.toContain('byte 0');
  });

  it('about size stay out of the screens that speak of soundness', () => {
    const finding: Finding = {
      ...{ code: 'compaction-due', severity: 'notice', path: 'data/logs/players.log' },
      message: '1,900,300 bytes (79 %) can be reclaimed',
    };
    expect(plain({ ...reports.verifySound, findings: [finding] })).toBe(plain(reports.verifySound));
    const many = plain({ ...reports.inspectMany, findings: [finding] });
    expect(many).toContain('compaction-due  logs/players.log  1,900,300 bytes');
  });

  it('of glued lines say that nobody sees the entry, and what is in force instead', () => {
    expect(plain(reports.verifyGlued).replace(/\s+/g, ' ')).toContain(
      'changed: no reader of the format sees this entry, line 4644 is in force instead',
    );
  });

  it('whose place no line can tell still name their bytes', () => {
    const finding: Finding = {
      ...{ code: 'torn-tail', severity: 'attention', path: 'data/logs/players.log' },
      ...{ offset: 1_352_558, length: 150, message: 'the last entry stops early' },
    };
    expect(plain({ ...reports.verifySound, findings: [finding] })).toContain(
      '  torn-tail  byte 1352558, 150 bytes: the last entry stops early\n',
    );
  });
});
