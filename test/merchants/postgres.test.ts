import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configOf } from '../../src/config.ts';
import { postgresAddress } from '../../src/domain/ledger-address.ts';
import { merchantIn, openLedger } from '../../src/open-ledger.ts';
import { hasPostgres, newDatabase, say } from '../support/postgres.ts';
import { postgresMark } from '../support/skipped.ts';

describe.skipIf(!hasPostgres)(`merchants in one PostgreSQL${postgresMark(hasPostgres)}`, () => {
  let url: string;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    ({ url, drop } = await newDatabase());
  });
  afterAll(() => drop());
  const of = ['tea-shop', 'noodle-bar', 'default'];
  const open = (id: string, how: Parameters<typeof openLedger>[1] = {}) =>
    openLedger(
      configOf({ CASHIER_HOME: '/nowhere', CASHIER_LEDGER: url }, 'operator', 'simulator', {
        ...{ id, of, hasLedger: false },
      }),
      how,
    );

  it('have a schema each, made only by who may make a ledger, and hear and see nothing of each other', async () => {
    await expect(open('tea-shop', { mayMake: false })).rejects.toMatchObject({
      details: { absent: expect.anything() },
    });
    await expect(say(url, 'CREATE TABLE cashier_tea_shop.t (n INT)')).rejects.toThrow(/does not exist/);
    const [tea, again, noodle, mine] = [
      await open('tea-shop'),
      await open('tea-shop'),
      await open('noodle-bar'),
      await open('default'),
    ];
    for (const [ledger, name] of [
      [tea, 'tea-shop'],
      [noodle, 'noodle-bar'],
      [mine, 'default'],
    ] as const) {
      expect(await merchantIn(ledger)).toBe(name);
      await ledger.write((book) => book.setMeta('whose', name));
    }
    for (const [ledger, name] of [
      [again, 'tea-shop'],
      [noodle, 'noodle-bar'],
      [mine, 'default'],
    ] as const) {
      expect(await ledger.read((book) => book.meta('whose'))).toBe(name);
    }
    const operator = noodle.as({ actor: 'operator', tool: 'freeze' });
    await operator.write((book) => book.operator.setFreeze({ by: 'terminal', reason: undefined }));
    expect(await noodle.read((book) => book.operator.freeze())).toBeDefined();
    expect(await tea.read((book) => book.operator.freeze())).toBeUndefined();
    await Promise.all([tea, again, noodle, mine].map((ledger) => ledger.close()));
  });

  it.each(['a b', 'a;drop table orders', 'A', '1a', 'a"b', ''])('%j is no schema', (schema) => {
    const address = new URL(url);
    address.searchParams.set('schema', schema);
    expect(postgresAddress(address.href)).toBeUndefined();
  });
});
