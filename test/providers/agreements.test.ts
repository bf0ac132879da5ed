import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beijingDate, DAY_MS } from '../../src/domain/clock.ts';
import { type Fen, fen } from '../../src/domain/money.ts';
import type { OrderTerms } from '../../src/domain/order.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import {
  type Agreements,
  type AgreementTerms,
  ChargeDeclined,
  GatewayDeclined,
  GatewayUnavailable,
  NotifyRejected,
  OutcomeUnknown,
  type PaymentProvider,
  type RawNotify,
  type SignedAgreement,
} from '../../src/providers/contract.ts';
import { gatewayHttp } from '../../src/providers/gateway-http.ts';
import { WALLETS } from '../../src/providers/registry.ts';
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
import { withinOneDay } from '../support/one-day.ts';
import type { SimulatorClient } from '../support/simulator-client.ts';

/* What the money path relies on in every adapter that charges by consent, each against its own simulated gateway. */

withinOneDay();

const ports = { clock: systemClock, randomBytes: systemRandom, http: gatewayHttp() };
let simulator: Simulator;
let gateway: SimulatorClient;
beforeAll(async () => {
  const here = await openSimulatorHere();
  ({ simulator, gateway } = here);
  return here.close;
});

const NOTHING_IS_KNOWN = [
  ...['lost-before', 'lost-after', 'garbage', 'http-502', 'forged-answer', 'unsigned-answer'],
  ...['system-error', 'system-error-done', 'rate-limited'],
];
const CAN = WALLETS.filter(({ id }) => FAKES.some((fake) => fake.id === id && fake.agreements));
/** Each wallet in its usual mode, and as a platform, which is not told of whose agreement a notification is. */
const MODES = CAN.flatMap((wallet) => [
  { name: wallet.id, wallet, isPlatform: false },
  { name: `${wallet.id} for a merchant of a platform`, wallet, isPlatform: true },
]);

it('some wallet charges by consent', () => {
  expect(CAN.length).toBeGreaterThan(0);
});

