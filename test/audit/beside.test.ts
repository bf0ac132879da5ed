import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Verdict, verifyAudit } from '../../src/ledger/audit-verify.ts';
import type { Book } from '../../src/ledger/book.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import { openSqlite } from '../../src/platform/sqlite.ts';
import { CALL, World } from '../support/world.ts';
import { aDayOfTrade, create, giveBack } from './busy-shop.ts';

/*
 * A trail of several pages, which a verification reads in transactions of their own: between any two of them others
 * may write, and somebody may be at the file.
 */
const SOLD = ['SOLD_FIRST', 'SOLD_SECOND', 'SOLD_THIRD', 'SOLD_FOURTH'] as const;
/** More than a page of records that tell of no row. */
const BETWEEN = 2_500;
const COLUMNS =
  'provider, account, caller, scene, amount_fen, title, state, source, input_hash, terms_json, created_at, updated_at, late, closing, asked';
const COPIED_ORDER = `INSERT INTO orders (out_trade_no, page_token, ${COLUMNS})
  SELECT 'SOLD_NEVER', 'x', ${COLUMNS} FROM orders WHERE out_trade_no = 'SOLD_FIRST'`;

let world: World;
let till: Till;
beforeEach(async () => {
  world = new World(11);
  till = await world.process();
  for (const outTradeNo of SOLD) {
    await create(till, { outTradeNo });
    if (outTradeNo === SOLD[0]) await till.ledger.write(copyOften);
    await till.ledger.write(async (book) => {
      for (let i = 0; i < BETWEEN; i++)
        await book.audit.append({ kind: 'calls-limited', detail: { calls: i } });
    });
  }
});
afterEach(() => world.end('edited'));

/** As many orders as a verification compares at once, so that it is done with the first long before its end. */
async function copyOften(book: Book): Promise<void> {
  const order = await book.orders.get(SOLD[0]);
  for (let i = 0; order && i < 120; i++) {
    const [outTradeNo, pageToken] = [`NEVER_SENT_${i}`, `token ${i}`];
    const sent = { plan: undefined, countedAt: undefined, credential: {}, askAt: undefined };
    await book.orders.insert({ ...order, ...sent, outTradeNo, pageToken, state: 'PENDING_APPROVAL' });
  }
}

/** The verdict where `before[n]` happens ahead of the nth transaction of the verification; the first is number 0. */
async function verdict(before: Readonly<Record<number, () => Promise<unknown>>> = {}): Promise<Verdict> {
  let n = -1;
  const interrupted: Pick<Ledger, 'inspect'> = {
    async inspect(work) {
      n += 1;
      await before[n]?.();
      return till.ledger.inspect(work);
    },
  };
  const found = await verifyAudit(interrupted, []);
  expect(n).toBeGreaterThan(found.intact ? 4 : 0);
  return found;
}

const head = () => till.ledger.read((book) => book.audit.head());

async function pay(outTradeNo: string): Promise<void> {
  world.bank.pay(outTradeNo);
  await queryPayment(till, CALL, { outTradeNo, waitSeconds: 0 });
}

/** Somebody is at the file. */
const edit = (sql: string) => async () => {
  const db = await openSqlite(world.ledgerPath);
  db.exec(`PRAGMA foreign_keys = OFF; ${sql}`);
  db.close();
};

describe('what is written beside a verification', () => {
  it('raises no alarm, whether it concerns what has been looked at or what has not, and is looked at too', async () => {
    const found = await verdict({
      1: () => pay('SOLD_FOURTH'),
      2: () => aDayOfTrade(world, till),
      3: async () => {
        await pay('SOLD_FIRST');
        await giveBack(till, 'SOLD_FIRST', 100, 'R_FIRST');
        await closePayment(till, CALL, { outTradeNo: 'SOLD_SECOND' });
      },
      4: async () => {
        await pay('SOLD_SECOND');
        world.clock.advance(5_000);
        await giveBack(till, 'SOLD_FIRST', 150, 'R_SECOND');
        await create(till, {});
      },
      5: async () => {
        await giveBack(till, 'SOLD_FOURTH', 300, 'R_ASKED').catch(() => undefined);
        await create(till, { outTradeNo: 'SOLD_LAST' });
      },
    });
    expect(found).toMatchObject({ intact: true, chain: undefined, tables: [] });
    expect(found.proven).toEqual(await head());
  });
});

describe('what somebody edits beside a verification', () => {
  const orders = (set: string, outTradeNo: string) =>
    edit(`UPDATE orders SET ${set} WHERE out_trade_no = '${outTradeNo}'`);

  it.each([
    [
      'a record',
      edit("UPDATE audit SET caller = 'x' WHERE seq = 9000"),
      { chain: { look: 'edited', seq: 9000 } },
    ],
    ['a record away', edit('DELETE FROM audit WHERE seq = 9000'), { chain: { look: 'missing', seq: 9000 } }],
    ['the end away', edit('DELETE FROM audit WHERE seq > 9000'), { chain: { look: 'cut-off', seq: 9001 } }],
    [
      'an order',
      orders("state = 'PAID'", 'SOLD_FOURTH'),
      { tables: [{ look: 'differs', row: 'SOLD_FOURTH' }] },
    ],
    [
      'the state of an order where it has been already',
      orders("state = 'PAID'", 'SOLD_FIRST'),
      {
        tables: expect.arrayContaining([
          expect.objectContaining({ table: 'order_tallies', column: 'paid_fen' }),
        ]),
      },
    ],
    ['a new order', edit(COPIED_ORDER), { tables: [{ look: 'unrecorded', row: 'SOLD_NEVER' }] }],
    [
      'an order away',
      edit("DELETE FROM orders WHERE out_trade_no = 'SOLD_FIRST'"),
      { tables: [{ look: 'gone' }] },
    ],
  ])('is found where it has not been yet, or in the sums at its end: %s', async (name, change, expected) => {
    const found = await verdict({ [name.includes('already') ? 3 : 2]: change });
    expect(found).toMatchObject({ intact: false, ...expected });
  });

  it.each([
    ['a record', edit("UPDATE audit SET caller = 'x' WHERE seq = 3")],
    ['an order', orders("title = 'x'", 'SOLD_FIRST')],
  ])('is found by the next one where it has been already: %s', async (_, change) => {
    expect(await verdict({ 3: change })).toMatchObject({ intact: true });
    expect(await verdict()).toMatchObject({ intact: false });
  });
});
