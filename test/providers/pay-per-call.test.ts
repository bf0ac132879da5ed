import { beforeAll, describe, expect, it } from 'vitest';
import { beijingDate } from '../../src/domain/clock.ts';
import { type Fen, fen } from '../../src/domain/money.ts';
import type { OrderTerms } from '../../src/domain/order.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import { ALIPAY } from '../../src/providers/alipay/wallet.ts';
import {
  type A2m,
  type A2mBill,
  GatewayDeclined,
  GatewayUnavailable,
  OutcomeUnknown,
  type PaymentProvider,
  ProofRefused,
  type X402,
} from '../../src/providers/contract.ts';
import { gatewayHttp } from '../../src/providers/gateway-http.ts';
import { WECHATPAY } from '../../src/providers/wechatpay/wallet.ts';
import { CONFIRM_REFUSALS, scenarioOf, VERIFY_REFUSALS } from '../../src/simulator/alipay/a2m-words.ts';
import { BuyerAgent, NotBought } from '../../src/simulator/buyer-agent.ts';
import type { Simulator } from '../../src/simulator/index.ts';
import { freshNumber, openSimulatorHere } from '../simulator/bench.ts';
import { withinOneDay } from '../support/one-day.ts';
import type { SimulatorClient } from '../support/simulator-client.ts';

/* What selling single calls relies on in the adapters, each against its own gateway as the simulator plays it. */

withinOneDay();

const ports = { clock: systemClock, randomBytes: systemRandom, http: gatewayHttp() };
let simulator: Simulator;
let gateway: SimulatorClient;
beforeAll(async () => {
  const here = await openSimulatorHere();
  ({ simulator, gateway } = here);
  return here.close;
});

const fault = (scenario: string, operation: string, outTradeNo: string) =>
  gateway.order({ scenario, operation, outTradeNo, times: 1 });

/** What a call ends in. */
const outcome = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'done',
    (error: unknown) => {
      if (error instanceof ProofRefused) return error.reason;
      if (error instanceof OutcomeUnknown) return 'unknown';
      if (error instanceof GatewayUnavailable) return 'not sent';
      if (error instanceof GatewayDeclined) return `no${error.proven ? '' : ' (unproven)'}`;
      throw error;
    },
  );

const NOTHING_IS_KNOWN = [
  ...['lost-before', 'lost-after', 'garbage', 'http-502', 'forged-answer', 'unsigned-answer'],
  ...['system-error', 'system-error-done'],
];

