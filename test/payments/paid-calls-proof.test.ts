import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Fen, fen } from '../../src/domain/money.ts';
import { verifyAudit } from '../../src/ledger/audit-verify.ts';
import { PaidCalls } from '../../src/ledger/paid-calls.ts';
import { overdueCalls } from '../../src/payments/paid-calls/overdue.ts';
import { payByProof } from '../../src/payments/paid-calls/prove.ts';
import { type Priced, quoteCall } from '../../src/payments/paid-calls/quote.ts';
import { claimCall, delivered, storeResult } from '../../src/payments/paid-calls/redeem.ts';
import { weixinCode } from '../../src/payments/paid-calls/weixin.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { settleDifference } from '../../src/payments/settle-differences.ts';
import type { Till } from '../../src/payments/till.ts';
import { budgetState, moveBudget } from '../../src/policy/decisions.ts';
import type { RuleSet } from '../../src/policy/policy.ts';
import {
  type A2m,
  type BillLine,
  GatewayUnavailable,
  OutcomeUnknown,
  type PaymentProvider,
  type PreorderTerms,
  ProofRefused,
  type ProvenCall,
} from '../../src/providers/contract.ts';
import { accept, CALL, person, World } from '../support/world.ts';

const WEATHER: Priced = {
  ...{ face: 'http', upstream: 'http://127.0.0.1:9000', priced: 'GET /weather', title: 'weather' },
  ...{ amountFen: fen(10), repeatable: false, refundAfterMs: 3_600_000 },
};
const HASH = '0123456789abcdef'.repeat(4);
const BY_PROOF = { serviceId: 'API_1', resourceId: '/weather' };
const ANSWER = { status: 200, headers: [], body: Buffer.from('sunny') };

let world: World;
/** What Alipay knows: trades that agents have paid. */
let trades: Map<string, ProvenCall>;
let asked: string[];
let confirmed: string[];
/** What happens instead of an answer, once each. */
let trouble: Error[];
let preorders: PreorderTerms[];
beforeEach(() => {
  world = new World();
  [trades, asked, confirmed, trouble, preorders] = [new Map(), [], [], [], []];
});
afterEach(() => {
  vi.restoreAllMocks();
  return world.end();
});

const a2m: A2m = {
  hasService: true,
  bill: () => '',
  readProof(header) {
    const [tradeNo = '', digest = ''] = header.split(' ');
    if (!tradeNo) throw new ProofRefused('malformed');
    return { tradeNo, digest };
  },
  async verifyProof({ tradeNo }) {
    asked.push(tradeNo);
    const failure = trouble.shift();
    if (failure) throw failure;
    const trade = trades.get(tradeNo);
    if (!trade) throw new ProofRefused('not-found');
    return trade;
  },
  async confirmFulfilment(tradeNo) {
    confirmed.push(tradeNo);
    const failure = trouble.shift();
    if (failure) throw failure;
    return 'confirmed';
  },
  validation: () => '',
};
const x402 = {
  async preorder(terms: PreorderTerms) {
    preorders.push(terms);
    const failure = trouble.shift();
    if (failure) throw failure;
    return `code-${preorders.length}`;
  },
};

async function process(): Promise<Till> {
  const till = await world.process();
  const providers = [...till.providers.values()].map((one) => [one.id, { ...one, a2m, x402 }] as const);
  return { ...till, providers: new Map(providers) };
}
const quote = (till: Till) => quoteCall(till, WEATHER, HASH, BY_PROOF);
/** An agent pays a bill. */
function paidAt(outTradeNo: string | undefined, wrong: Partial<ProvenCall> = {}): string {
  const tradeNo = `T${trades.size + 1}`;
  const bill = { outTradeNo: outTradeNo ?? '', resourceId: '/weather', amountFen: fen(10) };
  trades.set(tradeNo, { tradeNo, ...bill, ...wrong });
  return `${tradeNo} secret`;
}
const show = (till: Till, proof: string) => payByProof(till, proof, HASH);
const owed = (till: Till, outTradeNo = '') =>
  till.ledger.read(async (book) => (await book.owed.ofOrders([outTradeNo])).get(outTradeNo) ?? []);
async function holds(till: Till): Promise<void> {
  expect(await verifyAudit(till.ledger, [])).toMatchObject({ intact: true });
}

