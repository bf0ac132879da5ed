import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { useMemoryForTemporaryFolders } from '../support/memory-folder.ts';

useMemoryForTemporaryFolders();

const tests = (process.env.MUTATION_TESTS ?? '').split(' ');

/** As the group names them: the first that notices a mutant ends its run, and Vitest would begin with the slowest. */
class AsNamed extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => tests.findIndex((test) => moduleId.endsWith(test));
    return files.sort((a, b) => place(a) - place(b));
  }
}

/** The tests of one group, in the process that tries its mutants. */
export default defineConfig({
  test: {
    include: tests,
    sequence: { sequencer: AsNamed },
    globalSetup: (process.env.MUTATION_SETUP ?? '').split(' ').filter(Boolean),
    setupFiles: ['test/mutation/steady.ts'],
    isolate: false,
    // A mutant that hangs is for Stryker to time, who calls it by that name; a slow machine must not look like a kill.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