describe.each([
  { name: 'alipay', seller: undefined, certificates: false },
  { name: 'alipay in certificate mode', seller: undefined, certificates: true },
  { name: 'alipay for a merchant who has authorised an ISV', seller: 0, certificates: false },
])('the adapter of $name', ({ seller, certificates }) => {
  let provider: PaymentProvider;
  let a2m: A2m;
  beforeAll(async () => {
    ({ provider, a2m } = await configured());
  });
  async function configured(more = {}) {
    const { env, certificateEnv, platformEnvs } = simulator;
    const own = certificates ? certificateEnv : seller === undefined ? env : platformEnvs[seller];
    const made = await ALIPAY.configure({ ...own, ...more }, ports);
    if (!made?.a2m) throw new Error('nothing is for sale');
    return { provider: made, a2m: made.a2m };
  }
  const buyer = (who?: string) =>
    new BuyerAgent({
      origin: simulator.origin,
      wallet: 'alipay',
      clock: systemClock,
      ...(who ? { buyer: who } : {}),
    });
  const terms = (change: Partial<A2mBill> = {}): A2mBill => ({
    ...{
      outTradeNo: freshNumber(),
      amountFen: 10 as Fen,
      goodsName: '天气查询',
      resourceId: '/paid/weather',
    },
    payBefore: Math.floor(Date.now() / 1000) * 1000 + 600_000,
    ...change,
  });
  async function paid(change: Partial<A2mBill> = {}, who?: string) {
    const bill = terms(change);
    const shown = await buyer(who).pay({ headers: { 'payment-needed': a2m.bill(bill) } });
    return { bill, header: shown['Payment-Proof'] ?? '', proof: a2m.readProof(shown['Payment-Proof'] ?? '') };
  }

  it('sells: bill, proof, fulfilment, and money back by the number of the trade', async () => {
    const { bill, proof } = await paid();
    const { outTradeNo, resourceId, amountFen } = bill;
    const { tradeNo } = proof;
    expect(await a2m.verifyProof(proof)).toEqual({ outTradeNo, resourceId, amountFen, tradeNo });
    // By Alipay's number, where only the day's bill tells of it.
    expect(await provider.queryTrade(outTradeNo, { gatewayTradeNo: tradeNo })).toMatchObject({
      ...{ state: 'PAID', outTradeNo, gatewayTradeNo: tradeNo, amountFen: 10 },
    });
    expect(await a2m.confirmFulfilment(tradeNo)).toBe('confirmed');
    expect(await a2m.confirmFulfilment(tradeNo)).toBe('not-open');
    expect(await outcome(a2m.verifyProof(proof))).toBe('consumed');
    const refund = {
      ...{ outTradeNo, outRefundNo: `R${outTradeNo}`, refundFen: fen(10), totalFen: fen(10) },
      sentAt: Math.floor(Date.now() / 1000) * 1000,
      gatewayTradeNo: tradeNo,
    };
    const plan = provider.planRefund(refund);
    for (let times = 0; times < 2; times += 1) await provider.sendRefund(refund, plan);
    expect(
      await provider.queryRefund(outTradeNo, refund.outRefundNo, { gatewayTradeNo: tradeNo }),
    ).toMatchObject({
      ...{ exists: true, state: 'SUCCESS', refundFen: 10 },
    });
    expect((await gateway.trade(outTradeNo)).refunds).toHaveLength(1);
    expect(await provider.queryTrade(outTradeNo)).toEqual({ exists: false });
    const { lines } = await provider.downloadBill(beijingDate(Date.now()));
    expect(lines).toContainEqual(
      expect.objectContaining({ kind: 'payment', outTradeNo, gatewayTradeNo: tradeNo, amountFen: 10 }),
    );
  });

  it('signs bills that nobody can alter', async () => {
    const bill = JSON.parse(Buffer.from(a2m.bill(terms()), 'base64url').toString());
    const altered = { ...bill, protocol: { ...bill.protocol, amount: '0.01' } };
    const header = Buffer.from(JSON.stringify(altered)).toString('base64url');
    await expect(buyer().pay({ headers: { 'payment-needed': header } })).rejects.toBeInstanceOf(NotBought);
    const over = a2m.bill(terms({ payBefore: Math.floor(Date.now() / 1000) * 1000 - 1_000 }));
    await expect(buyer().pay({ headers: { 'payment-needed': over } })).rejects.toThrow('BILL_EXPIRED');
  });

  it("takes nobody else's proof", async () => {
    const [mine, theirs] = [await paid(), await paid({}, '2088000000000077')];
    const parts = (header: string) => JSON.parse(Buffer.from(header, 'base64').toString());
    const [a, b] = [parts(mine.header), parts(theirs.header)];
    const mixed = [
      { ...a, protocol: { ...a.protocol, payment_proof: b.protocol.payment_proof } },
      { ...a, method: b.method },
      { ...a, protocol: { ...a.protocol, payment_proof: 'f'.repeat(64) } },
    ];
    for (const value of mixed) {
      const proof = a2m.readProof(Buffer.from(JSON.stringify(value)).toString('base64'));
      expect(await outcome(a2m.verifyProof(proof))).toBe('forged');
    }
    const unheard = { ...a, protocol: { ...a.protocol, trade_no: '2'.repeat(28) } };
    const proof = a2m.readProof(Buffer.from(JSON.stringify(unheard)).toString('base64url'));
    expect(await outcome(a2m.verifyProof(proof))).toBe('not-found');
    expect(await outcome(a2m.verifyProof(mine.proof))).toBe('done');
  });

  it.each(NOTHING_IS_KNOWN)('knows nothing after %s, which the same call then settles', async (scenario) => {
    const { bill, proof } = await paid();
    await fault(scenario, 'verify', bill.outTradeNo);
    expect(await outcome(a2m.verifyProof(proof))).toBe('unknown');
    expect(await outcome(a2m.verifyProof(proof))).toBe('done');
    await fault(scenario, 'confirm', bill.outTradeNo);
    expect(await outcome(a2m.confirmFulfilment(proof.tradeNo))).toBe('unknown');
    expect(['confirmed', 'not-open']).toContain(await a2m.confirmFulfilment(proof.tradeNo));
  });

  it.each(['declined', 'unsigned-decline', 'rate-limited'])(
    'takes %s for no word on the proof',
    async (scenario) => {
      const { bill, proof } = await paid();
      await fault(scenario, 'verify', bill.outTradeNo);
      expect(await outcome(a2m.verifyProof(proof))).toMatch(/^no|^unknown$/);
    },
  );

  it('knows for certain when nothing was sent', async () => {
    const { proof } = await paid();
    const cutOff = (await configured({ AP_GATEWAY: 'http://127.0.0.1:9/gateway.do' })).a2m;
    expect(await outcome(cutOff.verifyProof(proof))).toBe('not sent');
    expect(await outcome(cutOff.confirmFulfilment(proof.tradeNo))).toBe('not sent');
  });

  it('passes on the sum that is proven, whatever it should be', async () => {
    const { proof } = await paid({ goodsName: '天气 sim:wrong-amount' });
    expect(await a2m.verifyProof(proof)).toMatchObject({ amountFen: 11 });
  });

  it('never knows what was paid for where that is not said', async () => {
    const { bill, proof } = await paid({ goodsName: '天气 sim:verify-unnamed' });
    expect(await outcome(a2m.verifyProof(proof))).toBe('unknown');
    expect(await outcome(a2m.verifyProof(proof, bill))).toBe('unknown');
    const sandbox = (await configured({ AP_CURRENT_ENV: 'sandbox', AP_A2M_SERVICE_ID: undefined })).a2m;
    expect(await outcome(sandbox.verifyProof(proof, bill))).toBe('done');
  });

  // What Alipay says does not depend on in whose name it is asked.
  if (seller !== undefined || certificates) return;
  describe('each of its words', () => {
    it.each(Object.keys(VERIFY_REFUSALS))('has a class for %s', async (code) => {
      const { proof } = await paid({ goodsName: `天气 sim:${scenarioOf('verify', code)}*1` });
      expect(await outcome(a2m.verifyProof(proof))).toMatch(
        /^(malformed|forged|not-paid|closed|not-found|consumed|client-too-old)$/,
      );
    });

    it.each(Object.keys(CONFIRM_REFUSALS))('takes %s for no fulfilment', async (code) => {
      const { proof } = await paid({ goodsName: `天气 sim:${scenarioOf('confirm', code)}*1` });
      const expected = code === 'TRADE_STATUS_INVALID' ? 'done' : 'no';
      expect(await outcome(a2m.confirmFulfilment(proof.tradeNo))).toBe(expected);
      if (expected === 'no') expect(await a2m.confirmFulfilment(proof.tradeNo)).toBe('confirmed');
    });
  });
});

