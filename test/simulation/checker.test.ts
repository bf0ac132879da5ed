import { describe, expect, it } from 'vitest';
import { type Case, CHECK_NAMES, type CheckName, judge } from './checker.ts';
import type { End, Event, Happening } from './history.ts';
import type { RulesName } from './rules.ts';

/*
 * A checker that cannot fail proves nothing: for each of its checks there is a history here that did what none may, and
 * the same history as it should have been.
 */

const SALE = { provider: 'alipay', amountYuan: '10.00', title: 'tea' };
const PAYMENT = {
  outTradeNo: 'ORDER_A',
  state: 'NOTPAY',
  amountYuan: '10.00',
  qrCode: 'https://qr.example/1',
};
const REFUND = { outTradeNo: 'ORDER_A', outRefundNo: 'R1', state: 'SUCCESS', refundYuan: '4.00' };
const BY_BUYER = { ...SALE, buyer: 'alice' };
const LATER = '2026-11-21T15:00:00+08:00';
const OFFER = { provider: 'any', state: 'NOTPAY', cashierUrl: 'http://127.0.0.1/c/1', expiresAt: LATER };

const call = (id: number, tool: string, args: object, client = 'desk'): Happening => ({
  ...{ kind: 'call', id, client, process: 0, tool, args: args as Record<string, unknown> },
});
const answer = (id: number, structured: object): Happening => ({
  kind: 'answer',
  id,
  structured: structured as Record<string, unknown>,
});
const refused = (id: number, code: string): Happening => ({ kind: 'answer', id, error: { code } });
const exchange = (operation: string, more: object = {}): Happening => ({
  ...{ kind: 'exchange', process: 0, gateway: 'alipay', operation, outTradeNo: 'ORDER_A', amountFen: 1_000 },
  ...{ said: 'ok', proven: true, digest: 'a', sentAt: 0 },
  ...more,
});
const book = (what: 'made' | 'paid' | 'closed' | 'refund', more: object = {}): Happening => ({
  ...{ kind: 'book', gateway: 'alipay', what, outTradeNo: 'ORDER_A', amountFen: 1_000 },
  ...more,
});
const refundSent = (more: object = {}) => exchange('refund', { outRefundNo: 'R1', amountFen: 400, ...more });
const sentTwice = (sentAt: number) => refundSent({ fault: 'twice', sentAt });
const refundMade = (more: object = {}) => book('refund', { outRefundNo: 'R1', amountFen: 400, ...more });
const person = (what: 'approves' | 'denies', amountFen = 400): Happening => ({
  ...{ kind: 'person', what, approval: 'A1', outTradeNo: 'ORDER_A', outRefundNo: 'R1', amountFen },
  ...{ of: 'refund', how: 'done' },
});
const TWICE = [call(1, 'close-payment', {}), call(2, 'query-payment', {})];
/** The gateway has refused a refund, and its client has heard so. */
const REFUSED: readonly Happening[] = [
  call(1, 'refund-payment', { outTradeNo: 'ORDER_A', refundYuan: '4.00', outRefundNo: 'R1' }),
  refundSent({ said: 'ACQ.SELLER_BALANCE_NOT_ENOUGH' }),
  refused(1, 'GATEWAY_DECLINED'),
];
/** The same of one that its first sender had left in doubt. */
const DOUBTED = REFUSED.map((event) =>
  event.kind === 'answer'
    ? {
        ...event,
        error: { ...event.error, message: 'The gateway declined; refund R1 has an unknown result.' },
      }
    : event,
);
const notice = (what: 'payment' | 'forged', taken: boolean): Happening => ({
  ...{ kind: 'notice', process: 0, gateway: 'alipay', what, outTradeNo: 'ORDER_A', taken },
});

/** A buyer's wish that has two pages. */
const twoOffers = () => [
  call(1, 'create-payment', BY_BUYER),
  answer(1, { ...OFFER, outTradeNo: 'C1' }),
  call(2, 'create-payment', BY_BUYER),
  answer(2, { ...OFFER, outTradeNo: 'C2' }),
];
const chooses = (outTradeNo: string, payable: boolean): Happening => ({
  ...{ kind: 'choice', wallet: 'alipay', wish: 0, outTradeNo, shown: 'alipay NOTPAY', payable },
});

