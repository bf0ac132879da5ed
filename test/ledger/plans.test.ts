import { afterAll, beforeAll, expect, it } from 'vitest';
import { Book } from '../../src/ledger/book.ts';
import { figuresOf } from '../../src/ledger/figures.ts';
import type { OrderFilter } from '../../src/ledger/order-filter.ts';
import { openSqliteStore } from '../../src/ledger/sqlite-store.ts';
import type { Store, Tx } from '../../src/ledger/store.ts';
import { readCase, readList } from '../../src/operator/view.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { paymentResults } from '../../src/payments/results.ts';
import { CALL, payment, refund, World } from '../support/world.ts';

/** What grows with every sale. Read whole, the work of an idle server or an open page grows with the ledger. */
const GROWING = /\bSCAN (orders|refunds|approvals|audit|budget_draws)\b/;

const DAY_MS = 86_400_000;
const MIDNIGHT = Date.parse('2026-11-21T00:00:00+08:00');
const NOW = Date.parse('2026-11-21T15:00:00+08:00');
const page: OrderFilter = { after: { createdAt: NOW, outTradeNo: 'ORDER_1' } };

/** What servers, their pages and waiting calls ask of the ledger of their own accord, or as often as anybody likes. */
const QUESTIONS: Readonly<Record<string, (book: Book, tx: Tx) => Promise<unknown>>> = {
  'when anything is due': (book) => book.asking.earliest('bank 1'),
  'whether anything is due ever': (book) => book.asking.any(),
  'which orders are due': (book) => book.asking.orders('bank 1', 5, 'caller'),
  'which orders of nobody are due': (book) => book.asking.orders('bank 2', 5, ''),
  'which refunds are due': (book) => book.asking.refunds('bank 1', 5),
  'what a corrected clock left behind': (book) => book.asking.pull('bank 1', NOW),
  'when an order was asked about': (book) => book.asking.askedAt('ORDER_1'),
  'the newest orders': (book) => book.orders.list({}, 20),
  'a page of orders': (book) => book.orders.list(page, 20),
  'the orders of a caller': (book) => book.orders.list({ caller: 'test', ...page }, 20),
  'the orders in a state': (book) => book.orders.list({ state: 'UNKNOWN', ...page }, 20),
  'the orders of a caller in a state': (book) => book.orders.list({ caller: 'test', state: 'UNKNOWN' }, 20),
  'the orders of a day': (book) => book.orders.list({ from: NOW, to: NOW + 1 }, 20),
  'the orders of a wallet': (book) => book.orders.list({ provider: 'wechatpay', ...page }, 20),
  'the orders of a caller at a wallet': (book) =>
    book.orders.list({ provider: 'wechatpay', caller: 'test', state: 'PAID' }, 20),
  'the totals of everything': (book) => book.orders.totals({}),
  'the totals of a caller in a state': (book) => book.orders.totals({ caller: 'test', state: 'PAID' }),
  'the totals of some days': (book) =>
    book.orders.totals({ from: MIDNIGHT - 50 * DAY_MS, to: MIDNIGHT, provider: 'alipay' }),
  'what a buyer repeats': (book) => book.orders.byCall('x', 'test'),
  'what waits for a person': (book) => book.approvals.open(),
  'what of a caller waits for a person': (book) => book.approvals.open('test'),
  'the newest approvals': (book) => book.approvals.newest(20),
  'what is approved and not sent': (book) => book.approvals.toCarryOut(['bank 1'], 20),
  'what a refund is taken out of': (book) =>
    book.quotas.draw(['cursor'], { outTradeNo: 'ORDER_1', outRefundNo: 'R1' }),
  'what counts of the last minute': (book) => book.quotas.recentUsage('payment', { caller: 'test' }, NOW),
  'what calls hold of a budget': (book) => book.quotas.budget('cursor'),
  'all budgets': (book) => book.quotas.budgets(),
  'what counts today': (book) => book.quotas.usage('payment', { caller: 'test' }, NOW, NOW + 1),
  'what was paid on a day': (book) => book.orders.paid('bank 1', NOW, NOW + 1),
  'what was refunded on a day': (book) => book.refunds.sent('bank 1', NOW, NOW + 1),
  'which refunds are in doubt': (book) => book.refunds.inDoubt('bank 1'),
  'what is new': (book) => book.audit.after(3, 10),
  'the story of an order': (book) => book.audit.story('ORDER_1'),
  'the newest of a story': (book) => book.audit.newestStory('ORDER_1'),
  'whether there was an alarm': (book) => book.audit.isAlarmed({ outTradeNo: 'ORDER_1' }, 'foreign-trade'),
  'the list of approvals': (book) => readList(book, NOW),
  'what is watched from outside': (_, tx) => figuresOf(tx, ['alipay', 'wechatpay'], NOW),
  'an approval': async (book) => readCase(book, (await book.approvals.newest(1))[0]?.id ?? '', NOW),
};

