// Reports made by hand: a bot's logs on a November morning, well, damaged and gone.
import type {
  EntriesReport,
  Finding,
  InspectLogPart,
  InspectReport,
  LogSummary,
  ReplayReport,
  Report,
  VerifyLogPart,
  VerifyReport,
} from '../../src/engine/index.js';
import { benchFsync } from './bench-report.js';

const players = 'data/logs/players.log';
const bestKey = '348571290334887937';
const noChecksum =
  'per-entry checksum: this log has none, about 1 in 4 single bit flips would go unseen';

const ok = { verdict: 'ok', exitCode: 0 } as const;

const envelope = {
  ...{ version: '1.0.0', durationMs: 97, findings: [], notChecked: [], next: [] },
  ...ok,
};

const part = {
  ...{ path: players, dialect: 'progressive', bytes: 2_418_112, lines: 4_672 },
  ...ok,
};

const summary: LogSummary = {
  entries: { CHECKPOINT: 1, SET: 4_671, DELETE: 0, RECOVERED: 0, other: 0 },
  firstTime: '2026-11-03T02:17:03.118Z',
  lastTime: '2026-11-20T08:59:41.207Z',
  keys: { live: 1_204, upstream: 1_204, removed: 0 },
  liveBytes: 517_812,
  reclaimableBytes: 1_900_300,
  tail: 'whole',
};

const backups = [
  backup(1793672223118, '2026-11-03T02:17:03.118Z', 1_436_549, '2026-10-21T02:17:03Z'),
  backup(1792549023094, '2026-10-21T02:17:03.094Z', 1_279_263, '2026-10-09T02:17:04Z'),
  backup(1791512224207, '2026-10-09T02:17:04.207Z', 1_132_462, '2026-09-28T18:00:07Z'),
];

const mirror = {
  ...{ path: 'data/players.json', state: 'agrees' as const, keys: 1_204 },
  ...{ differing: [], differingKeys: 0, ahead: [], aheadKeys: 0 },
};

const inspected: InspectLogPart = {
  ...part,
  ...summary,
  lastEntryAgeMs: 19_300,
  writers: [],
  hiddenProcesses: 0,
  backups,
  restore: { since: '2026-09-28T18:00:07Z', gaps: [] },
  mirror,
  largest: [
    { key: bestKey, bytes: 6_802, versions: 61 },
    { key: '218845771093442561', bytes: 6_655, versions: 54 },
    { key: '771203345590081024', bytes: 6_391, versions: 47 },
  ],
  growthBytesPerDay: 110_000,
};

/** One log that is well. */
export const inspectOne: InspectReport = {
  ...{ schema: 'logctl/inspect@1', report: 'inspect', ...envelope },
  logs: [inspected],
  next: [
    {
      argv: ['logctl', 'compact', '--dry-run', players],
      why: '79 % can be reclaimed; this only shows what it would do',
      writes: false,
    },
  ],
};

/** A directory with a compaction that was killed. */
export const inspectMany: InspectReport = {
  ...{ schema: 'logctl/inspect@1', report: 'inspect', ...envelope },
  ...{ verdict: 'damaged', exitCode: 4 },
  totals: {
    ...{ path: 'data', logs: 3, logBytes: 260_691, backups: 2, backupBytes: 1_900_000 },
    ...{ mirrors: 3, sideFiles: 0, freeBytes: 44_774_287_770, growthBytesPerDay: null },
  },
  logs: [
    small('game_state', { bytes: 48_211, lines: 180 }, 9, '2026-11-20T03:39:07.000Z'),
    {
      ...small('players', { bytes: 0, lines: 0 }, 0, null),
      ...{ verdict: 'damaged', exitCode: 4, tail: 'empty' },
    },
    small('tokens', { bytes: 212_480, lines: 2 }, 4, '2026-11-19T09:00:00.000Z'),
  ],
  findings: [
    {
      ...{ code: 'truncated-log', severity: 'error', path: players, impact: 'lost' },
      message:
        '0 bytes, but players.log.backup.1795146082417 holds 1,061,204 bytes: ' +
        'a compaction was killed',
      consequence: 'Do not start the bot now: with both files like this it fails.',
    },
    {
      ...{ code: 'mirror-torn', severity: 'attention', path: 'data/players.json' },
      message: 'JSON ends early at byte 262144',
    },
  ],
  next: [step('recover', '--dry-run', '--mirror', 'data')],
};

