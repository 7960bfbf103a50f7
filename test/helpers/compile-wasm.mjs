// Compiles the SIMD kernel's AssemblyScript; `npm run build:wasm` writes the module.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const scanFolder = fileURLToPath(new URL('../../src/engine/scan/', import.meta.url));
const sourceFolder = join(scanFolder, 'simd');
const target = join(scanFolder, 'simd.wasm.ts');

/** Every line of the generated file is this long at most. */
const columns = 96;

/**
 * The module's bytes. `change(name, text)` may give another text for a source file: tests put
 * mistakes in. Throws with the compiler's words where the sources do not compile.
 */
export async function compile(change = (_name, text) => text) {
  const outputs = new Map();
  const words = [];
  const readFile = (name) => {
    try {
      return change(name, readFileSync(join(sourceFolder, name), 'utf8'));
    } catch (error) {
      if (error.code === 'ENOENT') return null;
      throw error;
    }
  };
  const { error } = await asc.main(
    [
      ...['scan.as.ts', '--outFile', 'simd.wasm', '-O3', '--converge', '--runtime', 'stub'],
      ...['--enable', 'simd', '--enable', 'bulk-memory', '--noAssert', '--use', 'abort='],
    ],
    {
      readFile,
      writeFile: (name, contents) => void outputs.set(name, contents),
      listFiles: () => [],
      stderr: { write: (text) => void words.push(text) },
    },
  );
  if (error) throw new Error(words.join('') || error.message);
  return outputs.get('simd.wasm');
}

/** The text of the generated file that carries the module. */
export function moduleText(bytes) {
  const base64 = Buffer.from(bytes).toString('base64');
  const lines = base64.match(new RegExp(`.{1,${columns}}`, 'g'));
  return [
    '/** The SIMD kernel, compiled from simd/*.as.ts by `npm run build:wasm`. Not to be edited. */',
    '/** The WebAssembly module as base64. */',
    'export const simdModule =',
    lines.map((line) => `  '${line}'`).join(' +\n') + ';',
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(target, moduleText(await compile()));
}
