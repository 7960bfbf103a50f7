// Writes the benchmark's entries as an opslog store: a manifest, an empty snapshot, one file of
// operations, each with the value that it replaced. The same bytes on every machine.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const names = {
  snapshot: 'snapshots/snap-1767225600000.jsonl',
  ops: 'ops/ops-1767225600001.jsonl',
};

/** The file of the store in which the entries stand: nearly all of its bytes. */
export function opsFileOf(folder) {
  return join(folder, names.ops);
}

/** Makes the folders, the snapshot and the manifest of a store whose operations come next. */
export function writeStoreHead(folder, createdAt) {
  for (const name of ['snapshots', 'ops']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, names.snapshot), `{"version":1,"timestamp":"${createdAt}"}\n`);
  const manifest = {
    version: 1,
    currentSnapshot: names.snapshot,
    activeOps: names.ops,
    archiveSegments: [],
    stats: {
      activeRecords: 0,
      archivedRecords: 0,
      opsCount: 0,
      created: createdAt,
      lastCheckpoint: createdAt,
    },
  };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest, null, 2));
}

/** Returns what words a change as opslog does; it remembers the value of each key, as text. */
export function opslogLines() {
  const values = new Map();
  return ({ time, key, value }) => {
    const prev = values.get(key) ?? 'null';
    // opslog cannot delete what is not there: the entry would be refused.
    if (value === undefined && prev === 'null') return '';
    const head = `{"ts":"${time}","op":"${value === undefined ? 'delete' : 'set'}","id":${key}`;
    if (value === undefined) values.delete(key);
    else values.set(key, value);
    return `${head},"prev":${prev}${value === undefined ? '' : `,"data":${value}`}}\n`;
  };
}
