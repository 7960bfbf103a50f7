// Ends the test run's output with one line that counts the tests: `412 passed, 0 failed`.
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** What the closing line counts; `skipped` holds tests marked skip or todo. */
interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Reporter to list last, so that its line is the last of the output.
 *
 * A file that could not be loaded and an error outside any test count as one failure each:
 * a run that exits with 1 never says `0 failed`.
 */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tally: Tally = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const testModule of modules) countModule(testModule, tally);
    // No test at all makes vitest exit with 1, and must not read as a success.
    if (modules.length === 0) tally.failed += 1;
    const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : '';
    process.stdout.write(`\n${tally.passed} passed, ${tally.failed} failed${skipped}\n`);
  }
}

function countModule(testModule: TestModule, tally: Tally): void {
  const failedBefore = tally.failed;
  for (const test of testModule.children.allTests()) countTest(test, tally);
  if (testModule.state() === 'failed' && tally.failed === failedBefore) tally.failed += 1;
}

function countTest(test: TestCase, tally: Tally): void {
  switch (test.result().state) {
    case 'passed':
      tally.passed += 1;
      return;
    case 'failed':
      tally.failed += 1;
      return;
    case 'skipped':
      tally.skipped += 1;
      return;
    case 'pending':
      // Interrupted before it could end: not a success.
      tally.failed += 1;
  }
}
