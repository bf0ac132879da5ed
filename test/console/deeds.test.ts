import { afterEach, describe, expect, it } from 'vitest';
import { fen } from '../../src/domain/money.ts';
import { setBillNote } from '../../src/ledger/bill-notes.ts';
import { runApproved } from '../../src/payments/carry-out.ts';
import { createPayment } from '../../src/payments/create-payment.ts';
import { refundByPerson } from '../../src/payments/refund-by-person.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import { Person, type Role } from '../../src/persons/person.ts';
import { decideApproval } from '../../src/policy/approvals.ts';
import { freeze } from '../../src/policy/decisions.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { Desk, ORDER, readable, SECRET } from '../operator/desk.ts';
import { cheapGuesses } from '../support/guess-cost.ts';
import { named, payment, refund } from '../support/world.ts';
import { sell } from './shop.ts';

const ORIGIN = 'http://127.0.0.1:3920';
const PAGE = `${ORIGIN}/console/orders/${ORDER}`;
/** Agents may refund next to nothing. */
const STRICT: Policy = {
  payments: {},
  refunds: { maxFen: fen(1), approveAboveFen: 'none', perDay: { totalFen: fen(100), count: 9 } },
};
cheapGuesses();

const open: Desk[] = [];
/** With an order of 88.00 yuan sold, and a person signed in. */
async function desk(policy: Policy = STRICT): Promise<Desk> {
  const d = await Desk.open({ policy });
  open.push(d);
  await d.sold();
  return d.signIn();
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((d) => d.close()));
});

const values = (page: string) =>
  Object.fromEntries(
    [...page.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)].map(([, name, value]) => [
      name,
      readable(value ?? ''),
    ]),
  );
/** What the forms of the page would send: first the number, then the sum that is asked about. */
async function wanted(d: Desk, yuan: string, reason = '') {
  const { number = '' } = values((await d.get(PAGE)).page.split('/refund"')[1] ?? '');
  const asked = await d.get(`${PAGE}/refund?${new URLSearchParams({ number, yuan, reason })}`);
  const { csrf: _, ...fields } = values(asked.page.split('/refund"')[1] ?? '');
  return { asked, fields: fields as Record<string, string> };
}
const refunds = (d: Desk) => d.till.ledger.read((book) => book.refunds.ofOrder(ORDER));
/** A server of the shop runs for a moment. */
async function serve(d: Desk): Promise<void> {
  const stop = new AbortController();
  const running = runApproved(d.till, () => 'unknown', stop.signal);
  await d.world.clock.sleep(3_000);
  stop.abort();
  await running;
}

