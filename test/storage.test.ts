// The bot's storage over our log functions: the five cases of its documents under their names.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as log from '../src/append-log.js';

interface Player {
  totalGames: number;
  totalScore: number;
  totalWins: number;
  bestScore: number;
  averageScore: number;
  gamesHistory: unknown[];
}
type Game = Record<string, unknown>;

/** What `examples/bot/storage.js` gives. */
interface BotStorage {
  loadPlayers(): Promise<Record<string, Player>>;
  playerStats(userId: string): Promise<Player>;
  updatePlayer(id: string, name: string, score: number, isWinner?: boolean): Promise<Player>;
  saveGame(channelId: string, game: Game): Promise<void>;
  loadGame(channelId: string): Promise<Game | null>;
  clearGame(channelId: string): Promise<void>;
  saveTokens(tokens: unknown[]): Promise<void>;
  freshTokens(): Promise<unknown[] | null>;
}

// Plain JavaScript without types, as the example is meant to be read.
const example = '../examples/bot/storage.js';
const { Storage } = (await import(example)) as {
  Storage: new (functions: typeof log, folder: string) => BotStorage;
};

let dataDir: string;
let storage: BotStorage;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'logctl-storage-'));
  log.configure({ dataDir });
  storage = new Storage(log, dataDir);
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const main = (name: string) => join(dataDir, `${name}.json`);
const players = () => log.rebuildStateFromLog<Player>('players');

/** Three games of one player: 450 points, the second one won. */
async function threeGames(userId: string): Promise<void> {
  await storage.updatePlayer(userId, 'Name', 100, false);
  await storage.updatePlayer(userId, 'Name', 200, true);
  await storage.updatePlayer(userId, 'Name', 150, false);
}

const afterThree = { totalGames: 3, totalScore: 450, totalWins: 1, bestScore: 200 };

describe('the cases of the documents', () => {
  it('Progressive player updates: every game counts, in the log as in the main file', async () => {
    await threeGames('user-1');
    expect(await storage.playerStats('user-1')).toMatchObject({ ...afterThree, averageScore: 150 });
    expect((await players())['user-1']).toMatchObject(afterThree);
    expect(await log.readLogEntries('players')).toHaveLength(3);
  });

  it('Game state persistence: the last state of a channel counts', async () => {
    const game = { round: 1, players: ['player1', 'player2'] };
    await storage.saveGame('channel-1', game);
    await storage.saveGame('channel-1', { ...game, round: 2 });
    const latest = { round: 2, players: ['player1', 'player2'] };
    expect(await storage.loadGame('channel-1')).toMatchObject(latest);
    expect((await log.rebuildStateFromLog('game_state'))['channel-1']).toMatchObject(latest);
  });

  it('Tombstone records for deletes: a game that was cleared does not come back', async () => {
    await storage.saveGame('channel-2', { round: 1 });
    expect(await storage.loadGame('channel-2')).not.toBeNull();
    await storage.clearGame('channel-2');
    expect(await storage.loadGame('channel-2')).toBeNull();
    rmSync(main('game_state'));
    expect(await storage.loadGame('channel-2')).toBeNull();
    expect(await log.rebuildStateFromLog('game_state')).toEqual({});
    expect(await log.readLogEntries('game_state')).toMatchObject([{ op: 'SET' }, { op: 'DELETE' }]);
  });

  it('Crash recovery scenario: without its main file the storage loads from the log', async () => {
    await threeGames('user-1');
    rmSync(main('players'));
    expect((await players())['user-1']).toMatchObject(afterThree);
    expect(await storage.playerStats('user-1')).toMatchObject(afterThree);
  });

  it('Multiple concurrent-style updates: each player has their own games', async () => {
    await storage.updatePlayer('player1', 'Player1', 100, false);
    await storage.updatePlayer('player2', 'Player2', 150, true);
    await storage.updatePlayer('player3', 'Player3', 120, false);
    await storage.updatePlayer('player1', 'Player1', 200, true);
    const games = (all: Record<string, Player>) =>
      Object.entries(all).map(([name, { totalGames }]) => `${name}: ${totalGames}`);
    const expected = ['player1: 2', 'player2: 1', 'player3: 1'];
    expect(games(await storage.loadPlayers())).toEqual(expected);
    expect(games(await players())).toEqual(expected);
  });
});

describe('a main file that a crash tore', () => {
  it('counts as missing: the log has what it had', async () => {
    await threeGames('user-1');
    writeFileSync(main('players'), readFileSync(main('players')).subarray(0, 40));
    expect(await storage.playerStats('user-1')).toMatchObject(afterThree);
    await storage.updatePlayer('user-1', 'Name', 50);
    expect(await storage.loadPlayers()).toEqual(await players());
  });
});

describe('compaction', () => {
  it('of all three logs by their names leaves the storage as it was', async () => {
    await threeGames('user-1');
    await storage.saveGame('channel-1', { round: 1 });
    await storage.saveTokens([{ id: 1 }, { id: 2 }]);
    const before = await storage.loadPlayers();
    await log.compactAllLogs();
    for (const name of ['players', 'tokens', 'game_state']) {
      expect(await log.readLogEntries(name)).toMatchObject([{ op: log.OpType.CHECKPOINT }]);
      rmSync(main(name));
    }
    expect(await storage.loadPlayers()).toEqual(before);
    expect(await storage.freshTokens()).toEqual([{ id: 1 }, { id: 2 }]);
    expect(existsSync(main('tokens'))).toBe(false);
  });
});