describe.each(MODES)('the agreements of $name', ({ wallet, isPlatform }) => {
  let provider: PaymentProvider;
  let agreements: Agreements;
  let ear: Receiver;
  beforeAll(async () => {
    ear = await openReceiver();
    provider = await configured(ear.url);
    agreements = own(provider);
  });
  afterAll(() => ear.close());

  async function configured(notifyUrl: string, more = {}): Promise<PaymentProvider> {
    const own = isPlatform ? simulator.platformEnvs[0] : simulator.env;
    const env = { ...own, [wallet.notify.variable]: notifyUrl, ...more };
    const made = await wallet.configure(env, ports);
    if (!made) throw new Error('not configured');
    return made;
  }
  function own({ agreements: found }: PaymentProvider): Agreements {
    if (!found) throw new Error('no agreements');
    return found;
  }
  const today = () => beijingDate(Date.now());
  const inDays = (days: number) => beijingDate(Date.now() + days * DAY_MS);
  let count = 0;
  const terms = (change: Partial<AgreementTerms> = {}): AgreementTerms => ({
    signNo: `contract${process.pid}x${++count}`,
    ...{ period: { unit: 'day', count: 7 }, mostFen: fen(1900), firstDay: today(), title: '读书会员' },
    signBefore: Math.floor(Date.now() / 1000) * 1000 + 600_000,
    ...change,
  });
  const buyer = (what: object) => controlOf(simulator, 'POST', 'agreements', what);
  async function signed(wanted = terms(), by = agreements): Promise<SignedAgreement> {
    const { signUrl } = await by.sign(wanted, by.planSigning(wanted));
    expect((await buyer({ code: signUrl, deed: 'sign' })).status).toBe(200);
    const found = await by.queryAgreement(wanted);
    if (!found.exists) throw new Error('not signed');
    return { signNo: wanted.signNo, agreementNo: found.agreementNo };
  }
  const order = (title = '读书会员', change: Partial<OrderTerms> = {}): OrderTerms => ({
    ...{ outTradeNo: freshNumber(), scene: 'agreement', amountFen: fen(1900), title },
    sentAt: Math.floor(Date.now() / 1000) * 1000,
    expiresAt: Math.floor(Date.now() / 1000) * 1000 + DAY_MS,
    ...change,
  });
  const charge = (one: OrderTerms, agreement: SignedAgreement) =>
    agreements.sendCharge(one, agreements.planCharge(one, agreement));
  const outcome = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      (value) => (value === 'accepted' ? value : 'done'),
      (error: unknown) => {
        if (error instanceof OutcomeUnknown) return 'unknown';
        if (error instanceof GatewayUnavailable) return 'not sent';
        if (error instanceof ChargeDeclined) return error.retry;
        if (error instanceof GatewayDeclined) return `${error.reason}${error.proven ? '' : ' (unproven)'}`;
        throw error;
      },
    );
  const fault = (scenario: string, operation: string) =>
    gateway.order({ scenario, operation, provider: wallet.id, times: 1 });
  const trades = async (outTradeNo: string) =>
    (await gateway.trades()).filter((trade) => trade.outTradeNo === outTradeNo);

  it('are signed once, however many links there are of the same plan', async () => {
    const wanted = terms();
    const plan = agreements.planSigning(wanted);
    expect(agreements.planSigning({ ...wanted })).toBe(plan);
    expect(await agreements.queryAgreement(wanted)).toEqual({ exists: false });
    const links = [await agreements.sign(wanted, plan), await agreements.sign(wanted, plan)];
    for (const { signUrl } of links) {
      expect(signUrl).toMatch(/^https?:\/\/[^\s()!*']+$/);
      await buyer({ code: signUrl, deed: 'decline' });
    }
    const pending = await agreements.queryAgreement(wanted);
    expect(pending).toMatchObject({ exists: true, state: 'PENDING', signNo: wanted.signNo });
    for (const { signUrl } of links) await buyer({ code: signUrl, deed: 'sign' });
    const agreementNo = (pending.exists && pending.agreementNo) || '';
    for (const name of [{ signNo: wanted.signNo }, { signNo: wanted.signNo, agreementNo }]) {
      expect(await agreements.queryAgreement(name)).toMatchObject({
        ...{ exists: true, state: 'ACTIVE', account: provider.account, signNo: wanted.signNo, agreementNo },
        ...{ signedAt: expect.any(Number), mostFen: 1900 },
      });
    }
  });

  it('are not asked for with a link that is over, nor with a plan of another', async () => {
    const over = terms({ signBefore: Date.now() - 1 });
    expect(await outcome(agreements.sign(over, agreements.planSigning(over)))).toBe('not sent');
    expect(await outcome(agreements.sign(terms(), agreements.planSigning(terms())))).toBe('not sent');
  });

  it('charge the same plan once, with the proof of a query, and no second time in a period', async () => {
    const agreement = await signed();
    const one = order();
    const plan = agreements.planCharge(one, agreement);
    expect(agreements.planCharge({ ...one }, { ...agreement })).toBe(plan);
    const paid = await agreements.sendCharge(one, plan);
    const { gatewayState: _, ...proven } = await provider.queryTrade(one.outTradeNo).then((trade) => {
      if (!trade.exists) throw new Error('not there');
      return trade;
    });
    expect(paid).toMatchObject(proven);
    expect(proven).toMatchObject({ state: 'PAID', amountFen: 1900, account: provider.account });
    expect(['done', 'accepted']).toContain(await outcome(agreements.sendCharge(one, plan)));
    expect(await trades(one.outTradeNo)).toHaveLength(1);
    expect(await outcome(charge(order(), agreement))).toMatch(/^(later|never)$/);
    const calls = await gateway.calls(one.outTradeNo);
    const digests = calls.filter(({ operation }) => String(operation) === 'deduct');
    expect(new Set(digests.map(({ bodyDigest }) => bodyDigest)).size).toBe(1);
  });

  it.each(NOTHING_IS_KNOWN)(
    'know nothing of a charge after %s, which the same plan then settles',
    async (scenario) => {
      const agreement = await signed();
      const one = order(`读书会员 sim:${scenario}`);
      expect(await outcome(charge(one, agreement))).toBe('unknown');
      expect(['done', 'accepted']).toContain(await outcome(charge(one, agreement)));
      expect(await provider.queryTrade(one.outTradeNo)).toMatchObject({ state: 'PAID', amountFen: 1900 });
      expect(await trades(one.outTradeNo)).toHaveLength(1);
    },
  );

  it.each(NOTHING_IS_KNOWN)('know nothing of an end, a delay or an answer after %s', async (scenario) => {
    const agreement = await signed();
    await fault(scenario, 'agreement');
    expect(await outcome(agreements.queryAgreement(agreement))).toMatch(/^unknown$|^rate-limited/);
    const later = inDays(10);
    await fault(scenario, 'replan');
    expect(await outcome(agreements.postpone(agreement, later))).toBe('unknown');
    await agreements.postpone(agreement, later).catch((error: unknown) => {
      // It was taken the first time, and is no later day now.
      expect(error).toBeInstanceOf(GatewayDeclined);
    });
    const found = await agreements.queryAgreement(agreement);
    expect(beijingDate((found.exists && found.window?.to) || 0)).toBe(later);
    const end = () => agreements.unsign(agreement, agreements.planUnsign(agreement));
    await fault(scenario, 'unsign');
    expect(await outcome(end())).toBe('unknown');
    expect(['done', 'not-exist', 'closed']).toContain(await outcome(end()));
    const ended = await agreements.queryAgreement(agreement);
    expect(ended.exists ? ended.state : 'ENDED').toBe('ENDED');
  });

  it('say when they take the next charge, also once it is put off', async () => {
    const agreement = await signed();
    const windowOf = async () => {
      const found = await agreements.queryAgreement(agreement);
      return found.exists ? found.window : undefined;
    };
    const now = Date.now();
    const window = await windowOf();
    expect(window?.from).toBeLessThanOrEqual(now);
    expect(window?.to).toBeGreaterThanOrEqual(now);
    expect(beijingDate(window?.to ?? 0)).toBe(today());
    await agreements.postpone(agreement, inDays(10));
    expect(await windowOf()).toMatchObject({ to: expect.any(Number) });
    expect(beijingDate((await windowOf())?.to ?? 0)).toBe(inDays(10));
    expect(await outcome(charge(order(), agreement))).toMatch(/^(later|never)$/);
    expect(await outcome(agreements.postpone(agreement, inDays(8)))).toMatch(/^[a-z-]+$/);
  });

  it('tell why a charge is declined, and what may still come of it', async () => {
    const agreement = await signed();
    const much = order('读书会员', { amountFen: 1901 as Fen });
    expect(await outcome(charge(much, agreement))).toBe('never');
    const nowhere = { ...agreement, agreementNo: '20260101000000000000' };
    expect(await outcome(charge(order(), nowhere))).toBe('agreement-ended');
    expect(await outcome(charge(order('读书会员 sim:unsigned-decline'), agreement))).toMatch(
      /\(unproven\)$|^unknown$/,
    );
    await buyer({ number: agreement.agreementNo, deed: 'stop' });
    expect(await outcome(charge(order(), agreement))).toBe('agreement-ended');
    expect(await agreements.queryAgreement(agreement)).toMatchObject({ state: 'ENDED' });
  });

  it('are unsure of a word that no document has, and of an absence that nobody signed', async () => {
    const agreement = await signed();
    await fault('unknown-word', 'agreement');
    expect(await agreements.queryAgreement(agreement)).toMatchObject({ exists: true, state: 'UNKNOWN' });
    await fault('unsigned-not-exist', 'agreement');
    expect(await outcome(agreements.queryAgreement(agreement))).toMatch(/\(unproven\)$|^unknown$/);
  });

  it('know for certain when nothing was sent', async () => {
    const [name, dead] = [wallet.gatewayVariable, 'http://127.0.0.1:9'];
    const path = new URL(simulator.env[name] ?? '').pathname.replace(/\/$/, '');
    const cutOff = own(await configured(ear.url, { [name]: `${dead}${path}` }));
    const agreement = await signed();
    const one = order();
    const calls = [
      cutOff.sendCharge(one, cutOff.planCharge(one, agreement)),
      cutOff.sendCharge(order(), cutOff.planCharge(one, agreement)),
      cutOff.queryAgreement(agreement),
      cutOff.postpone(agreement, inDays(9)),
      cutOff.unsign(agreement, cutOff.planUnsign(agreement)),
      cutOff.unsign({ ...agreement, agreementNo: '1' }, cutOff.planUnsign(agreement)),
    ];
    expect(await Promise.all(calls.map(outcome))).toEqual(calls.map(() => 'not sent'));
  });

  it('begin with the first payment, where that can be', async () => {
    const { payAndSign } = agreements;
    if (!payAndSign) return;
    const wanted = terms();
    const first = order('读书会员', { scene: payAndSign.scene, amountFen: fen(990) });
    const plan = payAndSign.plan(first, wanted);
    expect(payAndSign.plan({ ...first }, { ...wanted })).toBe(plan);
    await gateway.pay(await provider.sendPayment(first, plan));
    expect(await provider.queryTrade(first.outTradeNo)).toMatchObject({ state: 'PAID', amountFen: 990 });
    const found = await agreements.queryAgreement(wanted);
    expect(found).toMatchObject({ exists: true, state: 'ACTIVE', signNo: wanted.signNo });
    const agreement = { signNo: wanted.signNo, agreementNo: (found.exists && found.agreementNo) || '' };
    expect(await outcome(charge(order(), agreement))).toBe('done');
  });

  describe('a notification', () => {
    /** What a merchant hears of one agreement alone. */
    async function heard(
      deed: 'sign' | 'unsign',
      scenario?: string,
    ): Promise<{ raw: RawNotify; wanted: AgreementTerms }> {
      const alone = await openReceiver();
      const [to, nowhere] = [own(await configured(alone.url)), own(await configured('http://127.0.0.1:9/'))];
      const wanted = terms();
      const by = deed === 'sign' ? to : nowhere;
      if (scenario === 'notify-forged') await fault(scenario, 'sign');
      else if (scenario !== undefined) await fault(scenario, 'notify');
      if (deed === 'sign') {
        const { signUrl } = await by.sign(wanted, by.planSigning(wanted));
        await buyer({ code: signUrl, deed: scenario === 'notify-forged' ? 'decline' : 'sign' });
      } else {
        const agreement = await signed(wanted, by);
        await to.unsign(agreement, to.planUnsign(agreement));
      }
      await until(() => alone.received.length > 0);
      const [{ headers = {}, body = '' } = {}] = alone.received;
      await alone.close();
      return { wanted, raw: { headers, body: Buffer.from(body) } };
    }
    const refused = async (raw: RawNotify, now = Date.now()) => {
      await expect(provider.parseNotify(raw, now)).rejects.toBeInstanceOf(NotifyRejected);
    };

    if (isPlatform) {
      it('is taken and proves nothing where it may be of another merchant', async () => {
        const { raw } = await heard('sign');
        expect(await provider.parseNotify(raw, Date.now())).toMatchObject({ kind: 'other' });
      });
    } else {
      it.each([
        ['sign', 'ACTIVE'],
        ['unsign', 'ENDED'],
      ] as const)('of %s proves it, as a question does', async (deed, state) => {
        const { raw, wanted } = await heard(deed);
        const told = await provider.parseNotify(raw, Date.now());
        expect(told).toMatchObject({
          ...{ kind: 'agreement', id: expect.any(String) },
          agreement: { exists: true, state, account: provider.account, signNo: wanted.signNo },
        });
        const asked = await agreements.queryAgreement(wanted);
        if (told.kind === 'agreement' && asked.exists)
          expect(told.agreement).toMatchObject({ agreementNo: asked.agreementNo, state: asked.state });
      });

      it('counts for nothing when it is about another merchant', async () => {
        const { raw } = await heard('sign', 'wrong-account');
        await refused(raw);
      });
    }

    it('counts for nothing when a byte of it is another, when it is stale, or of nobody', async () => {
      const { raw } = await heard('unsign');
      const { body, headers } = raw;
      for (const at of [1, body.length >> 1, body.length - 2]) {
        const altered = Buffer.from(body);
        altered[at] = (altered[at] ?? 0) ^ 1;
        await refused({ headers, body: altered });
      }
      await refused(raw, Date.now() + 3 * DAY_MS);
      await refused((await heard('sign', 'notify-forged')).raw);
    });
  });
});