const BILL = 'A'.repeat(32);
const asks = (id: number, more: object = {}): Happening => ({
  ...{ kind: 'ask', id, process: 0, sale: 0, of: 's0', shows: 'payment', bill: BILL },
  ...more,
});
const served = (id: number, what: 'result' | 'paid back', text = 'the result 0 for s0'): Happening => ({
  ...{ kind: 'served', id, what },
  ...(what === 'result' ? { text } : {}),
});
const executed = (ask: number, more: object = {}): Happening => ({
  ...{ kind: 'executed', process: 0, ask, of: 's0', bill: BILL, nth: 0, trouble: undefined, effect: true },
  ...more,
});
const BOUGHT: readonly Happening[] = [
  book('paid'),
  { kind: 'buys', sale: 0, bill: BILL, way: 'proof', outTradeNo: 'ORDER_A', how: 'done' },
];
const DELIVERED = [...BOUGHT, asks(1), executed(1), served(1, 'result')];
const endOf = (state: string, ...books: End['books']) => ({ calls: [{ bill: BILL, state }], books });

const told = (seq: number, more: object = {}): Happening => ({
  ...{ kind: 'told', process: 0, id: `evt_${seq}_a`, type: 'payment.paid', fate: 'taken', body: '' },
  ...{ outTradeNo: 'ORDER_A', ...more },
});
const REFUNDED = { type: 'refund.succeeded', outRefundNo: 'R1' };

const ORDER: End['ledger'][number] = {
  ...{ outTradeNo: 'ORDER_A', provider: 'alipay', state: 'PAID', amountFen: 1_000, caller: 'desk' },
  ...{ adopted: false, givenOut: true, refunds: [] },
};
const HERE = { outRefundNo: 'R1', state: 'SUCCESS', amountFen: 400, elsewhere: false };
const BOOKED: End['books'][number] = {
  ...{
    gateway: 'alipay',
    outTradeNo: 'ORDER_A',
    amountFen: 1_000,
    state: 'PAID',
    foreign: false,
    byProof: false,
    refunds: [],
  },
};
const THERE = { outRefundNo: 'R1', state: 'SUCCESS', amountFen: 400, elsewhere: false };
const order = (more: object) => ({ ...ORDER, ...more });
const booked = (more: object) => ({ ...BOOKED, ...more });

/** @param rules of the merchant */
function history(events: readonly Happening[], end: Partial<End> = {}, rules: RulesName = 'free'): Case {
  return {
    plan: {
      ...{ rules, processes: [{ background: false, apartMs: 0, fastPpm: 0 }] },
      ...{ steps: [], wishes: [], faults: [] },
      calls: [{ fen: 1_000, retry: false }],
      told: true,
    },
    events: events.map((event, at): Event => ({ ...event, time: at * 2_000 })),
    end: { ledger: [], calls: [], offers: [], books: [], audit: [], intents: [], head: '', ...end },
  };
}
const refunded = { ledger: [{ ...ORDER, refunds: [HERE] }], books: [{ ...BOOKED, refunds: [THERE] }] };
const sold = { ledger: [ORDER], books: [BOOKED] };