describe('a proof', () => {
  it('pays the bill that it is of, once, and is known from then on', async () => {
    const till = await process();
    const { number, proofNo } = await quote(till);
    const proof = paidAt(proofNo);
    expect(await show(till, proof)).toMatchObject({ number, state: 'PAID', paidBy: proofNo });
    expect(await till.ledger.read((book) => book.orders.get(proofNo ?? ''))).toMatchObject({
      ...{ state: 'PAID', scene: 'a2m', provider: 'alipay', gatewayTradeNo: 'T1', amountFen: 10 },
    });
    expect(await show(await process(), proof)).toMatchObject({ number, state: 'PAID' });
    expect(asked).toEqual(['T1']);
    await holds(till);
  });

  it('that many show at once is asked about once, and pays once', async () => {
    const till = await process();
    const { number, proofNo } = await quote(till);
    const proof = paidAt(proofNo);
    const shown = await Promise.all([...Array(50)].map(() => show(till, proof)));
    expect(shown.every((call) => typeof call === 'object' && call.number === number)).toBe(true);
    expect(asked).toEqual(['T1']);
    const claims = await Promise.all(shown.map((call) => claimCall(till, call as never)));
    expect(claims.filter(({ todo }) => todo === 'execute')).toHaveLength(1);
  });

  it('of the same trade with another secret is asked about, and never known by the number alone', async () => {
    const till = await process();
    const { proofNo } = await quote(till);
    await show(till, paidAt(proofNo));
    trouble.push(new ProofRefused('forged'));
    await expect(show(till, 'T1 guessed')).rejects.toMatchObject({ reason: 'forged' });
    expect(asked).toEqual(['T1', 'T1']);
  });

  it.each<[string, Partial<ProvenCall>]>([
    ['another sum', { amountFen: fen(9) as Fen }],
    ['another resource', { resourceId: '/cheap' }],
    ['no bill of ours', { outTradeNo: 'C_OTHER_1' }],
  ])('of %s pays nothing', async (_, wrong) => {
    const till = await process();
    const { number, proofNo } = await quote(till);
    expect(await show(till, paidAt(proofNo, wrong))).toBe('other-bill');
    expect(await till.ledger.read((book) => book.paidCalls.get(number))).toMatchObject({ state: 'QUOTED' });
    expect(await till.ledger.read((book) => book.orders.get(proofNo ?? ''))).toBeUndefined();
    await holds(till);
  });

  it('of which nobody knows anything is asked about again', async () => {
    const till = await process();
    const { number, proofNo } = await quote(till);
    const proof = paidAt(proofNo);
    trouble.push(new OutcomeUnknown('timeout'), new GatewayUnavailable('ECONNREFUSED'));
    await expect(show(till, proof)).rejects.toThrow(OutcomeUnknown);
    await expect(show(till, proof)).rejects.toThrow(GatewayUnavailable);
    expect(await show(till, proof)).toMatchObject({ number, state: 'PAID' });
  });

  it('that comes too late is owed back, and buys nothing', async () => {
    const till = await process();
    const { proofNo } = await quote(till);
    const proof = paidAt(proofNo);
    await world.clock.sleep(17 * 60_000);
    const shown = await show(till, proof);
    expect(await claimCall(till, shown as never)).toMatchObject({ todo: 'late' });
    expect(await owed(till, proofNo)).toMatchObject([{ amountFen: 10, why: 'paid-twice' }]);
    expect(await show(till, proof)).toMatchObject({ state: 'QUOTED' });
    expect(await owed(till, proofNo)).toHaveLength(1);
    await holds(till);
  });

  it('is accepted by no wallet that takes none', async () => {
    expect(await payByProof(await world.process(), 'T1 secret', HASH)).toBe('not-accepted');
  });
});

