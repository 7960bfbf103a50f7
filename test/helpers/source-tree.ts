// The project's own text as the tidy rules see it: files, their syntax trees, what they import.
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import ts from 'typescript';

/** A function with its size, named by where it stands: `path:line`. */
export interface FunctionSize {
  at: string;
  lines: number;
  node: ts.FunctionLikeDeclaration;
}

const root = process.cwd();
const skippedFolders = new Set(['node_modules', 'dist', '.git', 'coverage']);
const codePattern = /\.(ts|mjs|js)$/;
// Generated code, and AssemblyScript, which is no TypeScript: outside the rules about code.
const exemptPattern = /\.(wasm|as)\.ts$/;

/** All files under the given folders, as paths from the project's root with `/`, sorted. */
export function filesUnder(...folders: string[]): string[] {
  return folders.flatMap((folder) => filesIn(join(root, folder))).sort();
}

/** The hand-written code under the given folders: TypeScript and JavaScript. */
export function codeUnder(...folders: string[]): string[] {
  return filesUnder(...folders).filter(
    (path) => codePattern.test(path) && !exemptPattern.test(path),
  );
}

/** The file's text; bytes that are not UTF-8 read as U+FFFD. */
export function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** The file's syntax tree, with parents. */
export function treeOf(path: string): ts.SourceFile {
  return ts.createSourceFile(path, textOf(path), ts.ScriptTarget.Latest, true);
}

/** Every node below `node`, in reading order. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  for (const child of children) {
    yield child;
    yield* nodesOf(child);
  }
}

/** `path:line` of a node, for messages. */
export function whereIs(node: ts.Node): string {
  const file = node.getSourceFile();
  const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
  return `${file.fileName}:${line + 1}`;
}

/** The module names that a file imports or requires, in any way that a literal can name. */
export function importsOf(path: string): string[] {
  const names: string[] = [];
  for (const node of nodesOf(treeOf(path))) {
    const name = importedName(node);
    if (name && ts.isStringLiteralLike(name)) names.push(name.text);
  }
  return names;
}

/** An import of `path` as a path from the project's root; package names stay as they are. */
export function resolvedImport(path: string, name: string): string {
  if (!name.startsWith('.')) return name;
  const target = join(root, path, '..', name).replace(/\.js$/, '.ts');
  return relative(root, target).split(sep).join('/');
}

/** Every function of a file with the lines it takes, docstring not counted. */
export function functionsOf(path: string): FunctionSize[] {
  const file = treeOf(path);
  const found: FunctionSize[] = [];
  for (const node of nodesOf(file)) {
    if (!isFunctionWithBody(node)) continue;
    const first = file.getLineAndCharacterOfPosition(node.getStart(file)).line;
    const last = file.getLineAndCharacterOfPosition(node.getEnd()).line;
    found.push({ at: whereIs(node), lines: last - first + 1, node });
  }
  return found;
}

/** True for the callback of `describe(...)`: a heading over tests, not a function to read whole. */
export function isDescribeBody(node: ts.Node): boolean {
  const call = node.parent;
  return ts.isCallExpression(call) && /^describe\b/.test(call.expression.getText());
}

function importedName(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return node.argument.literal;
  }
  if (!ts.isCallExpression(node)) return undefined;
  const isImport = node.expression.kind === ts.SyntaxKind.ImportKeyword;
  return isImport || /\brequire$/.test(node.expression.getText()) ? node.arguments[0] : undefined;
}

function isFunctionWithBody(node: ts.Node): node is ts.FunctionLikeDeclaration {
  return ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((item) => {
    const path = join(folder, item.name);
    const fromRoot = relative(root, path).split(sep).join('/');
    if (item.isDirectory()) {
      const isSkipped = skippedFolders.has(item.name) || fromRoot === 'bench/data';
      return isSkipped ? [] : filesIn(path);
    }
    return item.isFile() ? [fromRoot] : [];
  });
}
