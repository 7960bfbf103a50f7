// The bot: node before.js [rounds], in the directory that holds data/. SIGTERM ends it well.
import * as log from './own-append-log.js';
import { runBot } from './game.js';

const [rounds] = process.argv.slice(2);
await runBot(log, rounds === undefined ? {} : { rounds: Number(rounds) });
