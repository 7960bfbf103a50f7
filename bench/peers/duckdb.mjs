// Peer: DuckDB with 2 threads, the last write of each key in SQL.
import { DuckDBInstance } from '@duckdb/node-api';

// Of the statements tried the fastest that gives the right answer: `last` would need one thread,
// and a window over each key sorts the whole log.
const lastWrites = `
  SELECT count(*) FILTER (WHERE last.op = 'SET'), sum(strlen(last.value)), max(n) FROM (
    SELECT max(n) AS n, arg_max({ 'op': op, 'value': value }, n) AS last FROM (
      SELECT op, key, value, row_number() OVER () AS n
      FROM read_ndjson(?, columns = { op: 'VARCHAR', key: 'VARCHAR', value: 'JSON' })
    ) GROUP BY key
  )`;

const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
const connection = await instance.connect();
const reader = await connection.runAndReadAll(lastWrites, [process.argv[2]]);
const [keys, bytes, lines] = reader.getRows()[0];
console.log(`${lines} lines, ${keys} keys, ${bytes} bytes of values`);
