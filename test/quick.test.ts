// verify --quick: the last line and the newest backup, at the cost of a few reads.
import { describe, expect, it } from 'vitest';
import { verify } from '../src/engine/index.js';
import { log, set } from './helpers/bot-log.js';
import { contextOf } from './helpers/context.js';
import type { FileSeed } from './helpers/recording-disk.js';
import { diskWith, logPath } from './helpers/recovery.js';

const lines = Array.from({ length: 50 }, (_, i) => set(`key ${i}`, i, i));
const text = log(...lines);
const torn = set('torn', 1).slice(0, 50);

describe('a quick look', () => {
  it.each([
    ['whole', text, 0, []],
    ['torn', text + torn, 3, ['torn-tail']],
    ['unended', text.slice(0, -1), 3, ['unended-line']],
    ['nul', `${text}\0\0\0\0`, 3, ['nul-tail']],
  ])('at a %s tail sees it, with its offset in the file', async (tail, bytes, exitCode, codes) => {
    const report = await quick(bytes);
    expect(report).toMatchObject({ exitCode, quick: true, logs: [{ tail, bytes: bytes.length }] });
    expect(report.findings.map(({ code }) => code)).toEqual(codes);
    const whole = await verify(contextOf(diskWith(bytes)), [logPath]);
    expect(report.findings.map(({ offset }) => offset)).toEqual(
      whole.findings.map(({ offset }) => offset),
    );
  });

  it('does not see what lies before, and says so', async () => {
    const { exitCode, notChecked } = await quick(`{"bad\n${text}`);
    expect(exitCode).toBe(0);
    expect(notChecked).toEqual(['everything but the last line and the newest backup (--quick)']);
  });

  it('finds a damaged newest backup and leaves older ones unread', async () => {
    const newest = `${logPath}.backup.1795146082418`;
    const older = `${logPath}.backup.1795146082417`;
    const { findings, logs } = await quick(text, { [newest]: torn, [older]: 'x' });
    expect(findings).toMatchObject([{ code: 'backup-damaged', path: newest }]);
    expect(logs[0].backups.map(({ verdict }) => verdict)).toEqual(['damaged', 'unread']);
  });
});

function quick(bytes: string, more: Record<string, FileSeed> = {}) {
  return verify(contextOf(diskWith(bytes, more)), [logPath], { quick: true });
}
