// The rules of the source tree, kept by machine: who imports whom, sizes, docstrings, plain words.
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import {
  codeUnder,
  filesUnder,
  functionsOf,
  importsOf,
  isDescribeBody,
  nodesOf,
  resolvedImport,
  textOf,
  treeOf,
  whereIs,
} from './helpers/source-tree.js';

const fileLinesMax = 500;
const functionLinesMax = 50;
const lineColumnsMax = 100;
const engine = codeUnder('src/engine');
const source = codeUnder('src');
const code = codeUnder('src', 'test', 'bin', 'bench', 'examples', 'fixtures');

describe('imports', () => {
  const screenPackages = ['chalk', 'ora', 'commander', 'cli-table3'];
  const helperModules = ['koffi', 'child_process', 'node:child_process'];

  it('let the commands and the bot functions know the engine by its two doors alone', () => {
    const doors = ['src/engine/index.ts', 'src/engine/reading.ts'];
    const outside = source.filter((path) => !path.startsWith('src/engine/'));
    const wrong = importsAcross(outside, (target) => {
      return target.startsWith('src/engine/') && !doors.includes(target);
    });
    expect(wrong).toEqual([]);
  });

  it('keep the screen, and the commands, out of the engine', () => {
    const wrong = importsAcross(engine, (target) => {
      return screenPackages.includes(target) || !isInsideEngine(target);
    });
    expect(wrong).toEqual([]);
  });

  it('give the file system to disk.ts alone', () => {
    const others = source.filter((path) => path !== 'src/engine/disk.ts');
    expect(importsAcross(others, (target) => /^(node:)?fs(\/|$)/.test(target))).toEqual([]);
  });

  it('give foreign functions and helper programs to the kernel locks alone', () => {
    // The decoder of --decode is a program of the operator's, named on the command line.
    const allowed = /^src\/engine\/(kernel-locks\.ts$|locks\/|decode\/line-decoder\.ts$)/;
    const others = source.filter((path) => !allowed.test(path));
    expect(importsAcross(others, (target) => helperModules.includes(target))).toEqual([]);
  });
});

describe('the engine', () => {
  it('touches no process and no console', () => {
    const imported = importsAcross(engine, (target) => /^(node:)?(process|console)$/.test(target));
    // Surviving SIGIO and Ctrl-Z while leases are held is part of holding them.
    const others = engine.filter((path) => path !== 'src/engine/locks/signals.ts');
    const touched = others.flatMap((path) => places(path, isGlobalOfTheProcess));
    expect([...imported, ...touched]).toEqual([]);
  });

  it('explains every exported function, class and const', () => {
    const wrong = engine.flatMap((path) => {
      const exported = treeOf(path).statements.filter(isExportedCode);
      return exported.filter((node) => !isExplained(node)).map(whereIs);
    });
    expect(wrong).toEqual([]);
  });

  it('names a dialect inside dialects/ alone', () => {
    const outside = source.filter((path) => !path.startsWith('src/engine/dialects/'));
    expect(outside.flatMap((path) => places(path, isDialectName))).toEqual([]);
  });
});

describe('files', () => {
  it(`stay within ${fileLinesMax} lines`, () => {
    const long = code.filter((path) => linesOf(path).length > fileLinesMax);
    expect(long.map((path) => `${path}: ${linesOf(path).length}`)).toEqual([]);
  });

  it(`stay within ${lineColumnsMax} columns`, () => {
    const wide = code.flatMap((path) => {
      const isWide = (line: string): boolean => [...line].length > lineColumnsMax;
      return linesOf(path).flatMap((line, i) => (isWide(line) ? [`${path}:${i + 1}`] : []));
    });
    expect(wide).toEqual([]);
  });

  it(`have functions within ${functionLinesMax} lines`, () => {
    const long = code
      .flatMap(functionsOf)
      .filter(({ lines, node }) => lines > functionLinesMax && !isDescribeBody(node));
    expect(long.map(({ at, lines }) => `${at}: ${lines} lines`)).toEqual([]);
  });

  it('say in their first line what they are responsible for', () => {
    const silent = code.filter((path) => {
      const lines = linesOf(path);
      if (lines[0].startsWith('#!')) lines.shift();
      const first = lines[0] === '/**' ? lines[1] : lines[0];
      return !/^( \*|\/\/|\/\*\*) \S+( \S+){2}/.test(first ?? '');
    });
    expect(silent).toEqual([]);
  });

  it('use no `any`', () => {
    const typed = [...source, ...codeUnder('test')];
    const isAny = (node: ts.Node): boolean => node.kind === ts.SyntaxKind.AnyKeyword;
    expect(typed.flatMap((path) => places(path, isAny))).toEqual([]);
  });
});

