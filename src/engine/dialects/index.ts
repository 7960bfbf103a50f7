/** The dialects. Adding one: a codec, a document, fixtures, one line here. */
import type { Dialect } from './dialect.js';
import { jsonl } from './jsonl/jsonl.js';
import { jsonldb } from './jsonldb/jsonldb.js';
import { nedb } from './nedb/nedb.js';
import { opslog } from './opslog/opslog.js';
import { progressive } from './progressive/progressive.js';

/** Every format we know, in the order in which they are asked whether they recognise a file. */
export const DIALECTS: readonly Dialect[] = [progressive, opslog, jsonldb, nedb, jsonl];

/** Their names, as `--dialect` takes them. */
export const dialectNames: readonly string[] = DIALECTS.map(({ name }) => name);

/** How an entry may begin, in any format. */
export const resyncPatterns: readonly string[] = DIALECTS.flatMap(({ resync }) => resync);

/** What libraries put behind a log's name for copies of their own. */
export const companionSuffixes: readonly string[] = DIALECTS.flatMap((dialect) => {
  return dialect.companionSuffixes ?? [];
});
