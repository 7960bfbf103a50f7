// Peer: what a script does first, Node's readline, JSON.parse and a Map; the last write wins.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { foldLine, newFold, printFold } from './fold.mjs';

const fold = newFold();
const lines = createInterface({ input: createReadStream(process.argv[2]), crlfDelay: Infinity });
for await (const line of lines) foldLine(fold, line);
printFold(fold);