describe('a person refunds', () => {
  it('what they were asked about, once, bound by no rule of the agents', async () => {
    const d = await desk();
    const { asked, fields } = await wanted(d, '30', '买家 <b>退货</b>');
    expect(readable(asked.page)).toMatch(
      /确认退款吗？.*¥ ?30\.00.*买家已付 ¥88\.00 还可退 ¥88\.00 退款后还可退 ¥58\.00 原因：买家 <b>退货<\/b>/,
    );
    expect(await refunds(d)).toEqual([]);
    const [once, twice] = await Promise.all([
      d.post(`${PAGE}/refund`, fields),
      d.post(`${PAGE}/refund`, fields),
    ]);
    expect([once.status, twice.status, once.location]).toEqual([303, 303, `/console/orders/${ORDER}`]);
    await serve(d);
    // A reload of what was sent, when all is done.
    expect((await d.post(`${PAGE}/refund`, fields)).status).toBe(303);
    await serve(d);
    expect(await refunds(d)).toMatchObject([{ state: 'SUCCESS', amountFen: 3_000, caller: 'operator' }]);
    expect(d.world.bank.refundedFen(ORDER)).toBe(3_000);
    // What came of it is said once.
    expect((await d.get(PAGE)).page.match(/退款成功，原路退回/g)).toHaveLength(1);
    const page = readable((await d.get(PAGE)).page);
    expect(page).toMatch(/已退 ¥30\.00/);
    expect(page).toContain('有人发起退款 ¥30.00');
    expect(page).toContain('买家 <b>退货</b>');
    expect(page).not.toContain('智能体申请退款');
  });

  it('and it counts in the limits of the agents', async () => {
    const d = await desk({
      payments: {},
      refunds: { approveAboveFen: 'none', perDay: { totalFen: fen(3_500) } },
    });
    await d.post(`${PAGE}/refund`, (await wanted(d, '30')).fields);
    await serve(d);
    const agents = refundPayment(
      d.till,
      { caller: 'shop-agent' },
      refund({ outTradeNo: ORDER, refundFen: fen(600) }),
    );
    await expect(agents).rejects.toMatchObject({ code: 'POLICY_DENIED', details: { used: '30.00' } });
  });

  it('never more than was paid, however many forms are open', async () => {
    const d = await desk();
    const [one, two] = [await wanted(d, '50'), await wanted(d, '50')];
    expect(one.fields.number).not.toBe(two.fields.number);
    await d.post(`${PAGE}/refund`, one.fields);
    await d.post(`${PAGE}/refund`, two.fields);
    await serve(d);
    expect(d.world.bank.refundedFen(ORDER)).toBe(5_000);
    expect(readable((await d.get(PAGE)).page)).toMatch(
      /超过还可退的金额。没有资金变动，可以重新退款。 REFUND_EXCEEDS_PAID/,
    );
    const third = await d.post(`${PAGE}/refund`, { ...two.fields, number: 'RTHIRD' });
    expect([third.status, readable(third.page)]).toEqual([409, expect.stringContaining('没有资金变动')]);
    expect(await d.recorded('result')).toBe(1);
  });

  it.each(['0', '-1', '88.01', '1e1', '1.005', '', '1,000', 'all', '９'])(
    'no sum that is none: %j',
    async (yuan) => {
      const d = await desk();
      const { asked } = await wanted(d, yuan);
      expect([asked.status, asked.page.includes('确认退款')]).toEqual([400, false]);
      expect(asked.page).toContain(`href="/console/orders/${ORDER}">返回`);
    },
  );

  it.each<[string, Record<string, string>]>([
    ['more than there is', { fen: '8801' }],
    ['no whole number', { fen: '1.5' }],
    ['a number that is none of ours', { number: '../x' }],
    ['no number', { number: '' }],
    ['a long reason', { reason: 'x'.repeat(81) }],
  ])('a form that was meddled with does nothing: %s', async (_, fields) => {
    const d = await desk();
    const sent = await d.post(`${PAGE}/refund`, { ...(await wanted(d, '30')).fields, ...fields });
    expect([400, 409]).toContain(sent.status);
    expect(await refunds(d)).toEqual([]);
  });

  it.each<[string, Record<string, string>, Record<string, string>, number]>([
    ['without the word of our own page', { csrf: 'x' }, {}, 403],
    ['from another site', {}, { 'sec-fetch-site': 'cross-site' }, 403],
    ['from a neighbour', {}, { 'sec-fetch-site': 'same-site' }, 403],
  ])('not %s', async (_, more, headers, status) => {
    const d = await desk();
    const { fields } = await wanted(d, '30');
    expect((await d.post(`${PAGE}/refund`, { ...fields, ...more }, headers)).status).toBe(status);
    d.cookie = undefined;
    expect((await d.post(`${PAGE}/refund`, fields)).status).toBe(401);
    expect((await d.post(`${PAGE}/close`)).status).toBe(401);
    expect((await d.get(PAGE)).location).toBe(`/approvals/sign-in?next=console%2Forders%2F${ORDER}`);
    expect(await refunds(d)).toEqual([]);
  });

  it('nothing while everything is paused, and it says so', async () => {
    const d = await desk();
    const { fields } = await wanted(d, '30');
    await d.till.ledger.write((book) => freeze(book, 'terminal', undefined));
    const sent = await d.post(`${PAGE}/refund`, fields);
    expect([sent.status, readable(sent.page)]).toEqual([409, expect.stringContaining('已暂停收款和退款')]);
    expect(await refunds(d)).toEqual([]);
  });

  it('what was paused in between waits, and goes when it goes on', async () => {
    const d = await desk();
    await d.post(`${PAGE}/refund`, (await wanted(d, '30')).fields);
    await d.till.ledger.write((book) => book.operator.setFreeze({ by: 'terminal', reason: undefined }));
    await serve(d);
    expect(d.world.bank.refundedFen(ORDER)).toBe(0);
    expect(readable((await d.get(PAGE)).page)).toContain('收款和退款已暂停，等您恢复。');
    await d.till.ledger.write((book) => book.operator.setFreeze(undefined));
    await serve(d);
    expect(d.world.bank.refundedFen(ORDER)).toBe(3_000);
  });

  it('and an agent that names the same number has the same refund', async () => {
    const d = await desk({ payments: {}, refunds: { approveAboveFen: 'none' } });
    const { fields } = await wanted(d, '30');
    await d.post(`${PAGE}/refund`, fields);
    const same = refund({ outTradeNo: ORDER, refundFen: fen(3_000), outRefundNo: fields.number });
    await refundPayment(d.till, { caller: 'shop-agent' }, same);
    await serve(d);
    expect(d.world.bank.refundedFen(ORDER)).toBe(3_000);
    const other = { ...fields, fen: '100' };
    expect((await d.post(`${PAGE}/refund`, other)).status).toBe(409);
  });

  it('without a number, a sum that has not gone back yet: what nobody sent in time goes under its first number', async () => {
    const d = await desk({ payments: {}, refunds: { approveAboveFen: 'none' } });
    const person = await Person.bySecret(d.till.ledger, 'live', SECRET, 'terminal');
    const { clock } = d.world;
    const wanted = (refundFen: number, outRefundNo?: string) =>
      d.till.ledger.write((book) =>
        refundByPerson(
          book,
          person,
          { outTradeNo: ORDER, outRefundNo, refundFen: fen(refundFen), reason: undefined },
          { now: clock.now(), randomBytes: d.till.randomBytes },
        ),
      );
    const first = await wanted(3_000);
    expect(await wanted(3_000)).toMatchObject({ approval: first.approval, replayed: true });
    clock.advance(16 * 60_000);
    const anew = await wanted(3_000);
    expect(anew).toMatchObject({ replayed: false, refund: { outRefundNo: first.refund.outRefundNo } });
    expect(anew.approval).not.toBe(first.approval);
    await serve(d);
    expect(await wanted(3_000)).toMatchObject({ replayed: true, refund: { state: 'SUCCESS' } });
    expect(d.world.bank.refundedFen(ORDER)).toBe(3_000);
    // Nor what an agent has given back, nor what nobody has sent under a number that somebody chose.
    const agents = refund({ outTradeNo: ORDER, refundFen: fen(1_000), outRefundNo: 'RAGENT' });
    clock.advance(60_000);
    await refundPayment(d.till, { caller: 'shop-agent' }, agents);
    expect(await wanted(1_000)).toMatchObject({ approval: undefined, replayed: true });
    await wanted(3_000, 'RCHOSEN');
    clock.advance(16 * 60_000);
    for (const number of ['RCHOSEN', undefined])
      expect(await wanted(3_000, number)).toMatchObject({ replayed: true });
    await serve(d);
    expect(d.world.bank.refundedFen(ORDER)).toBe(4_000);
  });

  it('without a number, no sum to which another person has said yes already, their own wish or an agent’s', async () => {
    const d = await desk({ payments: {}, refunds: { approveAboveFen: fen(0) } });
    const [lily, boss] = [
      await named(d.till, 'decide'),
      await Person.bySecret(d.till.ledger, 'live', SECRET, 'terminal'),
    ];
    const ports = { now: d.world.clock.now(), randomBytes: d.till.randomBytes };
    const wanted = (person: Person, refundFen: number) =>
      d.till.ledger.write((book) =>
        refundByPerson(
          book,
          person,
          { outTradeNo: ORDER, outRefundNo: undefined, refundFen: fen(refundFen), reason: undefined },
          ports,
        ),
      );
    const first = await wanted(lily, 3_000);
    expect(await wanted(boss, 3_000)).toMatchObject({ approval: first.approval, replayed: true });
    const asked = { outTradeNo: ORDER, outRefundNo: 'RAGENT', refundFen: fen(1_000) };
    const { approval } = await refundPayment(d.till, { caller: 'shop-agent' }, refund(asked));
    await d.till.ledger.write((book) =>
      decideApproval(book, lily, approval?.id ?? '', { approve: true }, ports.now),
    );
    expect(await wanted(boss, 1_000)).toMatchObject({ refund: { outRefundNo: 'RAGENT' }, replayed: true });
    await serve(d);
    d.world.clock.advance(60_000);
    await serve(d);
    expect(d.world.bank.refundedFen(ORDER)).toBe(4_000);
  });

  it('no number of an agent: that one stands as it was asked for', async () => {
    const d = await desk({ payments: {}, refunds: { approveAboveFen: fen(0) } });
    await d.proposeRefund({ outRefundNo: 'RAGENT' });
    const sent = await d.post(`${PAGE}/refund`, { ...(await wanted(d, '30')).fields, number: 'RAGENT' });
    expect(sent.status).toBe(409);
    await serve(d);
    expect(d.world.bank.refundedFen(ORDER)).toBe(0);
  });

  it('by no GET, and of no order that is not paid', async () => {
    const d = await desk();
    await sell(d.till, [{ outTradeNo: 'ORDER_OPEN', state: 'NOTPAY' }]);
    const head = () => d.till.ledger.read((book) => book.audit.head());
    const before = await head();
    const { fields } = await wanted(d, '30');
    await d.get(`${PAGE}/refund?${new URLSearchParams({ ...fields, csrf: d.csrf })}`);
    await d.get(`${PAGE}/close`);
    expect(await head()).toEqual(before);
    const open = `${ORIGIN}/console/orders/ORDER_OPEN`;
    expect((await d.get(open)).page).not.toContain('name="yuan"');
    const sent = await d.post(`${open}/refund`, fields);
    expect([sent.status, readable(sent.page)]).toEqual([409, expect.stringContaining('订单没有付款')]);
  });
});

