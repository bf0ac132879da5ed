import { defineConfig } from 'vitest/config';
import { useMemoryForTemporaryFolders } from './test/support/memory-folder.ts';
import { PATIENCE_MS } from './test/support/patience.ts';

useMemoryForTemporaryFolders();

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/rsa-setup.ts', 'test/support/postgres.ts'],
    reporters: ['default', './test/support/closing-line.ts'],
    // What files have in common is loaded, and keys are made, once for all of them.
    isolate: false,
    // Many tests drive other processes; the cores are theirs too.
    maxWorkers: 3,
    // Above what a test waits for, so that it can say what did not come.
    testTimeout: 2 * PATIENCE_MS,
    hookTimeout: 2 * PATIENCE_MS,
    expect: { poll: { timeout: PATIENCE_MS } },
  },
});
