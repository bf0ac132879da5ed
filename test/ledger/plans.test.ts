import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Book } from '../../src/ledger/book.ts';
import { figuresOf } from '../../src/ledger/figures.ts';
import type { OrderFilter } from '../../src/ledger/order-filter.ts';
import type { Row, Store, Tx } from '../../src/ledger/store.ts';
import { readCase, readList } from '../../src/operator/view.ts';
import { closePayment } from '../../src/payments/close-payment.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { listPayments } from '../../src/payments/list-payments.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { queryRefund } from '../../src/payments/query-refund.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { paymentResults } from '../../src/payments/results.ts';
import type { Till } from '../../src/payments/till.ts';
import { hasPostgres } from '../support/postgres.ts';
import { postgresMark } from '../support/skipped.ts';
import { CALL, payment, refund, World } from '../support/world.ts';

/** What grows with every sale. Read whole, the work of an idle server or an open page grows with the ledger. */
const GROWING = [
  'orders',
  'refunds',
  'approvals',
  'audit',
  'budget_draws',
  'deliveries',
  'offers',
  'paid_calls',
  'paid_results',
  'owed',
  'promises',
  'subscriptions',
  'subscription_periods',
  'subscription_tallies',
  'takings',
];

const DAY_MS = 86_400_000;
const MIDNIGHT = Date.parse('2026-11-21T00:00:00+08:00');
const NOW = Date.parse('2026-11-21T15:00:00+08:00');
const page: OrderFilter = { after: { createdAt: NOW, outTradeNo: 'ORDER_1' } };

/** What servers, their pages and waiting calls ask of the ledger of their own accord, or as often as anybody likes. */
const QUESTIONS: Readonly<Record<string, (book: Book, tx: Tx) => Promise<unknown>>> = {
  'when anything is due': (book) => book.asking.earliest('bank 1'),
  'whether anything is due ever': (book) => book.asking.any(),
  'of whom anything is open': (book) => book.asking.accounts(),
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
  'what is approved and not sent': (book) => book.approvals.toCarryOut((account) => account === 'bank 1', 20),
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
  'when a payment and its refunds were proven': (book) => book.audit.proofsOf('ORDER_1'),
  'the list of approvals': (book) => readList(book, NOW),
  'how far the trail has come': (book) => book.trail.head(),
  'what of the trail is an event': (book) => book.trail.between(2, 10, ['order-paid', 'refund-success']),
  'some records': (book) => book.trail.at([1, 2, 3]),
  'what was recorded before': (book) => book.trail.before(NOW),
  'where a channel stands': (book) => book.outbox.states(['boss', 'shop']),
  'when a channel is to be told': (book) => book.outbox.dueAt('boss'),
  'what is taken in for a channel': (book) =>
    book.outbox.takeIn('boss', 0, 9, [{ seq: 9, type: 'payment.paid', lane: 'ORDER_1', rank: 3 }]),
  'what is due to a channel': (book) => book.outbox.take('boss', 'p1', undefined, 20),
  'what was told': (book) =>
    book.outbox.settle(
      'boss',
      [
        { seqs: [1, 2], is: 'delivered' },
        { seqs: [3], is: 'again', dueAt: NOW },
      ],
      { isWell: true, isBack: true, restUntil: 0 },
    ),
  'what was told long ago': (book) => book.outbox.purge('boss'),
  'what a channel is told again': (book) => book.outbox.replay('boss', 9_000),
  'which approvals have expired': (book) =>
    book.approvals.expired({ expiresAt: NOW - DAY_MS, id: '' }, NOW, 20),
  'what is watched from outside': (_, tx) => figuresOf(tx, ['alipay', 'wechatpay'], ['boss'], NOW),
  'what is promised of some orders': (book) => book.promises.ofOrders(['ORDER_1', 'ORDER_2']),
  'what is promised of one': (book) => book.promises.get('ORDER_1'),
  'what a corrected clock has left of what is owed': (book) => book.owed.putBack(NOW),
  'what the server owes of some orders': (book) => book.owed.ofOrders(['ORDER_1', 'ORDER_2']),
  "the newest of a caller's subscriptions": (book) =>
    book.subscriptions.list({ caller: 'test', after: { createdAt: NOW, contractNo: 'GYM001' } }, 20),
  'the newest subscriptions of a wallet': (book) => book.subscriptions.list({ provider: 'alipay' }, 20),
  'an approval': async (book) => readCase(book, (await book.approvals.newest(1))[0]?.id ?? '', NOW),
};

