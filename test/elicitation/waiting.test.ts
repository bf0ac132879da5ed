import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Till } from '../../src/payments/till.ts';
import { freeze } from '../../src/policy/decisions.ts';
import { until } from '../support/server-process.ts';
import { accept, decide } from '../support/world.ts';
import {
  type Answering,
  CAREFUL,
  Counter,
  type CounterOptions,
  type Customer,
  DECLARED,
  TRUSTING,
  type Way,
  YES,
} from './counter.ts';

const OLD: readonly Way[] = ['stdio 2025, client 1.x', 'stdio 2025, client 2.x'];
const NEW: readonly Way[] = ['stdio 2026, client 2.x', 'http 2026, client 2.x'];
const URL_WAYS = [...OLD, ...NEW];
const opens: Answering = () => ({ action: 'accept' });
const silent: Answering = () => new Promise(() => undefined);

let counter: Counter;
let till: Till;
let outTradeNo: string;
beforeEach(async () => {
  counter = new Counter();
  till = await counter.till();
  outTradeNo = await counter.sold(till);
});
afterEach(() => counter.end());

async function customer(
  way: Way,
  answering: Answering,
  options: CounterOptions = {},
  declared: object = DECLARED['form and url'],
): Promise<Customer> {
  return counter.customer(await counter.deps(options, till), way, declared, answering);
}
const refund = () => ({ outTradeNo, refundYuan: '1.00' });
const open = () => until('an approval', async () => (await counter.approvals(till))[0]);
const refunded = () => counter.bank.refundedFen(outTradeNo);

describe('while the page is open', () => {
  it.each(URL_WAYS)(
    'a yes at the terminal of another process is carried out by the same call: %s',
    async (way) => {
      const elsewhere = await counter.till();
      const buyer = await customer(way, opens);
      const progress: number[] = [];
      const call = buyer.call('refund-payment', refund(), {
        onprogress: ({ progress: seconds, message }) => {
          // The 2.x client tells of its own rounds, too.
          if (message === 'Awaiting approval') progress.push(seconds);
        },
      });
      const approval = await open();
      await until('the question', () => buyer.asked.length > 0 || undefined);
      await until('progress', () => progress.length > 0 || undefined);
      counter.clock.pass(2_000);
      await until('more of it', () => progress.length > 1 || undefined);
      await decide(elsewhere, approval.id);
      expect(await call).toMatchObject({
        structured: { state: 'SUCCESS', outRefundNo: approval.outRefundNo },
      });
      expect(refunded()).toBe(100);
      expect(buyer.asked).toHaveLength(1);
      expect(buyer.asked[0]).toMatchObject({
        mode: 'url',
        url: `https://cashier.example/approvals/${approval.id}`,
      });
      expect(progress).toEqual([...new Set(progress)].sort((a, b) => a - b));
    },
  );

  it.each(URL_WAYS)('a no is told by the same call, and is final: %s', async (way) => {
    const buyer = await customer(way, opens);
    const call = buyer.call('refund-payment', refund());
    await decide(till, (await open()).id, false);
    expect(await call).toMatchObject({ structured: { state: 'DENIED' } });
    expect(await buyer.call('refund-payment', refund())).toMatchObject({ structured: { state: 'DENIED' } });
    expect([refunded(), buyer.asked.length]).toEqual([0, 1]);
  });

  it.each(URL_WAYS)('a payment whose number was made here stays one payment: %s', async (way) => {
    const buyer = await customer(way, opens);
    const call = buyer.call('create-payment', { amountYuan: '100.01', title: 'dear' });
    const approval = await open();
    await decide(till, approval.id);
    const reply = await call;
    expect(reply).toMatchObject({ structured: { state: 'NOTPAY', outTradeNo: approval.outTradeNo } });
    expect(reply.image?.subarray(1, 4).toString()).toBe('PNG');
    const orders = await till.ledger.read((book) => book.orders.list({}, 10));
    expect(orders.map((order) => order.outTradeNo).sort()).toEqual([approval.outTradeNo, outTradeNo].sort());
    expect(buyer.asked[0]?.message).toContain(`a payment of 100.01 yuan, order ${approval.outTradeNo}`);
  });

  it.each(OLD)('the decision may also come before the dialog is answered: %s', async (way) => {
    const buyer = await customer(way, silent);
    const call = buyer.call('refund-payment', refund());
    await decide(till, (await open()).id);
    expect(await call).toMatchObject({ structured: { state: 'SUCCESS' } });
  });

  it.each(URL_WAYS)('nobody decides: the call is answered as ever, within 20 s: %s', async (way) => {
    const buyer = await customer(way, opens);
    const call = buyer.call('refund-payment', refund());
    await counter.passes(20_000, call);
    expect(await call).toMatchObject({ structured: { state: 'PENDING_APPROVAL' } });
    await decide(till, (await open()).id);
    expect(await buyer.call('refund-payment', refund())).toMatchObject({ structured: { state: 'SUCCESS' } });
    expect(buyer.asked).toHaveLength(1);
  });

  it('a freeze still counts: the yes is not carried out', async () => {
    const buyer = await customer('stdio 2025, client 1.x', opens);
    const call = buyer.call('refund-payment', refund());
    const approval = await open();
    await till.ledger.write((book) => freeze(book, 'test', undefined));
    await decide(till, approval.id);
    const reply = await call;
    expect([reply.isError, JSON.parse(reply.text).code, refunded()]).toEqual([true, 'FROZEN', 0]);
  });
});