const world = new World();
let store: Store;

beforeAll(async () => {
  const till = await world.process({ payments: {}, refunds: { approveAboveFen: 0 as never } });
  for (const outTradeNo of ['ORDER_1', 'ORDER_2']) {
    await createPayment(till, CALL, payment({ outTradeNo }));
    world.bank.pay(outTradeNo);
    await refundPayment(till, CALL, refund({ outTradeNo }));
  }
  store = await openSqliteStore(world.ledgerPath, till);
});
afterAll(async () => {
  await store.close();
  await world.end();
});

/** The plans of everything that `work` runs. */
async function plansOf(work: (book: Book, tx: Tx) => Promise<unknown>): Promise<string[]> {
  const plans: string[] = [];
  await store.write(async (tx) => {
    const explained =
      <T>(run: (sql: string, ...values: (string | number | null)[]) => Promise<T>) =>
      async (sql: string, ...values: (string | number | null)[]) => {
        const steps = await tx.all(`EXPLAIN QUERY PLAN ${sql}`, ...values);
        plans.push(...steps.map(({ detail }) => `${String(detail)} in ${sql.replace(/\s+/g, ' ')}`));
        return run(sql, ...values);
      };
    const watched: Tx = { all: explained(tx.all), run: explained(tx.run) };
    await work(new Book(watched, NOW, { caller: 'test' }), watched);
  });
  return plans;
}

it('a page of payments takes as many questions as one payment', async () => {
  const told = (most: number) =>
    plansOf(async (book) => paymentResults(book, CALL, await book.orders.list({}, most)));
  const one = await told(1);
  expect(one.length).toBeGreaterThan(2);
  expect(await told(2)).toHaveLength(one.length);
});

it.each(Object.entries(QUESTIONS))('%s is found by index', async (_, question) => {
  const plans = await plansOf(question);
  expect(plans.length).toBeGreaterThan(0);
  // An index that is walked in its own order ends with the limit.
  const ends = (plan: string) => /^SCAN \w+ USING (COVERING )?INDEX/.test(plan) && /LIMIT/.test(plan);
  expect(plans.filter((plan) => GROWING.test(plan) && !ends(plan))).toEqual([]);
  // What is sorted was read whole: only one order's rows, those of one millisecond, approvals that are open, and what
  // is in doubt, are few.
  const open = /(state = 'pending' AND|approvals.state = 'approved' AND approvals.) ?expires_at >/;
  const few = new RegExp(`WHERE (out_trade_no IN |${open.source}|account = .* AND state = 'UNKNOWN')`);
  expect(plans.filter((plan) => /USE TEMP B-TREE FOR (?!LAST TERM)/.test(plan) && !few.test(plan))).toEqual(
    [],
  );
});

it('of what a buyer repeats, what is in doubt is found without the rest', async () => {
  const plans = await plansOf((book) => book.orders.byCall('x', 'test'));
  expect(plans.join()).toMatch(/orders_in_doubt .*orders_by_call/);
});