describe('the rules on payments', () => {
  const OF_GATE = { gate: { payments: { from: 'budget' } } } as const;

  it.each<[string, RuleSet, boolean]>([
    ['the wallet', { providers: ['wechatpay'] }, false],
    ['the way', { scenes: ['qr', 'web'] }, false],
    ['both, and let them be', { providers: ['alipay'], scenes: ['a2m'] }, true],
  ])('that name %s say whether a bill can be paid by proof', async (_, payments, isOffered) => {
    const till = await process();
    await accept(till, { payments, refunds: {} });
    const { proofNo, byProof } = await quote(till);
    expect([proofNo !== undefined, byProof !== undefined]).toEqual([isOffered, isOffered]);
  });

  it('have an allowance drawn on by what a proof pays, and nothing sold once it is used up', async () => {
    const till = await process();
    await accept(till, { payments: {}, refunds: {}, clients: OF_GATE });
    const who = await person(till);
    await till.ledger.write((book) => moveBudget(book, who, 'gate', 15, undefined));
    const { proofNo } = await quote(till);
    await show(till, paidAt(proofNo));
    expect(await till.ledger.read((book) => budgetState(book, 'gate'))).toMatchObject({
      ...{ heldFen: 10, leftFen: 5 },
    });
    await expect(quote(till)).rejects.toMatchObject({
      ...{ code: 'POLICY_DENIED', details: { rule: 'clients.gate.payments.from' } },
    });
    await holds(till);
  });

  it.each<[string, RuleSet]>([
    ['an allowance', { from: 'budget' }],
    ['a day', { perDay: { count: 2 } }],
    ['the sum of a day', { perDay: { totalFen: fen(20) } }],
  ])('have no more bills be payable by proof at a time than %s bears', async (_, payments) => {
    const till = await process();
    await accept(till, { payments: {}, refunds: {}, clients: { gate: { payments } } });
    const who = await person(till);
    await till.ledger.write((book) => moveBudget(book, who, 'gate', 20, undefined));
    const [one, two, three] = [await quote(till), await quote(till), await quote(till)];
    expect([one, two, three].map(({ proofNo }) => proofNo !== undefined)).toEqual([true, true, false]);
    await show(till, paidAt(two.proofNo));
    expect((await quote(till)).proofNo).toBeUndefined();
    // What nobody has paid in time is not to be paid any more.
    await world.clock.sleep(16 * 60_000);
    expect((await quote(till)).proofNo).toBeDefined();
    await holds(till);
  });

  it('are not held against a flood of bills, of which none more can be paid by proof', async () => {
    const till = await process();
    await accept(till, { payments: { perDay: { count: 1_000 } }, refunds: {} });
    for (let i = 0; i < 3; i++) await quote(till);
    const out = (most: number) =>
      till.ledger.read(({ paidCalls }) => paidCalls.provable(world.clock.now(), most));
    expect(await out(4)).toMatchObject({ count: 3, fen: 30 });
    expect(await out(3)).toBeUndefined();
    const { provable } = PaidCalls.prototype;
    vi.spyOn(PaidCalls.prototype, 'provable').mockImplementation(function (this: PaidCalls, since) {
      return provable.call(this, since, 3);
    });
    expect((await quote(till)).proofNo).toBeUndefined();
    await world.clock.sleep(17 * 60_000);
    expect((await quote(till)).proofNo).toBeDefined();
  });

  it('of a minute count only what was paid in it', async () => {
    const till = await process();
    await accept(till, { payments: { perMinute: { count: 1 } }, refunds: {} });
    const [one, two] = [await quote(till), await quote(till)];
    expect([one, two].map(({ proofNo }) => proofNo !== undefined)).toEqual([true, true]);
    await show(till, paidAt(two.proofNo));
    await expect(quote(till)).rejects.toMatchObject({ code: 'POLICY_DENIED' });
  });

  it('leave what is proven its effect, also where an allowance holds too little for it', async () => {
    const till = await process();
    const { proofNo } = await quote(till);
    await accept(till, { payments: {}, refunds: {}, clients: OF_GATE });
    expect(await show(till, paidAt(proofNo))).toMatchObject({ state: 'PAID' });
    expect(await till.ledger.read((book) => budgetState(book, 'gate'))).toMatchObject({ leftFen: -10 });
    await holds(till);
  });
});