/** By check: histories that it refuses, each beside one that it does not. */
const BAD: Readonly<Record<CheckName, readonly (readonly [what: string, bad: Case, good: Case])[]>> = {
  'one gateway': [
    [
      'a buyer who chose twice, and two orders that can be paid',
      history([book('made'), book('made', { gateway: 'wechatpay' })]),
      history([book('made'), book('made', { gateway: 'wechatpay', elsewhere: true })]),
    ],
  ],
  'no double charge': [
    [
      'two codes for one wish',
      history([
        call(1, 'create-payment', BY_BUYER),
        answer(1, { ...PAYMENT, outTradeNo: 'C1', expiresAt: LATER }),
        call(2, 'create-payment', BY_BUYER),
        answer(2, { ...PAYMENT, outTradeNo: 'C2', expiresAt: LATER }),
      ]),
      history([
        call(1, 'create-payment', BY_BUYER),
        answer(1, { ...PAYMENT, outTradeNo: 'C1', expiresAt: LATER }),
        book('closed', { outTradeNo: 'C1' }),
        call(2, 'create-payment', BY_BUYER),
        answer(2, { ...PAYMENT, outTradeNo: 'C2', expiresAt: LATER }),
      ]),
    ],
    [
      'two codes for one wish, each by a choice on its page',
      history([...twoOffers(), chooses('C1', true), chooses('C2', true)]),
      // What was chosen, and whose code never came, nobody can pay.
      history([...twoOffers(), chooses('C1', false), chooses('C2', true)]),
    ],
    [
      'another number than the one that was asked for',
      history([
        call(1, 'create-payment', { ...SALE, outTradeNo: 'ORDER_A' }),
        answer(1, { ...PAYMENT, outTradeNo: 'C1' }),
      ]),
      history([call(1, 'create-payment', { ...SALE, outTradeNo: 'ORDER_A' }), answer(1, PAYMENT)]),
    ],
  ],
  'no lost fact': [
    [
      'a payment that was taken back for a while',
      history(
        [...TWICE, answer(2, { ...PAYMENT, state: 'PAID' }), answer(1, { ...PAYMENT, state: 'CLOSED' })],
        sold,
      ),
      history(
        [...TWICE, answer(1, { ...PAYMENT, state: 'CLOSED' }), answer(2, { ...PAYMENT, state: 'PAID' })],
        sold,
      ),
    ],
    [
      'an order that was told is gone',
      history([call(1, 'create-payment', SALE), answer(1, PAYMENT)]),
      history([call(1, 'create-payment', SALE), answer(1, PAYMENT)], sold),
    ],
    [
      'what was told to be paid is not',
      history([call(1, 'query-payment', {}), answer(1, { ...PAYMENT, state: 'PAID' })], {
        ledger: [order({ state: 'CLOSED' })],
      }),
      history([book('paid'), call(1, 'query-payment', {}), answer(1, { ...PAYMENT, state: 'PAID' })], sold),
    ],
    [
      'a refund that was told is gone',
      history([call(1, 'refund-payment', {}), answer(1, REFUND)], { ledger: [ORDER] }),
      history([refundMade(), call(1, 'refund-payment', {}), answer(1, REFUND)], {
        ledger: [order({ refunds: [HERE] })],
      }),
    ],
    [
      'a notification that was taken has left nothing',
      history([notice('payment', true)], { ledger: [order({ state: 'NOTPAY' })] }),
      history([notice('payment', false)], { ledger: [order({ state: 'NOTPAY' })] }),
    ],
  ],
  'told means proven': [
    [
      'paid, and nobody has',
      history([call(1, 'query-payment', {}), answer(1, { ...PAYMENT, state: 'PAID' }), book('paid')], sold),
      history([book('paid'), call(1, 'query-payment', {}), answer(1, { ...PAYMENT, state: 'PAID' })], sold),
    ],
    [
      'refunded, and the gateway has not',
      history([call(1, 'refund-payment', {}), answer(1, REFUND)], { ledger: [order({ refunds: [HERE] })] }),
      history([refundMade(), call(1, 'refund-payment', {}), answer(1, REFUND)], {
        ledger: [order({ refunds: [HERE] })],
      }),
    ],
  ],
  'no over-refund': [
    [
      'more than was paid',
      history([], { books: [booked({ refunds: [THERE, { ...THERE, amountFen: 700 }] })] }),
      history([], { books: [booked({ refunds: [THERE, { ...THERE, amountFen: 600 }] })] }),
    ],
    [
      'the gateway had to refuse it',
      history([refundSent({ said: 'ACQ.REASON_TRADE_REFUND_FEE_ERR' })]),
      history([refundSent({ said: 'ACQ.SYSTEM_ERROR' })]),
    ],
    [
      'one wish has become two refunds',
      history([
        call(1, 'refund-payment', { outTradeNo: 'ORDER_A', refundYuan: '4.00' }),
        call(2, 'refund-payment', { outTradeNo: 'ORDER_A', refundYuan: '4.00' }),
        answer(1, { ...REFUND, outRefundNo: 'R1' }),
        answer(2, { ...REFUND, outRefundNo: 'R2' }),
      ]),
      history([
        call(1, 'refund-payment', { outTradeNo: 'ORDER_A', refundYuan: '4.00' }),
        call(2, 'refund-payment', { outTradeNo: 'ORDER_A', refundYuan: '4.00' }),
        answer(1, REFUND),
        answer(2, REFUND),
      ]),
    ],
  ],
  'no refund beside one in doubt': [
    [
      'a second refund while nobody knows of the first',
      history([
        refundSent({ fault: 'lost-answer' }),
        refundSent({ outRefundNo: 'R2', digest: 'b', sentAt: 1_000 }),
      ]),
      history([
        refundSent({ fault: 'lost-answer' }),
        exchange('query-refund', { outRefundNo: 'R1', sentAt: 500 }),
        refundSent({ outRefundNo: 'R2', digest: 'b', sentAt: 5_000 }),
      ]),
    ],
    [
      'a second refund while the first is sent again, of which nobody knows either',
      history([
        refundSent({ said: 'declined', proven: true }),
        refundSent({ fault: 'lost-answer', sentAt: 2_000 }),
        refundSent({ outRefundNo: 'R2', digest: 'b', sentAt: 5_000 }),
      ]),
      // What the gateway has taken in, it has.
      history([
        refundSent(),
        refundSent({ fault: 'lost-answer', sentAt: 2_000 }),
        refundSent({ outRefundNo: 'R2', digest: 'b', sentAt: 5_000 }),
      ]),
    ],
  ],
  'no orphan': [
    ['an order that is not known here', history([], { books: [BOOKED] }), history([], sold)],
    [
      'a refund that is not known here',
      history([], { ledger: [ORDER], books: [booked({ refunds: [THERE] })] }),
      history([], { ledger: [order({ refunds: [HERE] })], books: [booked({ refunds: [THERE] })] }),
    ],
    [
      'another sum here',
      history([], { ledger: [order({ amountFen: 999 })], books: [BOOKED] }),
      history([], sold),
    ],
    [
      'sent again with other bytes',
      history([exchange('create', { said: 'lost', proven: false }), exchange('create', { digest: 'b' })]),
      history([exchange('create', { said: 'lost', proven: false }), exchange('create')]),
    ],
  ],
  'books agree': [
    ['paid there', history([], { ledger: [order({ state: 'CLOSED' })], books: [BOOKED] }), history([], sold)],
    ['paid here', history([], { ledger: [ORDER], books: [booked({ state: 'NOTPAY' })] }), history([], sold)],
    ['in doubt', history([], { ledger: [order({ state: 'UNKNOWN' })] }), history([], sold)],
    ['waiting', history([], { ledger: [order({ state: 'NOTPAY' })] }), history([], sold)],
    [
      'refunded there and not here',
      history([], {
        ledger: [order({ refunds: [{ ...HERE, state: 'CLOSED' }] })],
        books: [booked({ refunds: [THERE] })],
      }),
      history([], { ledger: [order({ refunds: [HERE] })], books: [booked({ refunds: [THERE] })] }),
    ],
    [
      'refunded under our number, which was sent',
      history([refundSent()], {
        ledger: [order({ refunds: [{ ...HERE, state: 'PENDING_APPROVAL' }] })],
        books: [booked({ refunds: [{ ...THERE, elsewhere: true }] })],
      }),
      history([], {
        ledger: [order({ refunds: [{ ...HERE, state: 'PENDING_APPROVAL' }] })],
        books: [booked({ refunds: [{ ...THERE, elsewhere: true }] })],
      }),
    ],
    [
      'a refund in doubt',
      history([refundSent({ said: 'lost', proven: false })], {
        ledger: [order({ refunds: [{ ...HERE, state: 'UNKNOWN' }] })],
        books: [BOOKED],
      }),
      history([refundSent({ said: 'ACQ.SELLER_BALANCE_NOT_ENOUGH' })], {
        ledger: [order({ refunds: [{ ...HERE, state: 'UNKNOWN' }] })],
        books: [BOOKED],
      }),
    ],
  ],
  'no limit overshot': [
    [
      'payments of a day',
      history(
        [exchange('create', { amountFen: 5_000 }), exchange('create', { outTradeNo: 'B', amountFen: 5_000 })],
        {},
        'limits',
      ),
      history(
        [exchange('create', { amountFen: 5_000 }), exchange('create', { outTradeNo: 'B', amountFen: 4_000 })],
        {},
        'limits',
      ),
    ],
    [
      'refunds of a day',
      history([refundMade({ amountFen: 1_501 })], {}, 'limits'),
      history([refundMade({ amountFen: 1_500 })], {}, 'limits'),
    ],
    [
      'refunds of a day, of which all have gone back',
      history([refundMade({ amountFen: 1_501 })], { books: [booked({ refunds: [THERE] })] }, 'limits'),
      history(
        [refundMade({ amountFen: 1_501 })],
        { books: [booked({ refunds: [{ ...THERE, state: 'CLOSED' }] })] },
        'limits',
      ),
    ],
    [
      'a budget',
      history([refundMade()], {}, 'budget'),
      history([{ kind: 'filled', budget: 'desk', amountFen: 400 }, refundMade()], {}, 'budget'),
    ],
    [
      'the most of one payment',
      history([exchange('create', { amountFen: 2_001 })], {}, 'few'),
      history([exchange('create', { amountFen: 2_000 })], {}, 'few'),
    ],
  ],
  'no move without its yes': [
    ['nobody was asked', history([refundSent()], {}, 'persons'), history([refundSent()])],
    [
      'to another sum',
      history([person('approves', 300), refundSent()], {}, 'persons'),
      history([person('approves'), refundSent()], {}, 'persons'),
    ],
    [
      'after a no',
      history([person('denies'), refundSent()], {}, 'persons'),
      history([person('approves'), refundSent()], {}, 'persons'),
    ],
    [
      'once more under a yes that was used, after a refusal that was told',
      history([person('approves'), ...REFUSED, refundSent({ sentAt: 9_000 })], {}, 'persons'),
      history([person('approves'), ...REFUSED, person('approves'), refundSent()], {}, 'persons'),
    ],
    [
      'that a refusal has ended, and left nothing in doubt',
      history([person('approves'), ...REFUSED, refundSent()], {}, 'persons'),
      history([person('approves'), ...DOUBTED, refundSent()], {}, 'persons'),
    ],
    [
      'under a yes of half an hour ago',
      history([person('approves'), refundSent({ sentAt: 1_800_000 })], {}, 'persons'),
      history([person('approves'), refundSent({ sentAt: 900_000 })], {}, 'persons'),
    ],
  ],
  'one sender': [
    [
      'a refund that a client was told to be done',
      history([call(1, 'query-refund', {}), answer(1, REFUND), refundSent({ sentAt: 2_001 })]),
      history([call(1, 'query-refund', {}), answer(1, REFUND), refundSent({ sentAt: 1_999 })]),
    ],
    [
      'a refund that another is just sending',
      history([call(1, 'refund-payment', {}), refundSent(), refundSent({ sentAt: 1_000 })]),
      history([{ kind: 'died', process: 0, where: 'told' }, refundSent(), refundSent({ sentAt: 1_000 })]),
    ],
    [
      'a refund that is no copy of what the network delivers twice',
      history([call(1, 'refund-payment', {}), ...[500, 1_500].map((sentAt) => sentTwice(sentAt))]),
      history([call(1, 'refund-payment', {}), ...[500, 3_500, 500].map((sentAt) => sentTwice(sentAt))]),
    ],
  ],
  'nothing without its intent': [
    [
      'a close that the trail knows nothing of',
      history([exchange('close')]),
      history([exchange('close')], { intents: ['close ORDER_A/'] }),
    ],
    [
      'a refund under another number',
      history([refundSent()], { intents: ['refund ORDER_A/R2'] }),
      history([refundSent()], { intents: ['refund ORDER_A/R1'] }),
    ],
  ],
  'nothing while frozen': [
    [
      'a refund',
      history([{ kind: 'frozen' }, refundSent({ sentAt: 1_500 }), { kind: 'thawed' }]),
      history([{ kind: 'frozen' }, refundSent({ sentAt: 900 }), { kind: 'thawed' }]),
    ],
  ],
  'replays are the same': [
    [
      'another sum under the same number',
      history([
        call(1, 'create-payment', { ...SALE, outTradeNo: 'ORDER_A' }),
        answer(1, PAYMENT),
        call(2, 'create-payment', { ...SALE, outTradeNo: 'ORDER_A', amountYuan: '11.00' }),
        answer(2, { ...PAYMENT, amountYuan: '11.00' }),
      ]),
      history(
        [
          call(1, 'create-payment', { ...SALE, outTradeNo: 'ORDER_A' }),
          answer(1, PAYMENT),
          call(2, 'create-payment', { ...SALE, outTradeNo: 'ORDER_A', amountYuan: '11.00' }),
          refused(2, 'IDEMPOTENCY_CONFLICT'),
        ],
        sold,
      ),
    ],
    [
      'the first, answered to another call',
      history(
        [
          call(1, 'create-payment', { ...SALE, outTradeNo: 'ORDER_A', amountYuan: '11.00' }),
          answer(1, PAYMENT),
        ],
        sold,
      ),
      history([call(1, 'create-payment', { ...SALE, outTradeNo: 'ORDER_A' }), answer(1, PAYMENT)], sold),
    ],
  ],
  'nobody sees another’s': [
    [
      'in a list',
      history([call(1, 'list-payments', {}, 'kiosk'), answer(1, { items: [PAYMENT] })], sold),
      history([call(1, 'list-payments', {}, 'desk'), answer(1, { items: [PAYMENT] })], sold),
    ],
    [
      'by its number',
      history([call(1, 'query-payment', {}, 'kiosk'), answer(1, PAYMENT)], sold),
      history([call(1, 'query-payment', {}, 'kiosk'), refused(1, 'ORDER_NOT_FOUND')], sold),
    ],
  ],
  'no forged message taken': [
    ['forged', history([notice('forged', true)], sold), history([notice('forged', false)], sold)],
  ],
  'told what happened': [
    [
      'a payment of which nobody is told',
      history([book('paid')], sold),
      history([book('paid'), told(1)], sold),
    ],
    [
      'a payment that is told and is none',
      history([told(1)]),
      history([book('paid'), told(1), told(1, { fate: 'lost-answer' })], sold),
    ],
    [
      'one event that is two things',
      history([book('paid'), told(1), told(1, { body: '{}' })], sold),
      history([book('paid'), told(1), told(1)], sold),
    ],
    [
      'a refund that is told before its payment',
      history([book('paid'), refundMade(), told(2, REFUNDED), told(1)], refunded),
      history([book('paid'), refundMade(), told(1), told(2, REFUNDED), told(1)], refunded),
    ],
    [
      'one that never arrived',
      history([book('paid'), told(1, { fate: 'busy' })], sold),
      history([book('paid'), told(1, { fate: 'busy' }), told(1)], sold),
    ],
  ],
  'one execution a payment': [
    [
      'executed again',
      history([...BOUGHT, asks(1), executed(1), asks(2), executed(2)]),
      history([...BOUGHT, asks(1), executed(1, { trouble: 'unreachable' }), asks(2), executed(2)]),
    ],
    [
      'executed when it is delivered',
      history([...DELIVERED, asks(2), executed(2, { trouble: 'unreachable' })]),
      history([...DELIVERED, asks(2), served(2, 'result')]),
    ],
    [
      'executed when the money goes back',
      history([...BOUGHT, asks(1), served(1, 'paid back'), asks(2), executed(2)]),
      history([...BOUGHT, asks(1), executed(1), asks(2), served(2, 'paid back')]),
    ],
    [
      'executed for nothing',
      history([asks(1, { bill: undefined, shows: 'nothing' }), executed(1, { bill: undefined })]),
      history([asks(1, { bill: undefined, shows: 'nothing' })]),
    ],
  ],
  'no result unpaid': [
    [
      'executed before it is paid',
      history([asks(1), executed(1), ...BOUGHT], endOf('DELIVERED', BOOKED)),
      history([...BOUGHT, asks(1), executed(1)], endOf('DELIVERED', BOOKED)),
    ],
    [
      'executed when it has gone back',
      history([...BOUGHT, book('refund'), asks(1), executed(1)]),
      history([...BOUGHT, asks(1), executed(1), book('refund')]),
    ],
    [
      'delivered and paid back',
      history(DELIVERED, endOf('DELIVERED', booked({ refunds: [{ ...THERE, amountFen: 1_000 }] }))),
      history(DELIVERED, endOf('DELIVERED', BOOKED)),
    ],
    [
      'delivered for another bill',
      history([...BOUGHT, asks(1, { shows: 'other', of: 's0-other' }), executed(1)], endOf('PAID', BOOKED)),
      history([...BOUGHT, asks(1, { shows: 'other', of: 's0-other' })], endOf('PAID', BOOKED)),
    ],
    [
      'delivered to who has altered what pays',
      history([...BOUGHT, asks(1, { shows: 'altered' }), served(1, 'result')], endOf('PAID', BOOKED)),
      history([...BOUGHT, asks(1, { shows: 'altered' })], endOf('PAID', BOOKED)),
    ],
    [
      'another result the second time',
      history([...DELIVERED, asks(2), served(2, 'result', 'the result 1 for s0')], endOf('PAID', BOOKED)),
      history([...DELIVERED, asks(2), served(2, 'result')], endOf('PAID', BOOKED)),
    ],
  ],
  'paid calls end': [
    [
      'neither delivered nor paid back',
      history(BOUGHT, endOf('PAID', BOOKED)),
      history(BOUGHT, endOf('RESULT_STORED', BOOKED)),
    ],
    [
      'told to be paid back and is not',
      history(BOUGHT, endOf('REFUNDED', BOOKED)),
      history(BOUGHT, endOf('REFUNDED', booked({ refunds: [{ ...THERE, amountFen: 1_000 }] }))),
    ],
    [
      'paid twice, and both are kept',
      history(
        [...BOUGHT, { ...BOUGHT[1], outTradeNo: 'ORDER_B' } as Happening],
        endOf('DELIVERED', BOOKED, booked({ outTradeNo: 'ORDER_B' })),
      ),
      history(
        [...BOUGHT, { ...BOUGHT[1], outTradeNo: 'ORDER_B' } as Happening],
        endOf(
          'DELIVERED',
          BOOKED,
          booked({ outTradeNo: 'ORDER_B', refunds: [{ ...THERE, amountFen: 1_000 }] }),
        ),
      ),
    ],
    [
      'paid back in parts, several times',
      history(
        BOUGHT,
        endOf(
          'REFUNDED',
          booked({ refunds: [1, 2].map((n) => ({ ...THERE, outRefundNo: `R${n}`, amountFen: 500 })) }),
        ),
      ),
      history(BOUGHT, endOf('REFUNDED', booked({ refunds: [{ ...THERE, amountFen: 1_000 }] }))),
    ],
  ],
  'audit holds': [['a gap', history([], { audit: ['gap'] }), history([])]],
  'no error of our own': [
    [
      'nobody answers',
      history([call(1, 'list-payments', {})]),
      history([call(1, 'list-payments', {}), { kind: 'unanswered', id: 1 }]),
    ],
    [
      'an internal error',
      history([call(1, 'list-payments', {}), refused(1, 'INTERNAL')]),
      history([call(1, 'list-payments', {}), refused(1, 'TRY_LATER')]),
    ],
    ['a logged one', history([{ kind: 'alarm', process: 0, what: 'tool failed {}' }]), history([])],
  ],
};

const rows = CHECK_NAMES.flatMap((check) => BAD[check].map((row) => [check, ...row] as const));

describe('the checker', () => {
  it.each(rows)('%s: %s', (check, _what, bad, good) => {
    expect(judge(bad).map((violation) => violation.check)).toContain(check);
    expect(judge(good).filter((violation) => violation.check === check)).toEqual([]);
  });
});