/** The newest versions of one key. */
export const history: EntriesReport = {
  ...{ schema: 'logctl/entries@1', report: 'entries', ...envelope },
  ...{ logs: [part], history: bestKey, matched: 143 },
  entries: [
    version('2026-11-20T08:59:41.207Z', 6_802, 4672, 2_411_222),
    version('2026-11-20T08:41:10.950Z', 6_741, 4661, 2_392_018),
    version('2026-11-19T22:03:55.118Z', 6_733, 4590, 2_343_380),
    version('2026-11-19T21:58:02.664Z', 6_690, 4577, 2_331_047),
  ],
};

const verified: VerifyLogPart = {
  ...{ ...part, ...summary, backups, mirror },
  checked: ['UTF-8', 'JSON', 'entry rules', '1 checkpoint', '3 backups', 'the mirror'],
};

/** A log that is sound. */
export const verifySound: VerifyReport = {
  ...{ schema: 'logctl/verify@1', report: 'verify', ...envelope },
  ...{ logs: [verified], quick: false, findingsCut: 0, notChecked: [noChecksum] },
};

/** The plug was pulled. */
export const verifyTorn: VerifyReport = {
  ...verifySound,
  ...{ verdict: 'attention', exitCode: 3 },
  logs: [
    {
      ...verified,
      ...{ verdict: 'attention', exitCode: 3, lines: 4_673, bytes: 2_418_299, tail: 'torn' },
    },
  ],
  findings: [
    {
      ...{ code: 'torn-tail', severity: 'attention', path: players },
      ...{ line: 4673, offset: 2418112, length: 187, key: bestKey },
      ...{ impact: 'changed', liveLine: 4672, message: 'the last entry stops early' },
      consequence:
        "The bot's own reader refuses this file as it is (JSON error, line 4673). Repair it " +
        'before the bot starts: its next append would be glued to line 4673 and nobody could ' +
        'read it.',
    },
  ],
  next: [step('recover', '--dry-run', players)],
};

/** The same night, but the bot was started first. */
export const verifyGlued: VerifyReport = {
  ...verifySound,
  ...{ verdict: 'damaged', exitCode: 4 },
  logs: [
    { ...verified, verdict: 'damaged', exitCode: 4, lines: 4_685, bytes: 2_423_902, tail: 'whole' },
  ],
  findings: [
    {
      ...{ code: 'mirror-differs', severity: 'attention', path: 'data/players.json' },
      message: '1 key: 771203345590081024',
    },
    glued(4673, 2418112),
  ],
  next: [step('recover', '--dry-run', '--policy', 'salvage', players)],
};

/** A finding of glued lines. */
export function glued(line: number, offset: number): Finding {
  return {
    ...{ code: 'glued-lines', severity: 'error', path: players, line, offset, length: 618 },
    ...{ key: '771203345590081024', impact: 'changed', liveLine: 4644 },
    message: '187 bytes of a torn entry, then 1 whole entry of 431 bytes',
  };
}

/** One key, as it was last night. */
export const replayAt: ReplayReport = {
  ...{ schema: 'logctl/replay@1', report: 'replay', ...envelope },
  askedTime: '2026-11-19T21:57:00.000Z',
  logs: [
    {
      ...part,
      ...{ semantics: 'documented', keys: 1_203, keysShown: 1, liveBytes: 517_003 },
      at: point(4571, 2_326_000, '2026-11-19T21:56:48.020Z'),
      next: point(4572, 2_326_517, '2026-11-19T21:58:02.664Z'),
      ...{ outputBytes: 6_714, stateHash: null },
    },
  ],
};

/** Every report above. */
export const allReports: Record<string, Report> = {
  ...{ inspectOne, inspectMany, history, verifySound, verifyTorn, verifyGlued, replayAt },
  benchFsync,
};

function backup(ms: number, madeAt: string, bytes: number, entriesSince: string) {
  const path = `${players}.backup.${ms}`;
  return { path, ms, madeAt, bytes, verdict: 'ok' as const, compressed: false, entriesSince };
}

function small(
  name: string,
  size: { bytes: number; lines: number },
  live: number,
  lastTime: string | null,
): InspectLogPart {
  const keys = { live, upstream: live, removed: 0 };
  const path = `data/logs/${name}.log`;
  return { ...inspected, path, ...size, keys, lastTime, firstTime: lastTime };
}

function version(time: string, bytes: number, line: number, offset: number) {
  return { path: players, line, offset, length: bytes + 90, time, op: 'SET', key: bestKey, bytes };
}

function point(line: number, offset: number, time: string) {
  return { path: players, line, offset, time };
}

function step(...argv: string[]) {
  return { argv: ['logctl', ...argv], why: '', writes: false };
}