describe('words', () => {
  // Written in two parts, or this file would be the first to break its own rules.
  const unwanted: [meaning: string, pattern: RegExp][] = [
    ['a work left undone', new RegExp('\\b(TO' + 'DO|FIX' + 'ME)\\b')],
    ['a path beside the project', new RegExp('\\.\\./sha' + 'red\\b')],
    ['a path of one machine', new RegExp('(^|[^\\w.])/wo' + 'rk/', 'm')],
    ['a package registry', new RegExp('\\bregi' + 'stry\\.[a-z0-9.-]+\\.[a-z]+', 'i')],
    ['a numbered task', new RegExp('\\biss' + 'ue #?\\d+', 'i')],
  ];
  const texts = filesUnder('.').filter((path) => !path.endsWith('.wasm.ts'));

  it.each(unwanted)('never mention %s', (_meaning, pattern) => {
    expect(texts.filter((path) => pattern.test(textOf(path)))).toEqual([]);
  });

  it('keep download addresses out of the lockfile', () => {
    expect(textOf('package-lock.json')).not.toMatch(/"resolved":/);
  });
});

/** `path -> target` for every import of the files whose target the test finds wrong. */
function importsAcross(paths: string[], isWrong: (target: string) => boolean): string[] {
  return paths.flatMap((path) => {
    const targets = importsOf(path).map((name) => resolvedImport(path, name));
    return targets.filter(isWrong).map((target) => `${path} -> ${target}`);
  });
}

/** True for the engine's own files and for packages; false for other parts of the project. */
function isInsideEngine(target: string): boolean {
  // A file of its own: help prints the version and loads no engine for it.
  if (target === 'src/version.ts') return true;
  return target.startsWith('src/engine/') || !/^(\.\.|src|test|bench|bin|fixtures)\b/.test(target);
}

function places(path: string, isWrong: (node: ts.Node) => boolean): string[] {
  return [...nodesOf(treeOf(path))].filter(isWrong).map(whereIs);
}

function linesOf(path: string): string[] {
  return textOf(path).replace(/\n$/, '').split('\n');
}

/** `process` or `console` as a value: neither a member of something nor the name of one. */
function isGlobalOfTheProcess(node: ts.Node): boolean {
  if (!ts.isIdentifier(node) || !['process', 'console'].includes(node.text)) return false;
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) {
    return parent.expression === node || parent.expression.getText() === 'globalThis';
  }
  return !ts.isPropertyAssignment(parent) && !ts.isPropertySignature(parent);
}

function isExportedCode(node: ts.Statement): boolean {
  const isCode =
    ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node) || ts.isVariableStatement(node);
  const modifiers = isCode ? (ts.getModifiers(node) ?? []) : [];
  return modifiers.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword);
}

/** True with a docstring, or in a run of consts without gaps whose first one has it. */
function isExplained(node: ts.Statement): boolean {
  if (ts.getJSDocCommentsAndTags(node).length > 0) return true;
  const file = node.getSourceFile();
  const above = file.statements[file.statements.indexOf(node) - 1];
  if (!above || !ts.isVariableStatement(node) || !ts.isVariableStatement(above)) return false;
  const gap = file.text.slice(above.getEnd(), node.getStart());
  return gap === '\n' && isExplained(above);
}

/** A dialect's name as a string; `jsonl` is also an output format, so there the line decides. */
function isDialectName(node: ts.Node): boolean {
  if (!ts.isStringLiteralLike(node)) return false;
  if (['progressive', 'opslog', 'jsonldb', 'nedb'].includes(node.text)) return true;
  if (node.text !== 'jsonl') return false;
  const { line } = node.getSourceFile().getLineAndCharacterOfPosition(node.getStart());
  return /dialect/i.test(linesOf(node.getSourceFile().fileName)[line]);
}
