import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { BUGS } from './bugs/all.ts';
import { rotten } from './plant.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

it('every bug can be planted: what it replaces stands in the code, once', () => {
  expect(rotten(BUGS, ROOT)).toEqual([]);
});

it('every bug has a name of its own and somebody who has to catch it', () => {
  expect(new Set(BUGS.map(({ name }) => name)).size).toBe(BUGS.length);
  expect(BUGS.filter(({ caughtBy, edits }) => caughtBy.length === 0 || edits.length === 0)).toEqual([]);
});