describe.each([
  { name: 'wechatpay', seller: undefined },
  { name: 'wechatpay for a sub-merchant', seller: 0 },
])('the adapter of $name', ({ seller }) => {
  let provider: PaymentProvider;
  let x402: X402;
  beforeAll(async () => {
    const made = await WECHATPAY.configure(
      (seller === undefined ? simulator.env : simulator.platformEnvs[seller]) ?? {},
      ports,
    );
    if (!made?.x402) throw new Error('nothing is for sale');
    [provider, x402] = [made, made.x402];
  });
  const agent = () => new BuyerAgent({ origin: simulator.origin, wallet: 'wechatpay', clock: systemClock });
  async function ordered(title = '海报生成') {
    const order: OrderTerms = {
      ...{ outTradeNo: freshNumber(), scene: 'qr', amountFen: fen(199), title },
      sentAt: Math.floor(Date.now() / 1000) * 1000,
      expiresAt: Math.floor(Date.now() / 1000) * 1000 + 840_000,
    };
    const { qrCode = '' } = await provider.sendPayment(order, provider.planPayment(order));
    return { order, wanted: { codeUrl: qrCode, expiresAt: order.expiresAt, skillId: 'my-poster' } };
  }

  it("sells: the code pays the order, and the order's own question proves it", async () => {
    const { order, wanted } = await ordered();
    const paymentCode = await x402.preorder(wanted);
    expect(paymentCode).toMatch(/^[0-9a-f-]{36}$/);
    expect(await x402.preorder({ ...wanted, skillVersion: '1.0' })).not.toBe(paymentCode);
    expect(await provider.queryTrade(order.outTradeNo)).toMatchObject({ state: 'NOTPAY' });
    const { outTradeNo } = order;
    expect(await agent().pay({ headers: { 'weixinpay-required': paymentCode }, outTradeNo })).toEqual({
      ...{ 'WeixinPay-Required': paymentCode, 'X-Out-Trade-No': outTradeNo },
    });
    expect(await provider.queryTrade(outTradeNo)).toMatchObject({ state: 'PAID', amountFen: 199 });
    await expect(agent().pay({ headers: { 'weixinpay-required': 'x' }, outTradeNo })).rejects.toThrow(
      '支付请求失败',
    );
  });

  it('gets a code for nonsense, which pays nothing', async () => {
    const code = await x402.preorder({
      codeUrl: 'weixin://nonsense',
      expiresAt: Date.now() + 60_000,
      skillId: 's',
    });
    await expect(agent().pay({ headers: { 'weixinpay-required': code } })).rejects.toBeInstanceOf(NotBought);
  });

  it('gets none that would last too long, or with a key that is another', async () => {
    const { wanted } = await ordered();
    expect(await outcome(x402.preorder({ ...wanted, expiresAt: Date.now() + 3_600_000 }))).toBe(
      'no (unproven)',
    );
    const own = (seller === undefined ? simulator.env : simulator.platformEnvs[seller]) ?? {};
    const { WXPAY_MCH_KEY, WXPAY_SKILLHUB_KEY } = own;
    const swapped = { WXPAY_MCH_KEY: WXPAY_SKILLHUB_KEY, WXPAY_SKILLHUB_KEY: WXPAY_MCH_KEY };
    const other = await WECHATPAY.configure({ ...own, ...swapped }, ports);
    expect(await outcome(other?.x402?.preorder(wanted) ?? Promise.resolve())).toBe('no (unproven)');
  });

  it.each([
    ['lost-after', 'unknown'],
    ['garbage', 'unknown'],
    ['http-502', 'unknown'],
    ['system-error', 'unknown'],
    ['declined', 'no (unproven)'],
  ])('has no code after %s', async (scenario, expected) => {
    const { wanted } = await ordered(`海报 sim:${scenario}@preorder*1`);
    expect(await outcome(x402.preorder(wanted))).toBe(expected);
    expect(await outcome(x402.preorder(wanted))).toBe('done');
  });
});