/** What the console, buyers' pages and allowances ask, and the index that was made for it; a table's name is its key. */
const OWN_INDEX: Readonly<
  Record<string, readonly [index: string, question: (book: Book) => Promise<unknown>]>
> = {
  "the order of a gateway's number": [
    'orders_by_gateway_no',
    (book) => book.orders.byGatewayNo('4200001', 5),
  ],
  'orders that are sifted': [
    'orders_listed',
    (book) => book.orders.sift({ from: NOW - 1, to: NOW }, { texts: ['tea'], amountFen: undefined }, 25),
  ],
  'how many orders there were': ['order_tallies', (book) => book.orders.countByDay(NOW - 1, NOW)],
  'what was taken': ['takings', (book) => book.takings.byDay(NOW)],
  'who has taken it': ['takings', (book) => book.takings.byCaller(NOW, 20)],
  'what was last put into a budget': ['budget_moves_by_budget', (book) => book.quotas.lastTopUp('c1')],
  'what a buyer is yet to choose': ['offers_by_call', (book) => book.offers.byCall('x1', 'test')],
  'whether an offer is to forget its buyer': ['offers_by_age', (book) => book.offers.anyToForget(2)],
  'what the server owes by now': ['owed_due', (book) => book.owed.due('bank 1', NOW, 8)],
  'what is overdue by now': ['promises_due', (book) => book.promises.due('bank 1', NOW, 8)],
  'which subscriptions are due': ['subscriptions_due', (book) => book.subscriptions.due('bank 1', NOW, 8)],
  'whose subscriptions are due': ['subscriptions_due', (book) => book.subscriptions.accounts()],
  'a subscription': ['subscriptions', (book) => book.subscriptions.get('GYM001')],
  'the subscription of an agreement': [
    'subscriptions_by_agreement',
    (book) => book.subscriptions.byAgreementNo('alipay', 'x'),
  ],
  'the subscriptions of a wallet in a state': [
    'subscriptions_of_wallet',
    (book) => book.subscriptions.list({ provider: 'wechatpay', state: 'ENDED' }, 20),
  ],
  "a caller's subscriptions of a wallet": [
    'subscriptions_of_caller_by_wallet',
    (book) => book.subscriptions.list({ provider: 'wechatpay', caller: 'c1', state: 'ENDED' }, 20),
  ],
  'what a subscriber repeats': ['subscriptions_by_call', (book) => book.subscriptions.byCall('x', 'test')],
  'how many subscriptions there are': ['subscriptions_open', (book) => book.subscriptions.countOpen(5)],
  'how many subscriptions were made': ['subscription_tallies', (book) => book.subscriptions.madeOn(NOW)],
  'whether a subscriber is to be forgotten': [
    'subscriptions_with_subscriber',
    (book) => book.subscriptions.anyToForget(NOW),
  ],
  'the periods of a subscription': ['subscription_periods', (book) => book.subscriptions.periods('GYM001')],
  'the last period of a subscription': [
    'subscription_periods',
    (book) => book.subscriptions.lastPeriod('GYM001'),
  ],
  'the period of an order': ['subscription_periods', (book) => book.subscriptions.periodOf('ORDER_1')],
  'how much the server owes': ['owed_due', (book) => book.owed.open()],
  'whom the server owes anything': ['owed_due', (book) => book.owed.accounts()],
  'what a page offers': ['offers', (book) => book.offers.byPageToken('x')],
  'a call that is paid for': ['paid_calls', (book) => book.paidCalls.get('x')],
  'the call that an order pays': ['paid_calls', (book) => book.paidCalls.ofOrder('x')],
  'the page of a call': ['paid_calls', (book) => book.paidCalls.byPageToken('x')],
  'the call of a request': [
    'paid_calls_by_request',
    (book) => book.paidCalls.byRequest('ab'.repeat(32), 'gate'),
  ],
  'calls of which something is due': ['paid_calls_due', (book) => book.paidCalls.due(5)],
  'whether a result is old': ['paid_results_by_age', (book) => book.paidCalls.anyToForget(1, 1)],
  'what may be paid by proof': ['paid_calls_unpaid', (book) => book.paidCalls.provable(NOW)],
  'whether a price is old': [
    'paid_calls_unpaid',
    async (book) => {
      await book.paidCalls.forgetUnpaid(1, 1);
    },
  ],
  'what a call has come to': ['paid_results', (book) => book.paidCalls.result('x')],
};

