import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beijingIso } from '../../src/domain/clock.ts';
import { type Fen, fen } from '../../src/domain/money.ts';
import type { Credential, OrderTerms, RefundTerms } from '../../src/domain/order.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { ALIPAY } from '../../src/providers/alipay/wallet.ts';
import {
  GatewayDeclined,
  GatewayUnavailable,
  NotifyRejected,
  OutcomeUnknown,
  type PaymentProvider,
  type RawNotify,
} from '../../src/providers/contract.ts';
import { gatewayHttp } from '../../src/providers/gateway-http.ts';
import { WALLETS } from '../../src/providers/registry.ts';
import type { Wallet } from '../../src/providers/wallet.ts';
import { WECHATPAY } from '../../src/providers/wechatpay/wallet.ts';
import { FAKES } from '../../src/simulator/fakes.ts';
import type { Simulator } from '../../src/simulator/index.ts';
import {
  controlOf,
  freshNumber,
  openReceiver,
  openSimulatorHere,
  type Receiver,
  until,
} from '../simulator/bench.ts';
import { CLOSE_NOTHING, PLAIN_NUMBERS, SAY_ONCE } from '../support/gateways.ts';
import { withinOneDay } from '../support/one-day.ts';
import type { SimulatorClient } from '../support/simulator-client.ts';
import { TOYPAY as TOY_FAKE } from '../toypay/fake.ts';
import { TOYPAY } from '../toypay/provider/wallet.ts';
import { expectDescribed, toDoList } from './descriptor.ts';

/* What the money path relies on in every adapter, each against its own gateway as the simulator plays it. */

withinOneDay();

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ports = { clock: systemClock, randomBytes: systemRandom, http: gatewayHttp() };
let simulator: Simulator;
let gateway: SimulatorClient;
beforeAll(async () => {
  const here = await openSimulatorHere({ fakes: [...FAKES, TOY_FAKE] });
  ({ simulator, gateway } = here);
  return here.close;
});

/** How the answer to a call may go wrong, by the simulator's word for it. */
const NOTHING_IS_KNOWN = [
  ...['lost-before', 'lost-after', 'garbage', 'http-502', 'forged-answer', 'unsigned-answer'],
  ...['system-error', 'system-error-done'],
];

/** Each wallet in its usual mode, and as a platform for a seller of its own. */
const MODES: readonly { name: string; wallet: Wallet; seller?: number }[] = [
  ...[...WALLETS, TOYPAY].map((wallet) => ({ name: wallet.id, wallet })),
  { name: 'alipay for a merchant who has authorised an ISV', wallet: ALIPAY, seller: 0 },
  { name: 'wechatpay for a sub-merchant with an app', wallet: WECHATPAY, seller: 0 },
  { name: 'wechatpay for a sub-merchant without one', wallet: WECHATPAY, seller: 1 },
];

type Paid = OrderTerms & { readonly gatewayTradeNo?: string | undefined };

it.each(WALLETS)('nothing is left to do of $id', ({ id }) => {
  expect(toDoList(ROOT, id)).toEqual([]);
});