describe('a person closes', () => {
  async function offered(): Promise<{ d: Desk; page: string }> {
    const d = await desk();
    await createPayment(d.till, { caller: 'shop-agent' }, payment({ outTradeNo: 'ORDER_OPEN' }));
    return { d, page: `${ORIGIN}/console/orders/ORDER_OPEN` };
  }
  const state = async (d: Desk) => (await d.till.ledger.read((book) => book.orders.get('ORDER_OPEN')))?.state;

  it('an order that nobody has paid, after being asked', async () => {
    const { d, page } = await offered();
    expect((await d.get(page)).page).toContain('href="/console/orders/ORDER_OPEN/close"');
    expect(readable((await d.get(`${page}/close`)).page)).toContain('关闭这个订单吗？');
    expect(await state(d)).toBe('NOTPAY');
    expect((await d.post(`${page}/close`)).location).toBe('/console/orders/ORDER_OPEN');
    expect(await state(d)).toBe('CLOSED');
    expect(readable((await d.get(page)).page)).toContain('有人关闭订单');
    expect((await d.get(`${page}/close`)).status).toBe(303);
  });

  it('none that was paid meanwhile', async () => {
    const { d, page } = await offered();
    d.world.bank.pay('ORDER_OPEN');
    const sent = await d.post(`${page}/close`);
    expect([sent.status, readable(sent.page)]).toEqual([
      409,
      expect.stringContaining('订单已付款，不能关闭'),
    ]);
    expect(await state(d)).toBe('PAID');
  });

  it('nothing while everything is paused', async () => {
    const { d, page } = await offered();
    await d.till.ledger.write((book) => freeze(book, 'terminal', undefined));
    expect((await d.post(`${page}/close`)).status).toBe(409);
    expect(await state(d)).toBe('NOTPAY');
  });
});

