// Tries the mutants of one group, and tells whoever has started it of each, as soon as it is tried. What to mutate and
// by which tests comes as a message.
import { fileURLToPath } from 'node:url';
import { Stryker } from '@stryker-mutator/core';

process.once('message', async ({ mutate, tests, setup = [], folder }) => {
  process.env.MUTATION_TESTS = tests.join(' ');
  process.env.MUTATION_SETUP = setup.join(' ');
  await new Stryker({
    testRunner: 'vitest',
    vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
    coverageAnalysis: 'perTest',
    mutate,
    concurrency: 1,
    plugins: ['@stryker-mutator/vitest-runner', fileURLToPath(new URL('plugins.mjs', import.meta.url))],
    ignorers: ['words'],
    reporters: ['told'],
    ignorePatterns: ['/*', '!/src', '!/test', '!/package.json'],
    // TypeScript 7 cannot be asked to read it, and nobody in the copy needs it.
    tsconfigFile: 'none.json',
    tempDirName: folder,
    // A mutant that loops does so for ever; one on a slow machine must not seem to.
    timeoutMS: 20_000,
    timeoutFactor: 4,
    logLevel: 'error',
    allowConsoleColors: false,
  }).runMutationTest();
  process.disconnect();
});