/** What callers have done, as often as they like. */
const CALLS: Readonly<Record<string, (till: Till) => Promise<unknown>>> = {
  'a payment': (till) => createPayment(till, CALL, payment({ outTradeNo: 'ORDER_3' })),
  'a payment that is there': (till) => createPayment(till, CALL, payment({ outTradeNo: 'ORDER_3' })),
  "a buyer's payment": (till) => createPayment(till, CALL, payment({ buyer: 'somebody' })),
  'a question': (till) => queryPayment(till, CALL, { outTradeNo: 'ORDER_3', waitSeconds: 0 }),
  'a wait': (till) => queryPayment(till, CALL, { outTradeNo: 'ORDER_3', waitSeconds: 8 }),
  'the end of a payment': (till) => closePayment(till, CALL, { outTradeNo: 'ORDER_3' }),
  'a refund': (till) => refundPayment(till, CALL, refund({ outTradeNo: 'ORDER_1', outRefundNo: 'R3' })),
  'a question about a refund': (till) =>
    queryRefund(till, CALL, { outTradeNo: 'ORDER_1', outRefundNo: 'R3' }),
  'a list': (till) => listPayments(till, CALL, { limit: 20, state: 'CLOSED' }),
};

/** What a statement is explained by. */
interface Plan {
  readonly sql: string;
  /** The indexes that it goes by, and what else it does. */
  readonly by: string;
  /** That a table which grows is read, or a way through it walked, from one end to the other. */
  readonly whole: readonly string[];
  /** That rows are put in order, which no index has in it. */
  readonly sorts: readonly string[];
}

/** One of PostgreSQL's plans. */
interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  /** As many as the planner expects, from what the tables hold. */
  readonly 'Plan Rows': number;
  readonly Plans?: readonly Node[];
}

