// Measures logctl's writer beside its peers and the bot's own way: entries a second, waits, the
// documents' figures, and waits while the log is compacted.
// Usage: npm run bench:writers -- [--tables peers,documents,compacting] [--rounds 5]
//        [--seconds 1] [--only NAME;NAME] [--size 256MiB] [--json FILE] [--data-dir DIR]
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './columns.mjs';
import { describeMachine, orUsage, parseCount, parseSize } from './settings.mjs';
import { compactingText, measureCompacting } from './writers/compacting.mjs';
import { missingPeers } from './writers/contestants.mjs';
import { documentsText, measureDocuments } from './writers/documents.mjs';
import { roundsText, runRounds } from './writers/rounds.mjs';

const benchFolder = dirname(fileURLToPath(import.meta.url));
const options = {
  tables: { type: 'string', default: 'peers,documents,compacting' },
  rounds: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '1' },
  only: { type: 'string' },
  size: { type: 'string', default: '256MiB' },
  json: { type: 'string' },
  'data-dir': { type: 'string', default: join(benchFolder, 'data') },
};
const tables = {
  peers: { measure: runRounds, text: roundsText },
  documents: { measure: measureDocuments, text: documentsText },
  compacting: { measure: measureCompacting, text: compactingText },
};

function tableNames(text) {
  const names = text.split(',');
  const unknown = names.find((name) => !(name in tables));
  if (unknown === undefined) return names;
  throw new Error(`--tables ${unknown}: expected ${Object.keys(tables).join(', ')}`);
}

const settings = orUsage(() => {
  const { values } = parseArgs({ options });
  return {
    tables: tableNames(values.tables),
    dataDir: values['data-dir'],
    rounds: parseCount('--rounds', values.rounds),
    seconds: Number(values.seconds),
    only: values.only?.split(';'),
    size: parseSize(values.size),
    jsonPath: values.json,
    missing: missingPeers(),
    say: (text) => process.stderr.write(`${text}\n`),
  };
});

mkdirSync(settings.dataDir, { recursive: true });
const machine = describeMachine();
console.log(`${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.platform}`);
if (settings.missing.length > 0) {
  const names = settings.missing.join(' and ');
  console.log(`left out: ${names}; to compare with them: npm ci --prefix bench --ignore-scripts`);
}
const results = {};
for (const name of settings.tables) {
  const table = tables[name];
  results[name] = await table.measure(settings);
  const { fsyncs } = results[name];
  const disk = `append + fsync on this disk: ${median(fsyncs).toFixed(2)} ms`;
  console.log(`\n${name}: medians of ${fsyncs.length} rounds; ${disk}\n`);
  console.log(table.text(results[name]).join('\n'));
}
if (settings.jsonPath)
  writeFileSync(settings.jsonPath, `${JSON.stringify({ machine, results }, null, 2)}\n`);
