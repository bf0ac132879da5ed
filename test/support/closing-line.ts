import type { Reporter, TestModule } from 'vitest/node';
import { explainSkipped } from './skipped.ts';

/**
 * Ends a run with what was skipped and how to run it, and one plain line that any CI can read. No CI passes with a test
 * skipped that could run there.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>): void {
    const count = { passed: 0, failed: 0 };
    const skipped: string[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed' || state === 'failed') count[state]++;
        else skipped.push(test.fullName);
      }
      // A file that does not even load has no tests to count.
      if (module.state() === 'failed' && module.errors().length > 0) count.failed++;
    }
    const { lines, missed } = explainSkipped(skipped);
    const closing = `${count.passed} passed, ${count.failed} failed, ${skipped.length} skipped`;
    process.stdout.write(`\n${[...lines, closing].join('\n')}\n`);
    if (process.env.CI && missed > 0) process.exitCode = 1;
  }
}