/** So many lie in PostgreSQL's tables, all of them settled, that its planner takes none for small. */
const MANY = 5_000;
const FEW = 60;
/** It holds only what is in doubt, and so may be gone through. */
const OF_FEW = /^refunds_in_doubt$/;
const FILLED = [
  `INSERT INTO orders SELECT (jsonb_populate_record(orders, jsonb_build_object(
     'out_trade_no', 'X' || i, 'page_token', 'X' || i, 'created_at', created_at - i * 1000,
     'paid_at', paid_at - i * 1000, 'counted_at', counted_at - i * 1000, 'input_hash', '\\x' || md5(i::text)))).*
   FROM orders, generate_series(1, ${MANY}) AS i WHERE out_trade_no = 'ORDER_1'`,
  `INSERT INTO refunds SELECT (jsonb_populate_record(refunds, jsonb_build_object(
     'out_trade_no', 'X' || i, 'state', 'SUCCESS', 'ask_at', NULL, 'sent_at', created_at - i * 1000))).*
   FROM refunds, generate_series(1, ${MANY}) AS i WHERE out_trade_no = 'ORDER_1'`,
  `INSERT INTO approvals SELECT (jsonb_populate_record(approvals, jsonb_build_object(
     'id', 'X' || i, 'out_trade_no', 'X' || i, 'state', 'used', 'created_at', created_at - i * 1000))).*
   FROM approvals, generate_series(1, ${MANY}) AS i WHERE out_trade_no = 'ORDER_1'`,
  `INSERT INTO audit SELECT (jsonb_populate_record(audit, jsonb_build_object(
     'seq', 1000 + i, 'out_trade_no', CASE WHEN i % 10 < 2 THEN 'ORDER_' || 1 + i % 10 ELSE 'X' || i / 4 END,
     'call_id', 'X' || i / 4, 'kind', 1 + i / 10 % 5))).*
   FROM audit, generate_series(1, ${4 * MANY}) AS i WHERE seq = 1`,
  `INSERT INTO channels (channel, seq) VALUES ('boss', 0), ('shop', 0)`,
  `INSERT INTO deliveries (channel, seq, type, lane, rank, due_at, done_at)
   SELECT CASE WHEN i % 2 = 0 THEN 'boss' ELSE 'shop' END, 1000 + i, 'payment.paid', 'X' || i, i % 4,
     CASE WHEN i % 50 = 0 THEN i END, CASE WHEN i % 50 <> 0 THEN i END FROM generate_series(1, ${MANY}) AS i`,
  `INSERT INTO subscription_tallies (day) SELECT i FROM generate_series(1, ${MANY}) AS i`,
  `INSERT INTO takings (day, provider, caller) SELECT i, 'alipay', 'c' FROM generate_series(1, ${MANY}) AS i`,
  `INSERT INTO order_tallies (scope, day, provider) SELECT '', i, 'alipay' FROM generate_series(1, ${MANY}) AS i`,
  `INSERT INTO budget_moves (seq, at, budget, amount_fen, decided_by)
   SELECT 1000 + i, i, 'c' || i % 50, 1, 'terminal' FROM generate_series(1, ${MANY}) AS i`,
  `INSERT INTO offers (out_trade_no, caller, buyer_hash, amount_fen, title, input_hash, terms_json, page_token,
     created_at, expires_at, asked_json)
   SELECT 'X' || i, 'test', 'x', 1, 'x', 'x' || i, '{}', 'x' || i, i, i, '{}' FROM generate_series(1, ${MANY}) AS i`,
  `INSERT INTO owed (out_trade_no, out_refund_no, account, amount_fen, why, created_at, due_at, try_at, tries)
   SELECT out_trade_no, 'B', account, 1, 'trial', created_at, created_at,
     CASE WHEN created_at % 50000 = 0 THEN created_at END, 0 FROM orders`,
  `INSERT INTO paid_calls (number, caller, face, upstream, priced, request_hash, amount_fen, title, repeatable,
     refund_after_ms, state, created_at, updated_at, expires_at, page_token, page_no, weixin_no, proof_no, paid_by, due_at)
   SELECT 'X' || i, 'gate', 'http', 'u', 'p', decode(md5(i::text), 'hex'), 1, 't', 0, 1, 'PAID', i, i, i, 'x' || i,
     'P' || i, 'W' || i, 'A' || i, CASE WHEN i % 50 <> 0 THEN 'P' || i END, CASE WHEN i % 50 = 0 THEN i END
   FROM generate_series(1, ${MANY}) AS i`,
  `INSERT INTO paid_results SELECT 'X' || i, 200, '[]', '', i FROM generate_series(1, ${MANY}) AS i`,
  `INSERT INTO promises (out_trade_no, account, out_refund_no, created_at, overdue_at, try_at, tries)
   SELECT out_trade_no, account, 'D', created_at, created_at, CASE WHEN created_at % 50000 = 0 THEN created_at END, 0
   FROM orders`,
  `INSERT INTO subscriptions (contract_no, sign_no, provider, account, caller, mode, state, amount_fen, title, period,
     subscriber_hash, input_hash, asked_json, first_day, grace_days, opened_at, sign_before, agreement_no, next_period,
     charged, missed, ended_at, created_at, updated_at, try_at, tries)
   SELECT 'GYM' || i, 'S' || i, CASE WHEN i % 7 = 0 THEN 'wechatpay' ELSE 'alipay' END, 'bank ' || i % 9, 'c' || i % 50, 'auto',
     CASE WHEN i % 50 = 0 THEN 'ACTIVE' ELSE 'ENDED' END, 1900, 'gym', 'P1M', CASE WHEN i % 50 = 0 THEN 's' ELSE '' END,
     'h' || i, '{}', '2026-11-21', 3, i, i, 'AG' || i, 1, 0, 0, i, i, i, CASE WHEN i % 50 = 0 THEN i END, 0
   FROM generate_series(1, ${MANY}) AS i`,
  `INSERT INTO subscription_periods (contract_no, period, out_trade_no, amount_fen, due_at, until_at, tries, created_at)
   SELECT 'GYM' || (1 + i % 500), i, 'P' || i, 1900, i, i, 1, i FROM generate_series(1, ${MANY}) AS i`,
  `INSERT INTO budget_draws SELECT 'X' || i, '', 'c' || i % 50 FROM generate_series(1, ${MANY}) AS i`,
  'ANALYZE',
];

