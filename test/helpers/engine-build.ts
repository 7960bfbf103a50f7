/** The engine as plain JavaScript in a directory of its own, for child processes of tests. */
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const root = resolve(fileURLToPath(import.meta.url), '../../..');

/**
 * Writes `entry` (a path from the project's root) and all it imports as JavaScript into a new
 * temporary directory, types erased and not checked.
 *
 * Gives `script`, the entry's path there, and `directory`, which the caller removes.
 */
export function buildScript(entry: string): { directory: string; script: string } {
  const directory = mkdtempSync(join(tmpdir(), 'logctl-script-'));
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'), 'junction');
  const done = new Set<string>();
  const queue = [join(root, entry)];
  for (let source = queue.pop(); source !== undefined; source = queue.pop()) {
    if (done.has(source)) continue;
    done.add(source);
    const text = readFileSync(source, 'utf8');
    const { outputText } = ts.transpileModule(text, {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
      },
    });
    const target = join(directory, scriptName(relative(root, source)));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, outputText);
    for (const { fileName } of ts.preProcessFile(outputText).importedFiles) {
      if (fileName.startsWith('.')) queue.push(sourceOf(source, fileName));
    }
  }
  return { directory, script: join(directory, scriptName(entry)) };
}

const scriptName = (path: string) => path.replace(/\.ts$/, '.js');

function sourceOf(importer: string, specifier: string): string {
  return fileURLToPath(new URL(specifier.replace(/\.js$/, '.ts'), pathToFileURL(importer)));
}
