// What the bot remembers: players, tokens, games. Each change goes to a log, then to a main file.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const historyMax = 50;
const dayMs = 86_400_000;

/** The logs that it writes. */
export const logNames = ['players', 'tokens', 'game_state'];

/** The bot's memory over `log`, a module of log functions. `folder` holds the main JSON files. */
export class Storage {
  constructor(log, folder = 'data') {
    this.log = log;
    this.folder = folder;
  }

  /** The main file; the log where that is missing or no whole JSON object. */
  async load(name) {
    return (
      readMain(join(this.folder, `${name}.json`)) ?? (await this.log.rebuildStateFromLog(name))
    );
  }

  async put(name, key, value) {
    await this.log.appendLogEntry(name, { op: this.log.OpType.SET, key, value });
    writeMain(this.folder, name, { ...(await this.load(name)), [key]: value });
  }

  loadPlayers() {
    return this.load('players');
  }

  async playerStats(userId) {
    return (await this.load('players'))[userId] ?? newPlayer(userId);
  }

  async updatePlayer(userId, username, score, isWinner = false) {
    const stats = withGame(await this.playerStats(userId), { username, score, isWinner });
    await this.put('players', userId, stats);
    return stats;
  }

  async leaders(count = 3) {
    const players = Object.values(await this.load('players'));
    return players.sort((a, b) => b.totalScore - a.totalScore).slice(0, count);
  }

  async saveGame(channelId, game) {
    await this.put('game_state', channelId, { ...game, lastUpdated: new Date().toISOString() });
  }

  async loadGame(channelId) {
    return (await this.load('game_state'))[channelId] ?? null;
  }

  async clearGame(channelId) {
    const { log, folder } = this;
    await log.appendLogEntry('game_state', { op: log.OpType.DELETE, key: channelId });
    const { [channelId]: _, ...others } = await this.load('game_state');
    writeMain(folder, 'game_state', others);
  }

  async saveTokens(tokens) {
    const { log, folder } = this;
    const data = { lastUpdated: new Date().toISOString(), count: tokens.length, tokens };
    await log.appendLogEntry('tokens', { op: log.OpType.SET, data });
    writeMain(folder, 'tokens', data);
  }

  /** The tokens; null where there are none, or where they are older than a day. */
  async freshTokens() {
    const { lastUpdated, tokens } = await this.load('tokens');
    return Date.now() - Date.parse(lastUpdated) < dayMs ? tokens : null;
  }
}

function newPlayer(userId) {
  const scores = { totalGames: 0, totalWins: 0, totalScore: 0, averageScore: 0, bestScore: 0 };
  return { userId, username: null, ...scores, gamesHistory: [] };
}

function withGame(stats, { username, score, isWinner }) {
  const totalGames = stats.totalGames + 1;
  const totalScore = stats.totalScore + score;
  const game = { date: new Date().toISOString(), score, isWinner };
  return {
    ...stats,
    ...{ username, totalGames, totalScore },
    totalWins: stats.totalWins + (isWinner ? 1 : 0),
    averageScore: Math.round(totalScore / totalGames),
    bestScore: Math.max(stats.bestScore, score),
    gamesHistory: [...stats.gamesHistory, game].slice(-historyMax),
  };
}

function readMain(path) {
  try {
    const data = JSON.parse(readFileSync(path, 'utf8'));
    return data !== null && typeof data === 'object' ? data : undefined;
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function writeMain(folder, name, data) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.json`);
  writeFileSync(`${path}.tmp`, JSON.stringify(data, null, 2));
  renameSync(`${path}.tmp`, path);
}