describe('a payment of a bill whose proof nobody has shown', () => {
  const wallet = (till: Till) => [...till.providers.values()][0] as PaymentProvider;
  async function unproven() {
    const till = await process();
    const { number, proofNo = '' } = await quote(till);
    const line = { outTradeNo: proofNo, gatewayTradeNo: `T${proofNo}` } as BillLine;
    const listed = { kind: 'missing-here', outTradeNo: proofNo, line } as const;
    const settle = () => settleDifference(till, wallet(till), listed);
    return { till, number, proofNo, settle };
  }

  it('is taken in on what the gateway says of it, and goes back where nobody comes', async () => {
    const { till, number, proofNo, settle } = await unproven();
    expect(await settle()).toBeUndefined();
    world.bank.trades.set(proofNo, { state: 'PAID', amountFen: fen(10), paidAt: world.clock.now() } as never);
    world.failing('query', 'lost-after');
    expect(await settle()).toBeUndefined();
    expect(await settle()).toBe('PAID');
    expect(await till.ledger.read((book) => book.paidCalls.get(number))).toMatchObject({ state: 'PAID' });
    await world.clock.sleep(WEATHER.refundAfterMs);
    await overdueCalls(till);
    expect(await owed(till, proofNo)).toMatchObject([{ amountFen: 10, why: 'call' }]);
    await holds(till);
  });

  it('can still be redeemed by its proof', async () => {
    const { till, number, proofNo, settle } = await unproven();
    world.bank.trades.set(proofNo, { state: 'PAID', amountFen: fen(10), paidAt: world.clock.now() } as never);
    await settle();
    const proof = `T${proofNo} secret`;
    trades.set(`T${proofNo}`, {
      ...{ tradeNo: `T${proofNo}`, outTradeNo: proofNo, resourceId: '/weather', amountFen: fen(10) },
    });
    expect(await show(till, proof)).toMatchObject({ number, state: 'PAID' });
    expect(await owed(till, proofNo)).toEqual([]);
  });

  it.each([
    ['unpaid', { state: 'NOTPAY', amountFen: fen(10) }],
    ['of another sum', { state: 'PAID', amountFen: fen(9), paidAt: 1 }],
  ])('that is %s is nothing', async (_, trade) => {
    const { till, number, proofNo, settle } = await unproven();
    world.bank.trades.set(proofNo, trade as never);
    expect(await settle()).toBeUndefined();
    expect(await till.ledger.read((book) => book.paidCalls.get(number))).toMatchObject({ state: 'QUOTED' });
  });
});

describe('what a proof has paid for', () => {
  it('is confirmed once it is delivered, by the same word until that is taken', async () => {
    const till = await process();
    const { proofNo } = await quote(till);
    const call = await show(till, paidAt(proofNo));
    const claim = await claimCall(till, call as never);
    await storeResult(till, claim.call, ANSWER);
    await overdueCalls(till);
    expect(confirmed).toEqual([]);
    await delivered(till, claim.call);
    trouble.push(new OutcomeUnknown('timeout'));
    await Promise.all([overdueCalls(till), overdueCalls(await process())]);
    expect(confirmed).toEqual(['T1']);
    await world.clock.sleep(5_000);
    await overdueCalls(till);
    expect(confirmed).toEqual(['T1', 'T1']);
    expect(await show(till, 'T1 secret')).toMatchObject({ state: 'CONFIRMED', dueAt: undefined });
    expect(await claimCall(till, claim.call)).toMatchObject({ todo: 'deliver' });
    await world.clock.sleep(86_400_000);
    await overdueCalls(till);
    expect(confirmed).toHaveLength(2);
    await holds(till);
  });

  it('is confirmed also where whoever wanted it never came for it', async () => {
    const till = await process();
    const { proofNo } = await quote(till);
    const claim = await claimCall(till, (await show(till, paidAt(proofNo))) as never);
    await storeResult(till, claim.call, ANSWER);
    await world.clock.sleep(60_000);
    await overdueCalls(till);
    expect(confirmed).toEqual(['T1']);
  });
});

describe('a code', () => {
  const SKILL = { skillId: 'my-poster' };
  it('is one of an order that pays the call', async () => {
    const till = await process();
    const quoted = await quote(till);
    const coded = await weixinCode(till, quoted, SKILL);
    expect(coded).toMatchObject({ weixinCode: 'code-1', state: 'QUOTED' });
    expect(preorders).toEqual([{ ...SKILL, codeUrl: expect.any(String), expiresAt: quoted.expiresAt }]);
    expect(await weixinCode(till, coded, SKILL)).toEqual(coded);
    const outTradeNo = coded.weixinNo ?? '';
    world.bank.pay(outTradeNo);
    await queryPayment(till, CALL, { outTradeNo, waitSeconds: 0 });
    expect(await claimCall(till, coded)).toMatchObject({ todo: 'execute', call: { paidBy: outTradeNo } });
    await holds(till);
  });

  it('that cannot be had leaves the other ways to pay, and is of the same order later', async () => {
    const till = await process();
    const quoted = await quote(till);
    trouble.push(new OutcomeUnknown('timeout'));
    const without = await weixinCode(till, quoted, SKILL);
    expect(without.weixinCode).toBeUndefined();
    expect(await weixinCode(till, without, SKILL)).toMatchObject({
      ...{ weixinCode: 'code-2', weixinNo: without.weixinNo },
    });
    expect(new Set(preorders.map(({ codeUrl }) => codeUrl)).size).toBe(1);
    const second = await weixinCode(await world.process(), quoted, SKILL);
    expect(second.weixinCode).toBeUndefined();
  });
});
