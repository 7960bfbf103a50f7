// Checks JSON reports against the schemas that are shipped.
import { readFileSync, readdirSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';

const folder = 'src/schemas';
const ajv = new Ajv2020({ allErrors: true, strict: true, strictTypes: false });
for (const file of readdirSync(folder)) {
  ajv.addSchema(JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')));
}

/** The ways in which `report` breaks the schema that its `report` member names; none is good. */
export function schemaErrors(report: unknown): string[] {
  const { report: name } = report as { report: string };
  const validate = ajv.getSchema(`${name}.schema.json`);
  if (validate === undefined) return [`no schema for ${name}`];
  validate(report);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
