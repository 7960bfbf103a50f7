// Reports of compact made by hand: the bot's three logs by night, well and not well.
import type { CompactLogPart, CompactReport } from '../../src/engine/index.js';
import { glued } from './reports.js';

const folder = '/srv/bot/data/logs';

const players: CompactLogPart = {
  ...{ path: `${folder}/players.log`, dialect: 'progressive', verdict: 'ok', exitCode: 0 },
  ...{ bytes: 521_530, lines: 1, result: 'compacted' },
  ...{ bytesBefore: 2_418_112, bytesAfter: 521_530 },
  ...{ stateHash: hashes('7c1f9a40'), upstreamHash: hashes('7c1f9a40'), keysKeptForReader: 0 },
  ...{ keys: 1_204, liveBytes: 517_812, backup: `${folder}/players.log.backup.1795169820118` },
  ...{ backupsKept: 3, backupsRemoved: [], quarantine: null, heldMs: 3 },
  ...{ neededBytes: 573_683, freeBytes: 44_774_287_770 },
};

const gameState = skipped('game_state', 48_211);
const tokens = skipped('tokens', 212_480);

/** One log was due. */
export const compacted: CompactReport = {
  ...{ schema: 'logctl/compact@1', report: 'compact', version: '1.0.0', durationMs: 97 },
  ...{ verdict: 'ok', exitCode: 0, findings: [], notChecked: [], next: [], dryRun: false },
  logs: [gameState, players, tokens],
};

/** The same, looked at first. */
export const dryRun: CompactReport = {
  ...compacted,
  dryRun: true,
  logs: [gameState, { ...players, result: 'would compact', backup: null }, tokens],
};

/** The hour after, one log asked for. */
export const notDue: CompactReport = {
  ...compacted,
  logs: [{ ...skipped('players', 521_961), backupsKept: 3 }],
};

/** Cron, with a log that is damaged. */
export const damaged: CompactReport = {
  ...failed('damaged', 4, {
    error: { code: 'damaged', message: 'damaged', hint: '' },
    reason: 'The log and its 3 backups are as they were.',
  }),
  findings: [{ ...glued(4673, 2_418_112), path: players.path }],
  next: [
    {
      argv: ['logctl', 'recover', '--dry-run', '--policy', 'salvage', players.path],
      ...{ why: '', writes: false },
    },
  ],
};

/** Cron, with a bot that keeps its log open. */
export const busy: CompactReport = {
  ...failed('busy', 11, {
    error: {
      ...{ code: 'busy', message: 'a writer keeps the file open' },
      hint: 'stop pid 2291, or let it open the file for each entry',
    },
    reason: 'Compacting now would lose what it writes next. Nothing was changed.',
  }),
  findings: [
    {
      ...{ code: 'live-writer', severity: 'notice', path: players.path },
      message: 'pid 2291 (node index.js) keeps the file open for appending',
    },
  ],
};

/** Cron, on a disk that is full. */
export const noSpace: CompactReport = {
  ...failed('no verdict', 8, {
    error: {
      code: 'no-space',
      message: `no space: 573,683 bytes needed in ${folder}, 81,920 are free`,
      hint: `df -h ${folder}`,
    },
    reason: 'Nothing was changed, no temporary file was left.',
  }),
  next: [{ argv: ['df', '-h', folder], why: '', writes: false }],
};

/** A log whose last entry was torn, and that the bot reads in its own way. */
export const quarantined: CompactReport = {
  ...compacted,
  ...{ verdict: 'attention', exitCode: 3 },
  logs: [
    {
      ...{ ...players, verdict: 'attention', exitCode: 3, keysKeptForReader: 2 },
      quarantine: `${players.path}.quarantine.1795169820118.jsonl`,
      backupsCompressed: [`${folder}/players.log.backup.1792549023094.gz`],
    },
  ],
  findings: [
    {
      ...{ code: 'torn-tail', severity: 'attention', path: players.path, impact: 'unknown' },
      message: 'an unfinished last entry was taken out',
    },
  ],
};

function skipped(name: string, bytes: number): CompactLogPart {
  return {
    ...players,
    ...{ path: `${folder}/${name}.log`, result: 'skipped', reason: 'below 1 MiB', lines: 0 },
    ...{ bytes, bytesBefore: bytes, bytesAfter: bytes, stateHash: null, upstreamHash: null },
    ...{ keys: null, liveBytes: null, backup: null, backupsKept: 0, neededBytes: 0, freeBytes: 0 },
  };
}

function failed(
  verdict: CompactReport['verdict'],
  exitCode: CompactReport['exitCode'],
  why: Pick<CompactLogPart, 'error' | 'reason'>,
): CompactReport {
  const log = { ...skipped('players', 2_418_730), result: 'not compacted', ...why } as const;
  const logs = [gameState, { ...log, verdict, exitCode, backupsKept: 3 }, tokens];
  return { ...compacted, verdict, exitCode, logs };
}

function hashes(start: string) {
  const hash = start.padEnd(64, '0');
  return { before: hash, after: hash };
}
