import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { BUGS } from './bugs/all.ts';
import { rotten } from './plant.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

it('every bug can be planted: what it replaces stands in the code, once', () => {
  expect(rotten(BUGS, ROOT)).toEqual([]);
});

it('no file of bugs is left out', () => {
  const folder = `${ROOT}test/sabotage/bugs/`;
  const written = readdirSync(folder).flatMap((file) =>
    [...readFileSync(folder + file, 'utf8').matchAll(/^ {4}name: '(.+)',$/gm)].map(([, name]) => name),
  );
  expect(BUGS.map(({ name }) => name).sort()).toEqual(written.sort());
});

it('every bug has a name of its own and somebody who has to catch it', () => {
  expect(new Set(BUGS.map(({ name }) => name)).size).toBe(BUGS.length);
  expect(BUGS.filter(({ caughtBy, edits }) => caughtBy.length === 0 || edits.length === 0)).toEqual([]);
  const files = BUGS.flatMap(({ caughtBy }) => caughtBy.map((one) => one.split(' > ')[0] ?? ''));
  expect(files.filter((file) => !existsSync(ROOT + file))).toEqual([]);
});