describe('a client', () => {
  it.each(URL_WAYS.flatMap((way) => [[way, 'decline'] as const, [way, 'cancel'] as const]))(
    '%s that answers %s is not kept waiting and not asked again',
    async (way, action) => {
      const buyer = await customer(way, () => ({ action }));
      // No time passes.
      const reply = await buyer.call('refund-payment', refund());
      expect(reply).toMatchObject({ structured: { state: 'PENDING_APPROVAL' } });
      expect(buyer.asked).toHaveLength(1);
      expect(await counter.approvals(till)).toHaveLength(1);
    },
  );

  it.each(
    OLD.flatMap((way) => [
      [way, 'url', CAREFUL, DECLARED['form and url']] as const,
      [way, 'form', TRUSTING, DECLARED['{}']] as const,
    ]),
  )('%s that never answers a %s dialog has it taken back after 25 s', async (way, mode, policy, declared) => {
    till = await counter.till(policy);
    await accept(till, policy);
    const buyer = await customer(way, silent, {}, declared);
    const call = buyer.call('refund-payment', refund());
    await counter.passes(25_000, call);
    expect(await call).toMatchObject({ isError: false, structured: { state: 'PENDING_APPROVAL' } });
    expect(buyer.asked.map((asked) => asked.mode)).toEqual([mode]);
    expect(counter.logged).toEqual([]);
  });

  it.each(OLD)('%s whose dialog fails is answered as ever, and the failure is logged', async (way) => {
    const buyer = await customer(way, () => Promise.reject(new Error('no screen')));
    const reply = await buyer.call('refund-payment', refund());
    expect(reply).toMatchObject({ isError: false, structured: { state: 'PENDING_APPROVAL' } });
    expect(counter.logged).toMatchObject([
      { event: 'nobody could be asked', facts: { tool: 'refund-payment' } },
    ]);
  });

  it.each(URL_WAYS)('%s that hangs up in the middle leaves nothing running and nothing sent', async (way) => {
    const buyer = await customer(way, way.includes('2025') ? silent : opens);
    const call = buyer.call('refund-payment', refund());
    const lost = expect(call).rejects.toThrow();
    const approval = await open();
    await until('the question', () => buyer.asked.length > 0 || undefined);
    await until('it waits', () => counter.underWay.size > 0 || undefined);
    await buyer.hangUp();
    // No time passes.
    await Promise.allSettled(counter.underWay);
    await lost;
    await decide(till, approval.id);
    expect(refunded()).toBe(0);
  });

  it.each(URL_WAYS)('%s is answered at once when the server is told to stop', async (way) => {
    const buyer = await customer(way, way.includes('2025') ? silent : opens);
    const call = buyer.call('refund-payment', refund());
    await until('the question', () => buyer.asked.length > 0 || undefined);
    await until('it waits', () => counter.underWay.size > 0 || undefined);
    counter.stopping.abort();
    // No time passes.
    expect(await call).toMatchObject({ structured: { state: 'PENDING_APPROVAL' } });
  });
});