type Explain = (tx: Tx, sql: string, values: readonly (string | number | null)[]) => Promise<Plan>;

const EXPLAINED: Readonly<Record<'sqlite' | 'postgres', Explain>> = {
  async sqlite(tx, sql, values) {
    const steps = await tx.all(`EXPLAIN QUERY PLAN ${sql}`, ...values);
    const found = steps.map(({ detail }) => String(detail));
    // An index that is walked in its own order ends with the limit.
    const ends = (step: string) => /^SCAN \w+ USING (COVERING )?INDEX/.test(step) && /LIMIT/.test(sql);
    const grows = new RegExp(`\\bSCAN (${GROWING.join('|')})\\b`);
    return {
      sql,
      by: found.join(),
      whole: found.filter((step) => grows.test(step) && !ends(step)),
      sorts: found.filter((step) => /USE TEMP B-TREE FOR (?!LAST TERM)/.test(step)),
    };
  },
  async postgres(tx, sql, values) {
    const [row] = await tx.all(`EXPLAIN (FORMAT JSON) ${sql}`, ...values);
    const [{ Plan: root }] = JSON.parse(String((row as Row)['QUERY PLAN'])) as [{ Plan: Node }];
    const [whole, sorts, by]: [string[], string[], string[]] = [[], [], []];
    const look = (node: Node, ends: boolean, table?: string) => {
      const { 'Node Type': type, 'Index Name': index = '', 'Index Cond': looksFor, Plans: below = [] } = node;
      const of = node['Relation Name'] ?? table;
      const isWalked =
        /^(Bitmap )?Index/.test(type) && looksFor === undefined && !ends && !OF_FEW.test(index);
      by.push(index);
      if (GROWING.includes(of ?? '') && (type === 'Seq Scan' || isWalked))
        whole.push(`${type} of ${of} ${index}`);
      // What comes in part in order is sorted a few at a time, which has another name.
      if (type === 'Sort' && isOf(GROWING, node) && node['Plan Rows'] > FEW) sorts.push(type);
      for (const one of below) look(one, type === 'Limit' || (ends && /Append|Join|Loop/.test(type)), of);
    };
    look(root, false);
    return { sql, by: by.join(), whole, sorts };
  },
};

const isOf = (tables: readonly string[], { 'Relation Name': name, Plans = [] }: Node): boolean =>
  tables.includes(name ?? '') || Plans.some((plan) => isOf(tables, plan));

/** Explains every statement before it runs it, while somebody wants to know. */
class Explained extends World {
  readonly #explain: Explain;
  #told: Plan[] | undefined;

  constructor(kind: 'sqlite' | 'postgres') {
    super(1, kind);
    this.#explain = EXPLAINED[kind];
  }

  override async store(): Promise<Store> {
    const store = await super.store();
    const explained = <T>(work: (tx: Tx) => Promise<T>) => {
      return async (tx: Tx) => {
        const first =
          <R>(run: (sql: string, ...values: (string | number | null)[]) => Promise<R>) =>
          async (sql: string, ...values: (string | number | null)[]) => {
            this.#told?.push(await this.#explain(tx, sql, values));
            return run(sql, ...values);
          };
        return work({ ...tx, all: first(tx.all), run: first(tx.run) });
      };
    };
    return {
      ...store,
      read: (work) => store.read(explained(work)),
      write: (work) => store.write(explained(work)),
      note: (work) => store.note(explained(work)),
    };
  }

