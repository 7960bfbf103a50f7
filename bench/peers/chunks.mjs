// Peer: a careful script, 1 MiB chunks cut at newlines by indexOf, JSON.parse and a Map.
import { closeSync, openSync, readSync } from 'node:fs';
import { foldLine, newFold, printFold } from './fold.mjs';

const chunkBytes = 1 << 20;
const newline = 0x0a;

const fold = newFold();
const file = openSync(process.argv[2], 'r');
const chunk = Buffer.allocUnsafe(chunkBytes);
// Pieces of a line that began in earlier chunks.
let begun = [];
for (let length; (length = readSync(file, chunk, 0, chunkBytes, null)) > 0;) {
  let start = 0;
  for (let end; (end = chunk.subarray(0, length).indexOf(newline, start)) >= 0; start = end + 1) {
    if (begun.length === 0) {
      foldLine(fold, chunk.toString('utf8', start, end));
    } else {
      begun.push(chunk.subarray(start, end));
      foldLine(fold, Buffer.concat(begun).toString());
      begun = [];
    }
  }
  if (start < length) begun.push(Buffer.from(chunk.subarray(start, length)));
}
if (begun.length > 0) foldLine(fold, Buffer.concat(begun).toString());
closeSync(file);
printFold(fold);
