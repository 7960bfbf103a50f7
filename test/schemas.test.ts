// The JSON contract: real reports keep the shipped schemas, and the schemas leave nothing out.
import { readFileSync, readdirSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { EXIT, FINDINGS, verdictOf } from '../src/engine/index.js';
import { log } from './helpers/bot-log.js';
import { botStore, playerKeys } from './helpers/bot-store.js';
import { cli } from './helpers/cli.js';
import { schemaErrors } from './helpers/schema.js';

const folder = 'src/schemas';
const store = botStore();
afterAll(() => store.remove());
const [best, , third] = playerKeys;
store.write(store.players, `${store.text}${store.torn(best)}${log(store.whole(third))}`);

interface Schema {
  properties?: Record<string, Schema>;
  allOf?: Schema[];
  anyOf?: Schema[];
  items?: Schema;
  $ref?: string;
  $defs?: Record<string, Schema>;
  enum?: unknown[];
  type?: string;
}

const schemas = Object.fromEntries(
  readdirSync(folder).map((file) => [file, JSON.parse(readFileSync(`${folder}/${file}`, 'utf8'))]),
) as Record<string, Schema>;

const reports: [name: string, args: string[]][] = [
  ['inspect', ['inspect', 'data']],
  ['entries', ['inspect', '--entries', '--values', '--raw', '--since', '2026-11-19', 'data']],
  ['entries', ['inspect', '--history', best, 'data']],
  ['verify', ['verify', 'data']],
  ['verify', ['verify', '--quick', 'data']],
  ['replay', ['replay', '--on-error', 'skip', '--at', '2026-11-19T10:30:00Z', 'data']],
  ['replay', ['replay', '--on-error', 'skip', '--diff', 'data/players.json', 'data']],
  ['error', ['replay', 'nowhere.log']],
];

describe('a report', () => {
  it.each(reports)('of kind %s keeps its schema: %j', async (name, args) => {
    const report = await reportOf(args);
    expect(report.report).toBe(name);
    expect(schemaErrors(report)).toEqual([]);
  });

  it.each(reports)(
    'of kind %s has no member that its schema does not describe: %j',
    async (...one) => {
      const [name, args] = one;
      const report = await reportOf(args);
      expect(undescribed(report, [schemas[`${name}.schema.json`]], `${name}.schema.json`)).toEqual(
        [],
      );
    },
  );

  it('that loses any member it must have breaks its schema', async () => {
    for (const [, args] of reports) {
      const report = await reportOf(args);
      for (const name of [
        'schema',
        'verdict',
        'exitCode',
        'logs',
        'findings',
        'notChecked',
        'next',
      ]) {
        const { [name]: _, ...rest } = report;
        expect(schemaErrors(rest), `${args[0]} without ${name}`).not.toEqual([]);
      }
    }
  });
});

describe('the schemas', () => {
  const { $defs = {} } = schemas['envelope.schema.json'];

  it('know every exit code and every verdict', () => {
    const codes = Object.values(EXIT);
    expect($defs.exitCode.enum).toEqual(codes);
    const verdicts = new Set(codes.map(verdictOf));
    expect([...($defs.verdict.enum ?? [])].sort()).toEqual([...verdicts].sort());
  });

  it('know every severity of the findings', () => {
    const severities = new Set(Object.values(FINDINGS).map(({ severity }) => severity));
    const known = $defs.finding.properties?.severity.enum ?? [];
    expect([...severities].filter((severity) => !known.includes(severity))).toEqual([]);
  });
});

async function reportOf(args: string[]): Promise<Record<string, unknown>> {
  const { out } = await cli(['--json', ...args], { cwd: store.root });
  return JSON.parse(out);
}

/** Paths of members that none of the schemas describes; `file` is where their references start. */
function undescribed(value: unknown, under: Schema[], file: string, path = ''): string[] {
  const all = under.flatMap((schema) => unfolded(schema, file));
  if (Array.isArray(value)) {
    const items = all.flatMap(({ items: item }) => item ?? []);
    return value.flatMap((one) => undescribed(one, items, file, `${path}[]`));
  }
  const named = all.filter(({ properties }) => properties !== undefined);
  // Free-form objects (counts by operation, values of a log) describe no members.
  if (typeof value !== 'object' || value === null || named.length === 0) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const described = named.flatMap(({ properties }) => properties?.[name] ?? []);
    const here = `${path}.${name}`;
    return described.length === 0 ? [here] : undescribed(member, described, file, here);
  });
}

/** The schema and all that it refers to or is made of. */
function unfolded(schema: Schema, file: string): Schema[] {
  const parts = [...(schema.allOf ?? []), ...(schema.anyOf ?? [])];
  const target = schema.$ref === undefined ? [] : [resolved(schema.$ref, file)];
  return [schema, ...[...parts, ...target].flatMap((part) => unfolded(part, file))];
}

function resolved(reference: string, file: string): Schema {
  const [name, place = ''] = reference.split('#/$defs/');
  // References inside the envelope's own definitions are relative to it.
  const home = schemas[name === '' || name === '#' ? file : name];
  const found =
    place === '' ? home : (home.$defs?.[place] ?? schemas['envelope.schema.json'].$defs?.[place]);
  if (found === undefined) throw new Error(`${reference} of ${file} leads nowhere`);
  return found;
}