describe.each(MODES)('the adapter of $name', ({ wallet, seller }) => {
  let provider: PaymentProvider;
  let merchant: Receiver;
  beforeAll(async () => {
    merchant = await openReceiver();
    provider = await configured(merchant.url);
  });
  afterAll(() => merchant.close());

  async function configured(notifyUrl: string, more = {}): Promise<PaymentProvider> {
    const own = seller === undefined ? simulator.env : simulator.platformEnvs[seller];
    const env = { ...own, [wallet.notify.variable]: notifyUrl, ...more };
    const made = await wallet.configure(env, ports);
    if (!made) throw new Error('not configured');
    return made;
  }
  const terms = (title = '咖啡', outTradeNo = freshNumber()): OrderTerms => {
    const sentAt = Math.floor(Date.now() / 1000) * 1000;
    return { outTradeNo, scene: 'qr', amountFen: fen(990), title, sentAt, expiresAt: sentAt + 1_800_000 };
  };
  const ask = ({ outTradeNo, sentAt }: Pick<OrderTerms, 'outTradeNo' | 'sentAt'>) =>
    provider.queryTrade(outTradeNo, { sentAt });
  const askRefund = (refund: RefundTerms) =>
    provider.queryRefund(refund.outTradeNo, refund.outRefundNo, { plan: provider.planRefund(refund) });
  const send = (order: OrderTerms): Promise<Credential> =>
    provider.sendPayment(order, provider.planPayment(order));
  async function paid(title?: string): Promise<Paid> {
    const order = terms(title);
    await gateway.pay(await send(order));
    return { ...order, gatewayTradeNo: (await gateway.trade(order.outTradeNo)).tradeNo };
  }
  async function unpaid(): Promise<OrderTerms> {
    const order = terms();
    await gateway.open(await send(order));
    return order;
  }
  /** @param gatewayTradeNo as the proof of the payment has it */
  const refundOf = ({ outTradeNo, sentAt, gatewayTradeNo }: Paid, reason?: string): RefundTerms => ({
    ...{ outTradeNo, outRefundNo: `R${freshNumber()}`, refundFen: fen(300), totalFen: fen(990), sentAt },
    ...(provider.refundRules.byGatewayNo && { gatewayTradeNo: gatewayTradeNo ?? '1'.repeat(21) }),
    ...(reason === undefined ? {} : { reason }),
  });
  const sendBack = (refund: RefundTerms) => provider.sendRefund(refund, provider.planRefund(refund));
  /** What a call ends in. */
  const outcome = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      () => 'done',
      (error: unknown) => {
        if (error instanceof OutcomeUnknown) return 'unknown';
        if (error instanceof GatewayUnavailable) return 'not sent';
        if (error instanceof GatewayDeclined) return `${error.reason}${error.proven ? '' : ' (unproven)'}`;
        throw error;
      },
    );
  const fault = (scenario: string, operation: string, outTradeNo?: string) =>
    gateway.order({ scenario, operation, outTradeNo, provider: wallet.id, times: 1 });

  it('is what its wallet says it is', async () => {
    await expectDescribed(wallet, provider, ports);
  });

  it('proves a payment with number, account, amount and time, and that there is none', async () => {
    const order = await paid();
    const found = await ask(order);
    expect(found).toMatchObject({
      ...{ exists: true, state: 'PAID', amountFen: 990, outTradeNo: order.outTradeNo },
      ...{ account: provider.account, gatewayTradeNo: expect.any(String) },
    });
    expect(Math.abs(Date.now() - (('paidAt' in found && found.paidAt) || 0))).toBeLessThan(60_000);
    expect(await ask(terms())).toEqual({ exists: false });
    expect(await askRefund(refundOf(order))).toEqual({ exists: false });
  });

  it('sends the same bytes whenever the same is planned, and to one effect', async () => {
    const order = terms();
    const plan = provider.planPayment(order);
    expect(provider.planPayment({ ...order })).toBe(plan);
    const credential = await provider.sendPayment(order, plan);
    await gateway.open(credential);
    const again = SAY_ONCE.has(wallet.id) ? 'number-conflict' : 'done';
    expect(await outcome(provider.sendPayment(order, plan))).toBe(again);
    const sent = await gateway.calls(order.outTradeNo, 'create');
    expect(new Set(sent.map(({ bodyDigest }) => bodyDigest)).size).toBe(1);
    const { tradeNo } = await gateway.payByNumber(wallet.id, order.outTradeNo);
    const refund = refundOf({ ...order, gatewayTradeNo: tradeNo });
    for (let times = 0; times < 3; times += 1) await sendBack(refund);
    expect((await gateway.trade(order.outTradeNo)).refunds).toHaveLength(1);
  });

  it('never gives another order the same number', async () => {
    const order = terms();
    await gateway.open(await send(order));
    const other = { ...order, amountFen: 991 as Fen };
    expect(await outcome(send(other))).toBe('number-conflict');
  });

  it('refuses a number that its gateway would not take, before anything is sent', () => {
    const least = PLAIN_NUMBERS.get(wallet.id);
    const takes = (number: string) => () => provider.planPayment(terms('咖啡', number));
    expect(takes('A'.repeat(least ?? 6))).not.toThrow();
    expect(takes('A'.repeat(32))).not.toThrow();
    if (least === undefined) expect(takes('A_3456')).not.toThrow();
    else for (const bad of ['A'.repeat(least - 1), 'A_345678']) expect(takes(bad)).toThrow('outTradeNo');
  });

  it.each(NOTHING_IS_KNOWN)('knows nothing of an order after %s', async (scenario) => {
    expect(await outcome(send(terms(`咖啡 sim:${scenario}`)))).toBe('unknown');
  });

  it.each(NOTHING_IS_KNOWN)(
    'knows nothing of a refund after %s, which the same number then settles',
    async (scenario) => {
      const refund = refundOf(await paid(), `不要了 sim:${scenario}`);
      expect(await outcome(sendBack(refund))).toBe('unknown');
      expect(await outcome(sendBack(refund))).toBe('done');
      expect((await gateway.trade(refund.outTradeNo)).refunds).toHaveLength(1);
      await fault(scenario, 'query-refund');
      const asked = askRefund(refund);
      expect(await outcome(asked)).toBe('unknown');
    },
  );

  it.each(NOTHING_IS_KNOWN)('knows nothing of what it asked after %s', async (scenario) => {
    const order = await unpaid();
    const { outTradeNo } = order;
    await fault(scenario, 'query', outTradeNo);
    expect(await outcome(ask(order))).toBe('unknown');
    if (!provider.closeTrade) return;
    await fault(scenario, 'close', outTradeNo);
    expect(await outcome(provider.closeTrade(outTradeNo))).toBe('unknown');
  });

  it('tells a signed no from one that proves nothing', async () => {
    expect(await outcome(send(terms('咖啡 sim:declined')))).toMatch(/^[a-z-]+$/);
    expect(await outcome(send(terms('咖啡 sim:unsigned-decline')))).toMatch(/\(unproven\)$|^unknown$/);
    const order = await paid();
    expect(await outcome(sendBack(refundOf(order, '不要了 sim:declined')))).toMatch(/^[a-z-]+$/);
    expect(await outcome(sendBack(refundOf(order, '不要了 sim:unsigned-decline')))).toMatch(
      /\(unproven\)$|^unknown$/,
    );
    await fault('unsigned-not-exist', 'query', order.outTradeNo);
    expect(await outcome(ask(order))).toMatch(/\(unproven\)$|^unknown$/);
    const back = refundOf(order);
    await sendBack(back);
    await fault('unsigned-not-exist', 'query-refund');
    expect(await outcome(askRefund(back))).toMatch(/\(unproven\)$|^unknown$/);
  });

  it('takes a rate limit for no proof of anything', async () => {
    expect(await outcome(send(terms('咖啡 sim:rate-limited')))).toMatch(/^unknown$|^rate-limited/);
    const refund = refundOf(await paid(), '不要了 sim:rate-limited-done');
    expect(await outcome(sendBack(refund))).toBe('unknown');
  });

  it('knows for certain when nothing was sent', async () => {
    const [name, dead] = [wallet.gatewayVariable, 'http://127.0.0.1:9'];
    const path = new URL(simulator.env[name] ?? '').pathname.replace(/\/$/, '');
    const cutOff = await configured(merchant.url, { [name]: `${dead}${path}` });
    const order = terms();
    expect(await outcome(cutOff.sendPayment(order, cutOff.planPayment(order)))).toBe('not sent');
    expect(await outcome(cutOff.queryTrade(order.outTradeNo, { sentAt: order.sentAt }))).toBe('not sent');
    const refund = refundOf(order);
    expect(await outcome(cutOff.sendRefund(refund, cutOff.planRefund(refund)))).toBe('not sent');
  });

  it('is unsure of a word that no document has', async () => {
    const order = await paid('咖啡 sim:unknown-word@query');
    expect(await ask(order)).toMatchObject({ exists: true, state: 'UNKNOWN' });
    const refund = refundOf(order, '不要了 sim:unknown-word@query-refund');
    await sendBack(refund);
    expect(await outcome(askRefund(refund))).toBe('done');
    expect(await askRefund(refund)).toMatchObject({
      state: 'UNKNOWN',
    });
  });

  it('passes on the sum that the gateway says, whatever it should be', async () => {
    const order = await paid('咖啡 sim:wrong-amount@query');
    expect(await ask(order)).toMatchObject({ amountFen: 991 });
    const refund = refundOf(order, '不要了 sim:wrong-amount@query-refund');
    await sendBack(refund);
    expect(await askRefund(refund)).toMatchObject({
      refundFen: 301,
    });
  });

  it('closes what is unpaid, and proves why not; or closes nothing', async () => {
    const close = provider.closeTrade?.bind(provider);
    expect(close === undefined).toBe(CLOSE_NOTHING.has(wallet.id));
    if (!close) return;
    const order = terms();
    await gateway.open(await send(order));
    expect(await outcome(close(order.outTradeNo))).toBe('done');
    expect(await ask(order)).toMatchObject({ state: 'CLOSED' });
    expect(await outcome(close((await paid()).outTradeNo))).toMatch(/^(already-paid|closed|other)$/);
    expect(await outcome(close(freshNumber()))).toBe('not-exist');
  });

  it('refunds by proof alone', async () => {
    const order = await paid();
    const waiting = refundOf(order, '不要了 sim:refund-processing');
    expect(await sendBack(waiting)).toMatchObject({ exists: true, state: 'PROCESSING' });
    const found = await askRefund(waiting);
    expect(['PROCESSING', 'UNKNOWN']).toContain(found.exists && found.state);
    expect(await outcome(sendBack(refundOf(await unpaid())))).toMatch(
      /^(not-paid|not-exist|refund-not-allowed)$/,
    );
  });

  describe('a notification', () => {
    /** What a merchant of this order alone hears. */
    async function heard(title: string): Promise<{ order: OrderTerms; raw: RawNotify }> {
      const ear = await openReceiver();
      const own = await configured(ear.url);
      const order = terms(title);
      await own.sendPayment(order, own.planPayment(order));
      if (!title.includes('forged')) await gateway.payByNumber(wallet.id, order.outTradeNo);
      await until(() => ear.received.length > 0);
      const [{ headers = {}, body = '' } = {}] = ear.received;
      await ear.close();
      return { order, raw: { headers, body: Buffer.from(body) } };
    }
    const refused = async (raw: RawNotify) => {
      await expect(provider.parseNotify(raw, Date.now())).rejects.toBeInstanceOf(NotifyRejected);
    };

    it('proves a payment, as a question does', async () => {
      const { order, raw } = await heard('咖啡');
      expect(await provider.parseNotify(raw, Date.now())).toMatchObject({
        ...{ kind: 'trade', id: expect.any(String) },
        trade: {
          ...{ state: 'PAID', outTradeNo: order.outTradeNo, amountFen: 990, account: provider.account },
        },
      });
    });

    it('is sent again until it is taken, and is the same fact then', async () => {
      const ear = await openReceiver();
      ear.answer = provider.acknowledge(false);
      const own = await configured(ear.url);
      const order = terms();
      await own.sendPayment(order, own.planPayment(order));
      await gateway.payByNumber(wallet.id, order.outTradeNo);
      await until(() => ear.received.length > 0);
      ear.answer = provider.acknowledge(true);
      const attempts = async () => {
        const { value } = await controlOf(simulator, 'GET', 'deliveries');
        return value.deliveries?.find(({ outTradeNo }) => outTradeNo === order.outTradeNo)?.attempts ?? [];
      };
      await until(async () => (await attempts()).length === 2);
      const facts = await Promise.all(
        ear.received.map(({ headers, body }) =>
          provider.parseNotify({ headers, body: Buffer.from(body) }, Date.now()),
        ),
      );
      expect(facts[1]).toEqual(facts[0]);
      await ear.close();
    });

    it('counts for nothing when a byte of it, or its signature, is another', async () => {
      const { raw } = await heard('咖啡');
      const { body, headers } = raw;
      for (const at of [1, body.length >> 1, body.length - 2]) {
        const altered = Buffer.from(body);
        altered[at] = (altered[at] ?? 0) ^ 1;
        await refused({ headers, body: altered });
      }
      await refused({ headers: {}, body: Buffer.from('{}') });
      await refused({ headers, body: Buffer.alloc(0) });
    });

    it('counts for nothing when somebody else signed it, or it is about another merchant', async () => {
      await refused((await heard('咖啡 sim:notify-forged')).raw);
      const { raw } = await heard('咖啡 sim:wrong-account@notify');
      const taken = await provider.parseNotify(raw, Date.now()).catch((error: unknown) => {
        expect(error).toBeInstanceOf(NotifyRejected);
      });
      expect(taken).not.toMatchObject({ trade: { account: provider.account } });
    });

    it('passes on the sum that it says', async () => {
      const { raw } = await heard('咖啡 sim:wrong-amount@notify');
      expect(await provider.parseNotify(raw, Date.now())).toMatchObject({ trade: { amountFen: 991 } });
    });
  });

  it('reads in the bill what was paid and what went back', async () => {
    const order = await paid();
    const refund = refundOf(order);
    await sendBack(refund);
    const { lines } = await provider.downloadBill(beijingIso(Date.now()).slice(0, 10));
    const own = lines.filter(({ outTradeNo }) => outTradeNo === order.outTradeNo);
    expect(own.map(({ kind, amountFen }) => `${kind} ${amountFen}`)).toContain('payment 990');
  });

  it('proves its credentials without moving anything', async () => {
    const before = await gateway.deeds();
    expect(await provider.checkCredentials?.()).toBeDefined();
    expect(await gateway.deeds()).toBe(before);
  });
});
