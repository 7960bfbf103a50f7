// A guessing game that plays itself: rounds in one channel, players who guess, a table of the best.
import { setTimeout as wait } from 'node:timers/promises';
import { Storage, logNames } from './storage.js';

const channelId = 'channel-1';
const players = ['ada', 'ben', 'cleo', 'dov'];
const roundsOfGame = 5;
const pauseMs = 5;

/**
 * Plays until a signal comes, or so many rounds. A round that has begun is played to its end, and
 * a game that was interrupted goes on at the next start.
 */
export async function runBot(log, { rounds = Infinity } = {}) {
  const storage = new Storage(log);
  const scheduler = new log.CompactionScheduler().start(logNames);
  let isOver = false;
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => (isOver = true));
  for (let played = 0; played < rounds && !isOver; played++) {
    await playRound(storage);
    await wait(pauseMs);
  }
  await scheduler.stop();
  for (const { username, totalScore } of await storage.leaders()) {
    console.log(`${username} ${totalScore}`);
  }
  console.log('stopped');
}

async function playRound(storage) {
  const tokens = (await storage.freshTokens()) ?? (await newTokens(storage));
  const { round, scores } = (await storage.loadGame(channelId)) ?? { round: 1, scores: {} };
  const token = tokens[Math.floor(Math.random() * tokens.length)];
  const guesses = players.map(
    (name) => tokens[Math.floor(Math.random() * tokens.length)] === token,
  );
  guesses.forEach((isRight, at) => {
    scores[players[at]] = (scores[players[at]] ?? 0) + (isRight ? 100 : 0);
  });
  console.log(`round ${round}`);
  if (round < roundsOfGame) await storage.saveGame(channelId, { round: round + 1, scores });
  else await endGame(storage, scores);
}

async function endGame(storage, scores) {
  const best = Math.max(...Object.values(scores));
  for (const [name, score] of Object.entries(scores)) {
    await storage.updatePlayer(`user-${name}`, name, score, score === best);
  }
  await storage.clearGame(channelId);
}

async function newTokens(storage) {
  const tokens = Array.from({ length: 8 }, (_, id) => ({ id, artist: `artist ${id % 3}` }));
  await storage.saveTokens(tokens);
  return tokens;
}
