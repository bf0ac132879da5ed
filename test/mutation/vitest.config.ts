import { defineConfig } from 'vitest/config';
import { useMemoryForTemporaryFolders } from '../support/memory-folder.ts';

useMemoryForTemporaryFolders();

/** The tests of one group, in the process that tries its mutants. */
export default defineConfig({
  test: {
    include: (process.env.MUTATION_TESTS ?? '').split(' '),
    globalSetup: (process.env.MUTATION_SETUP ?? '').split(' ').filter(Boolean),
    setupFiles: ['test/mutation/steady.ts'],
    isolate: false,
    // A mutant that hangs is for Stryker to time, who calls it by that name; a slow machine must not look like a kill.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
