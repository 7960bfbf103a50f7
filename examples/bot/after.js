// The bot: node after.js [rounds], in the directory that holds data/. SIGTERM ends it well.
import * as log from 'logctl/append-log';
import { runBot } from './game.js';

const [rounds] = process.argv.slice(2);
await runBot(log, rounds === undefined ? {} : { rounds: Number(rounds) });