describe('who may only look', () => {
  async function visitor(role: Role): Promise<Desk> {
    const d = await desk();
    const { code } = await d.invite('wang', role);
    const password = 'a long password';
    await d.post('/join', { code, password, again: password });
    return d.signInAs(await Person.byPassword(d.till.ledger, 'wang', password, 'page'));
  }

  it('sees no form, and none that is sent does anything', async () => {
    const d = await visitor('see');
    expect((await d.get(PAGE)).page).not.toMatch(/name="(yuan|reason)"|\/close"/);
    expect((await d.get(`${PAGE}/refund?number=R1&yuan=1`)).status).toBe(403);
    expect((await d.get(`${PAGE}/close`)).status).toBe(403);
    const sent = await d.post(`${PAGE}/refund`, { number: 'R1', fen: '100' });
    expect([sent.status, await refunds(d)]).toEqual([403, []]);
    expect((await d.post(`${PAGE}/close`)).status).toBe(403);
  });

  it('fills no record with what they are refused', async () => {
    const d = await visitor('see');
    const recorded = async () =>
      (await d.till.ledger.read((book) => book.audit.after(0, 1_000))).filter(
        ({ kind, caller }) => kind === 'result' && caller === 'operator:wang',
      );
    for (let i = 0; i < 50; i++)
      expect((await d.post(`${PAGE}/refund`, { number: 'R1', fen: '100' })).status).toBe(403);
    expect(await recorded()).toHaveLength(20);
  });

  it('and who may decide refunds under their own name', async () => {
    const d = await visitor('decide');
    await d.post(`${PAGE}/refund`, (await wanted(d, '30')).fields);
    await serve(d);
    expect(await refunds(d)).toMatchObject([{ state: 'SUCCESS', caller: 'operator:wang' }]);
    expect(readable((await d.get(PAGE)).page)).toContain('有人发起退款 wang ¥30.00');
    const approval = await d.till.ledger.read((book) => book.approvals.ofOrders([ORDER]));
    expect(approval.get(ORDER)).toMatchObject([{ decidedBy: 'wang', rule: 'by-person', state: 'used' }]);
  });
});

describe('one order', () => {
  it('is found by its number only, and leads to what was asked about it', async () => {
    const d = await desk({ payments: {}, refunds: { approveAboveFen: fen(0) } });
    const { id } = await d.proposeRefund({ reason: '<i>\u202Eevil' });
    const { page } = await d.get(PAGE);
    expect(page).toContain(`href="/approvals/${id}"`);
    expect(page).not.toMatch(/<i>|\u202e/);
    for (const number of ['ORDER_000009', 'x'.repeat(65), '%25', "'"]) {
      expect((await d.get(`${ORIGIN}/console/orders/${number}`)).status).toBe(404);
    }
  });
});

describe('the bills of a day', () => {
  const BILLS = `${ORIGIN}/console/bills`;
  const TODAY = '2026-11-21';

  it('stand beside the ledger, and what differs is named, with the way to the order', async () => {
    const d = await desk();
    expect(readable((await d.post(BILLS, { date: TODAY })).page)).toMatch(
      /支付宝 ?2026-11-21 一致 .* 账单 1 ¥88\.00 0 ¥0\.00 账本 1 ¥88\.00 0 ¥0\.00/,
    );
    d.world.bank.editBill = (bill) => ({
      ...bill,
      lines: bill.lines.map((line) => ({ ...line, amountFen: fen(8_700), gatewayState: '<b>\u202E' })),
    });
    const { page } = await d.post(BILLS, { date: TODAY });
    expect(readable(page)).toMatch(/差异 1 .*金额不符 ORDER_000001 账本 ¥88\.00 已付款 · 账单 ¥87\.00/);
    expect(page).toContain(`href="/console/orders/${ORDER}"`);
    expect(page).not.toMatch(/<b>\u202e|\u202e/);
  });

  it.each(['', 'yesterday', '2026-02-30', '2031-01-01', '<b>'])('no day that has none: %j', async (date) => {
    const d = await desk();
    const { status, page } = await d.post(BILLS, { date });
    expect([status, page.includes('role="alert"'), page.includes('<b>"')]).toEqual([400, true, false]);
  });

  it('of every morning are told of, and what differs stands on the overview', async () => {
    const d = await desk();
    await d.till.ledger.write(async (book) => {
      await setBillNote(book, 'bank 1', { provider: 'alipay', done: '2026-11-20', differences: 2 });
      await setBillNote(book, 'bank 2', { provider: 'wechatpay', done: '2026-11-20', refused: '<i>NO' });
    });
    expect(readable((await d.get(BILLS)).page)).toMatch(
      /支付宝 2026-11-20 ?差异 2 微信支付 2026-11-20 ?没有拿到账单 <i>NO/,
    );
    expect(readable((await d.get(`${ORIGIN}/console`)).page)).toContain('对账差异 2');
  });

  it('one that cannot be had is said to be so, and a look changes nothing', async () => {
    const d = await desk();
    d.world.failing('bill', 'lost-after');
    const head = () => d.till.ledger.read((book) => book.audit.head());
    const before = await head();
    expect((await d.post(BILLS, { date: TODAY })).page).toContain('class="note bad"');
    expect((await d.get(BILLS)).status).toBe(200);
    expect(await head()).toEqual(before);
    expect((await d.post(BILLS, { date: TODAY, csrf: 'x' })).status).toBe(403);
  });
});