describe('without a page', () => {
  const broken = {
    'there is none': undefined,
    'there is none for this one': async () => undefined,
    'it fails': () => Promise.reject(new Error('no port')),
    'it takes for ever': () => new Promise<undefined>(() => undefined),
  };
  it.each(Object.entries(broken))('(%s) nobody is asked', async (why, approvalUrl) => {
    const buyer = await customer('stdio 2025, client 1.x', opens, { approvalUrl });
    const call = buyer.call('refund-payment', refund());
    if (why === 'it takes for ever') await counter.passes(3_000, call);
    expect(await call).toMatchObject({ isError: false, structured: { state: 'PENDING_APPROVAL' } });
    expect(buyer.asked).toEqual([]);
  });

  it.each(URL_WAYS)('a form is shown where it is trusted: %s', async (way) => {
    await accept(till, TRUSTING);
    const buyer = await customer(way, () => YES, { approvalUrl: async () => undefined, language: 'zh' });
    expect(await buyer.call('refund-payment', refund())).toMatchObject({ structured: { state: 'SUCCESS' } });
    expect(buyer.asked).toMatchObject([{ mode: 'form', requestedSchema: { required: ['approve'] } }]);
    expect(buyer.asked[0]?.message).toMatch(/等待您批准：退款 1\.00 元，订单 SOLD_0001，退款单 R\d/);
    expect(buyer.asked[0]?.message).toContain('【模拟环境，不是真钱】');
  });
});

describe('in a form that is trusted', () => {
  beforeEach(() => accept(till, TRUSTING));

  it.each(URL_WAYS)('no is final, with a reason of bounded length: %s', async (way) => {
    const reason = `never\u0007\n${'长'.repeat(400)}`;
    const buyer = await customer(
      way,
      () => ({
        action: 'accept',
        content: { approve: false, reason: way.includes('2025') ? 'never' : reason },
      }),
      {},
      DECLARED['{}'],
    );
    expect(await buyer.call('refund-payment', refund())).toMatchObject({ structured: { state: 'DENIED' } });
    const events = await till.ledger.read((book) => book.audit.ofOrder(outTradeNo));
    const denial = events.find((event) => event.kind === 'approval-denied');
    expect(denial).toMatchObject({ caller: 'operator', tool: 'form', detail: { decidedBy: 'form' } });
    const said = String(denial?.detail.reason);
    expect(said.length).toBeLessThanOrEqual(200);
    expect(said).toMatch(/^never[ 长]*$/);
    expect(refunded()).toBe(0);
  });

  it.each(URL_WAYS)('nothing but a yes is one: %s', async (way) => {
    const contents = [
      undefined,
      {},
      { approve: 'true' },
      { approve: 1 },
      { Approve: true },
      { reason: 'yes' },
    ];
    for (const content of contents) {
      const buyer = await customer(
        way,
        () => ({ action: 'accept', ...(content === undefined ? {} : { content: content as never }) }),
        {},
        DECLARED['{}'],
      );
      const reply = await buyer.call('refund-payment', refund());
      expect(reply).toMatchObject({ isError: false, structured: { state: 'PENDING_APPROVAL' } });
      await buyer.hangUp();
    }
    expect(refunded()).toBe(0);
  });

  it.each(URL_WAYS)('a yes counts no more once the merchant trusts forms no more: %s', async (way) => {
    const buyer = await customer(
      way,
      async () => {
        await accept(till, CAREFUL);
        return YES;
      },
      {},
      DECLARED['{}'],
    );
    const reply = await buyer.call('refund-payment', refund());
    expect(reply).toMatchObject({ structured: { state: 'PENDING_APPROVAL' } });
    expect([refunded(), buyer.asked.length]).toEqual([0, 1]);
  });

  it('what happened is in the audit trail: the call, the operator, and the call again', async () => {
    const buyer = await customer('stdio 2025, client 1.x', () => YES, {}, DECLARED['{}']);
    await buyer.call('refund-payment', refund());
    const events = await till.ledger.read((book) => book.audit.ofOrder(outTradeNo));
    const from = events.findIndex((event) => event.kind === 'call' && event.tool === 'refund-payment');
    expect(events.slice(from).map(({ kind, caller }) => `${caller} ${kind}`)).toEqual([
      ...['test call', 'test refund-created', 'test approval-asked', 'test result'],
      'operator approval-approved',
      ...['test call', 'test approval-used', 'test refund-sent'],
      ...['test refund-success', 'test result'],
    ]);
  });
});
