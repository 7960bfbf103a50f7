#!/usr/bin/env node
// Shows logctl on the shipped example: runs inspect and verify, then says what the exit code means.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const exampleData = 'fixtures/quickstart/data';
const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const designedExitCode = 3;

const outcomes = ['inspect', 'verify'].map(runCommand);
console.log(closingLine(outcomes));
process.exitCode = outcomes.every((outcome) => outcome.endedWith === designedExitCode) ? 0 : 1;

function runCommand(command) {
  console.log(`> logctl ${command} ${exampleData}\n`);
  const program = join(projectFolder, 'bin', 'logctl.js');
  const { status, signal, error } = spawnSync(process.execPath, [program, command, exampleData], {
    cwd: projectFolder,
    stdio: 'inherit',
  });
  console.log('');
  return { command, endedWith: status ?? signal ?? error?.code };
}

function closingLine(outcomes) {
  const [first] = outcomes;
  const isAsDesigned = outcomes.every(({ endedWith }) => endedWith === designedExitCode);
  if (isAsDesigned) {
    const meaning = 'data intact, act soon';
    return `The example is damaged on purpose. Exit code ${first.endedWith} means: ${meaning}.`;
  }
  const seen = outcomes.map(({ command, endedWith }) => `${command} ended with ${endedWith}`);
  return (
    `The example is damaged on purpose and both commands should end with ${designedExitCode}, ` +
    `but ${seen.join(' and ')}.`
  );
}
