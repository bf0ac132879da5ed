import { afterAll, beforeAll, describe } from 'vitest';
import { hasPostgres } from '../support/postgres.ts';
import { postgresMark } from '../support/skipped.ts';
import { worlds } from '../support/world.ts';

/** Some of what runs over SQLite; `npm run test:postgres` runs all of it. */
const SUITES = ['create-payment', 'refund-payment'];

describe.skipIf(!hasPostgres)(`over PostgreSQL${postgresMark(hasPostgres)}`, async () => {
  const { store } = worlds;
  beforeAll(() => {
    worlds.store = 'postgres';
  });
  afterAll(() => {
    worlds.store = store;
  });
  // Other modules than those that register the same tests over SQLite.
  for (const suite of SUITES) await import(`./${suite}.test.ts?postgres`);
});