  /** The plans of everything that is run meanwhile. */
  async plansOf(work: () => Promise<unknown>): Promise<readonly Plan[]> {
    const told: Plan[] = [];
    this.#told = told;
    try {
      await work();
    } finally {
      this.#told = undefined;
    }
    return told;
  }
}

describe.each(['sqlite', 'postgres'] as const)('a ledger in %s', (kind) => {
  const can = kind === 'sqlite' || hasPostgres;
  const test = it.skipIf(!can);
  const titled = (title: string) => title + postgresMark(can);
  let world: Explained;
  let till: Till;
  let store: Store;

  beforeAll(async () => {
    if (!can) return;
    world = new Explained(kind);
    till = await world.process({ payments: {}, refunds: { approveAboveFen: 0 as never } });
    for (const outTradeNo of ['ORDER_1', 'ORDER_2']) {
      await createPayment(till, CALL, payment({ outTradeNo }));
      world.bank.pay(outTradeNo);
      await refundPayment(till, CALL, refund({ outTradeNo }));
    }
    store = await world.store();
    if (kind === 'postgres')
      await store.write(async (tx) => {
        for (const sql of FILLED) await tx.run(sql);
      });
  });
  afterAll(async () => {
    if (!can) return;
    await store.close();
    await world.end('edited');
  });

  const asked = (question: (book: Book, tx: Tx) => Promise<unknown>) =>
    world.plansOf(() => store.write((tx) => question(new Book(tx, NOW, { caller: 'test' }), tx)));

  test(titled('a page of payments takes as many questions as one payment'), async () => {
    const told = (most: number) =>
      asked(async (book) => paymentResults(book, CALL, await book.orders.list({}, most)));
    const one = await told(1);
    expect(one.length).toBeGreaterThan(1);
    expect(await told(2)).toHaveLength(one.length);
  });

  test.each(Object.entries(QUESTIONS))(titled('%s is found by index'), async (_, question) => {
    const plans = await asked(question);
    expect(plans.length).toBeGreaterThan(0);
    expect(plans.filter(({ whole }) => whole.length > 0)).toEqual([]);
    // What is sorted was read whole: only one order's rows, those of one millisecond, approvals that are open, and what
    // is in doubt, are few.
    const open = /(state = 'pending' AND|approvals.state = 'approved' AND approvals.)\s?expires_at >/;
    // … and the first of each strip of a list.
    const few = new RegExp(
      `WHERE (out_trade_no IN |${open.source}|account = .* AND state = 'UNKNOWN')|^/\\*! \\( \\*/ SELECT`,
    );
    expect(plans.filter(({ sql, sorts }) => sorts.length > 0 && !few.test(sql.replace(/\s+/g, ' ')))).toEqual(
      [],
    );
  });

  test.each(Object.entries(OWN_INDEX))(titled('%s goes by its own index'), async (_, [index, question]) => {
    const plans = await asked(question);
    const key = kind === 'sqlite' ? `sqlite_autoindex_${index}_` : `${index}_`;
    expect(plans.at(-1)?.by).toMatch(new RegExp(`\\b(${index}\\b|${key})`));
    expect(plans.filter(({ whole }) => whole.length > 0)).toEqual([]);
  });

  test.each(Object.entries(CALLS))(titled('%s is looked up by index'), async (_, call) => {
    const plans = await world.plansOf(() => call(till));
    expect(plans.length).toBeGreaterThan(2);
    expect(plans.filter(({ whole }) => whole.length > 0)).toEqual([]);
  });

  test(titled('of what a buyer repeats, what is in doubt is found without the rest'), async () => {
    const plans = await asked((book) => book.orders.byCall('x', 'test'));
    expect(plans.map(({ by }) => by).join()).toMatch(/orders_in_doubt.*orders_by_call/);
  });
});
