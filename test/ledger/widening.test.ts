import { expect, it } from 'vitest';
import { makeTables } from '../../src/ledger/schema.ts';

/** What takes nothing from a release that does not know of it yet: an index less costs it time only. */
const WIDENS = [
  /^CREATE TABLE /,
  /^CREATE INDEX /,
  /^DROP INDEX /,
  /^ALTER TABLE \w+ ADD COLUMN (?!.*NOT NULL(?!.* DEFAULT ))/,
  /^(INSERT INTO|UPDATE) /,
];
/** Taken away a release after the last that used it, with that release's number. */
const NARROWED: readonly string[] = [];

it.each([undefined, 'postgres'] as const)(
  'since several processes may share a ledger, steps of its schema only widen it (%s)',
  async (dialect) => {
    const said: string[] = [];
    const run = async (sql: string) => {
      said.push(sql.trim());
      return 0;
    };
    const nobody = { lock: async () => undefined, holds: () => true, alone: async () => undefined };
    await makeTables({ ...nobody, run, all: async () => [], common: (make) => make() }, dialect, 0);
    const last = said.findIndex((sql) => sql.includes('CREATE INDEX orders_in_doubt'));
    expect(last).toBeGreaterThan(0);
    const since = said.slice(last + 1);
    expect(since.length).toBeGreaterThan(3);
    expect(
      since.filter((sql) => !NARROWED.includes(sql) && !WIDENS.some((widens) => widens.test(sql))),
    ).toEqual([]);
  },
);
