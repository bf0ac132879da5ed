import { createHmac } from 'node:crypto';
import type { Fen } from '../../src/domain/money.ts';
import { billLines, hasBill } from '../../src/simulator/bill-lines.ts';
import { type Carried, carryOut, spoilt } from '../../src/simulator/exchange.ts';
import type { Incoming, Outgoing } from '../../src/simulator/http.ts';
import { digits, token } from '../../src/simulator/numbers.ts';
import { openFromQuery, openPage } from '../../src/simulator/pages/open-page.ts';
import { announce, announceForged, pay } from '../../src/simulator/payer.ts';
import { CannotOpen } from '../../src/simulator/scanner.ts';
import type { AnswerFault, Operation } from '../../src/simulator/scenarios.ts';
import {
  type Refund,
  refundedFen,
  refundStatus,
  type Trade,
  tradeState,
} from '../../src/simulator/state/trades.ts';
import type { Steered } from '../../src/simulator/steering.ts';
import type { FakeWallet, World } from '../../src/simulator/world.ts';

declare module '../../src/simulator/state/identity.ts' {
  interface Numbers {
    readonly toyMerchant: string;
    readonly toySecret: string;
  }
}

type Fields = Readonly<Record<string, unknown>>;
interface Ask extends Fields {
  readonly call: Operation;
  readonly merchant: string;
  readonly number?: string;
  readonly refundNumber?: string;
  readonly title?: string;
  readonly reason?: string;
  readonly amountFen: Fen;
  readonly refundFen: Fen;
  /** Numbers mean nothing without it. */
  readonly sentAt: number;
  /** Its own number, by which alone it knows what is to be refunded. */
  readonly tradeNo?: string;
  readonly expiresAt: number;
  readonly notifyUrl?: string;
  readonly date: string;
}

/** The toy wallet's gateway: JSON both ways, sealed with a secret that both know. */
export const TOYPAY: FakeWallet = {
  id: 'toypay',
  name: { zh: '玩具支付', en: 'Toy Pay' },
  ...{ mark: '玩', accent: '#92400e', tone: 'amber', tradeNoWord: '玩具支付单号' },
  numbers: (randomBytes) => ({ toyMerchant: `7${digits(randomBytes, 9)}`, toySecret: token(randomBytes) }),
  keys: [],
  env: ({ toyMerchant, toySecret }, origin) => ({
    TOYPAY_MERCHANT: toyMerchant,
    TOYPAY_SECRET: toySecret,
    TOYPAY_GATEWAY: `${origin}/toypay/gateway`,
  }),
  routes: [
    { method: 'POST', path: '/toypay/gateway', handle: gateway },
    { method: 'GET', path: '/toypay/qr/:code', handle: openFromQuery },
    { method: 'POST', path: '/toypay/form', handle: (world, { body }) => openPage(world, body.toString()) },
  ],
  message(world, delivery) {
    const trade = delivery.forged ?? tradeOf(world, delivery.outTradeNo);
    const refund = trade.refunds.find(({ outRefundNo }) => outRefundNo === delivery.outRefundNo);
    const told = refund ? refundTold(world, trade, refund) : { ...tradeTold(world, trade), state: 'PAID' };
    const body = JSON.stringify({
      ...{ ...told, id: delivery.notifyId },
      ...(delivery.wrongAmount
        ? { amountFen: trade.amountFen + 1, refundFen: (refund?.amountFen ?? 0) + 1 }
        : {}),
      ...(delivery.wrongAccount ? { merchant: '7000000000' } : {}),
    });
    const key = delivery.forged ? 'nobody' : world.identity.toySecret;
    return {
      ...{ headers: { 'content-type': 'application/json', 'toypay-seal': seal(key, body) }, body },
      accepts: (status, answer) => status === 200 && answer === 'taken',
    };
  },
  open(world, shown) {
    const form = new URLSearchParams(shown);
    const plan = form.get('plan');
    return plan === null ? undefined : world.database.write(() => openForm(world, plan, form.get('seal')));
  },
  openCode(world, issued, late) {
    const trade = tradeOf(world, issued.outTradeNo);
    if (tradeState(trade, world.clock.now()) === 'CLOSED' && !late)
      throw new CannotOpen('订单已关闭', 'It is over');
    return Promise.resolve(trade);
  },
  whyNot: () => undefined,
  returnAddress: () => undefined,
  newTradeNo: (world) => `T${digits(world.randomBytes, 20)}`,
  booksRefundsWhenDone: false,
};

const seal = (secret: string, body: string | Buffer) =>
  createHmac('sha256', secret).update(body).digest('hex');

class Refusal extends Error {}

function tradeOf(world: World, number = ''): Trade {
  const trade = world.trades.byNumber('toypay', number);
  if (!trade) throw new Refusal('NOT_EXIST');
  return trade;
}

async function gateway(world: World, { headers, body }: Incoming): Promise<Outgoing> {
  const ask = JSON.parse(body.toString('utf8')) as Ask;
  const { toySecret, toyMerchant } = world.identity;
  if (headers['toypay-seal'] !== seal(toySecret, body) || ask.merchant !== toyMerchant)
    return answer({ code: 'NO_SUCH_MERCHANT' }, 'nobody');
  const { result = {}, fault } = await world.database.write(() => answerTo(world, ask, body));
  return spoilt(world, fault, (kind) => inWords(world, result, kind));
}

function answerTo(world: World, ask: Ask, body: Buffer): Carried<Fields> {
  const { call: operation, refundNumber: outRefundNo } = ask;
  const trade =
    world.trades.byNumber('toypay', ask.number ?? '') ??
    world.trades.byTradeNo('toypay', ask.tradeNo ?? '') ??
    world.trades.byRefundNumber('toypay', outRefundNo ?? '');
  const outTradeNo = ask.number ?? trade?.outTradeNo ?? '';
  const title = ask.title ?? trade?.title;
  const reason = ask.reason ?? trade?.refunds.find((one) => one.outRefundNo === outRefundNo)?.reason;
  const occasion = { provider: 'toypay', operation, outTradeNo, outRefundNo, title, reason };
  return carryOut(world, occasion, body, (steered) => {
    try {
      return CALLS[operation]?.(world, ask, steered, body.toString()) ?? {};
    } catch (error) {
      if (error instanceof Refusal) return { code: error.message };
      throw error;
    }
  });
}

/** The order that a browser has posted comes into being by that. */
function openForm(world: World, plan: string, sealed: string | null): Trade {
  const { toySecret, toyMerchant } = world.identity;
  const ask = JSON.parse(plan) as Ask;
  const isOver = ask.expiresAt <= world.clock.now();
  if (sealed !== seal(toySecret, plan) || ask.merchant !== toyMerchant || isOver)
    throw new CannotOpen('这张表单无效或已过期', 'This form is wrong or over');
  return ordered(world, ask, plan, 'web');
}

function ordered(world: World, ask: Ask, fingerprint: string, scene: 'qr' | 'web'): Trade {
  const { number: outTradeNo = '', amountFen, title = '', sentAt, expiresAt, notifyUrl } = ask;
  const known = world.trades.byNumber('toypay', outTradeNo);
  if (known && known.fingerprint !== fingerprint) throw new Refusal('OTHER_TERMS');
  if (known) return known;
  const terms = { outTradeNo, amountFen, title, sentAt, expiresAt, fingerprint };
  const trade: Trade = {
    ...{ provider: 'toypay', scene, ...terms, refunds: [] },
    ...{ payer: 'buyer', cashierToken: token(world.randomBytes), createdAt: world.clock.now() },
    ...(notifyUrl && { notifyUrl }),
  };
  world.trades.save(trade);
  return trade;
}

type Handler = (world: World, ask: Ask, steered: Steered, fingerprint: string) => Fields;

const CALLS: Readonly<Partial<Record<Operation, Handler>>> = {
  create(world, ask, steered, fingerprint) {
    const trade = ordered(world, ask, fingerprint, 'qr');
    if (trade.paidAt !== undefined) throw new Refusal('PAID');
    const { outTradeNo, expiresAt } = trade;
    const code = `${world.origin}/toypay/qr/${token(world.randomBytes)}`;
    world.codes.issue({ code, provider: 'toypay', outTradeNo, diesAt: expiresAt });
    if (steered.has('notify-forged')) announceForged(world, trade);
    if (steered.has('auto-pay')) pay(world, trade);
    return { code_url: code };
  },
  query(world, { number, sentAt }, steered) {
    const told = tradeTold(world, tradeOf(world, number));
    if (told.sentAt !== sentAt) throw new Refusal('NOT_EXIST');
    return {
      ...told,
      ...(steered.has('unknown-word') ? { state: 'PONDERING' } : {}),
      ...(steered.has('wrong-amount') ? { amountFen: told.amountFen + 1 } : {}),
      ...(steered.has('wrong-account') ? { merchant: '7000000000' } : {}),
    };
  },
  refund(world, ask, steered, fingerprint) {
    const { tradeNo, refundNumber: outRefundNo = '', sentAt, refundFen: amountFen, reason, notifyUrl } = ask;
    const trade = world.trades.byTradeNo('toypay', tradeNo ?? '');
    if (!trade) throw new Refusal('NOT_EXIST');
    const now = world.clock.now();
    if (trade.paidAt === undefined) throw new Refusal('NOT_PAID');
    const known = trade.refunds.find((refund) => refund.outRefundNo === outRefundNo);
    if (known && known.fingerprint !== fingerprint) throw new Refusal('OTHER_TERMS');
    if (known) return refundTold(world, trade, known);
    if (refundedFen(trade, now, ['PROCESSING', 'SUCCESS']) + amountFen > trade.amountFen)
      throw new Refusal('TOO_MUCH');
    const refund: Refund = {
      ...{ outRefundNo, refundId: `R${token(world.randomBytes)}`, amountFen, fingerprint, createdAt: now },
      ...{ sentAt, settlesAt: now, outcome: steered.has('refund-processing') ? 'PROCESSING' : 'SUCCESS' },
      ...(reason && { reason }),
    };
    const after = { ...trade, refunds: [...trade.refunds, refund] };
    world.trades.save(after);
    if (notifyUrl) announce(world, after, { kind: 'refund', url: notifyUrl, dueAt: now }, refund);
    const told = refundTold(world, after, refund);
    return steered.has('unknown-word') ? { ...told, state: 'PONDERING' } : told;
  },
  'query-refund'(world, { refundNumber = '', sentAt }, steered) {
    const trade = world.trades.byRefundNumber('toypay', refundNumber);
    const refund = trade?.refunds.find(({ outRefundNo }) => outRefundNo === refundNumber);
    if (!trade || refund?.sentAt !== sentAt) throw new Refusal('NOT_EXIST');
    const told = refundTold(world, trade, refund);
    return {
      ...told,
      ...(steered.has('unknown-word') ? { state: 'PONDERING' } : {}),
      ...(steered.has('wrong-amount') ? { refundFen: told.refundFen + 1 } : {}),
    };
  },
  bill(world, { date }) {
    if (!hasBill(world, date)) throw new Refusal('NOT_EXIST');
    const lines = billLines(world, 'toypay', date).map(
      ({ trade, refund, status, amountFen, feeFen, at }) => ({
        ...{ outTradeNo: trade.outTradeNo, gatewayTradeNo: trade.tradeNo ?? '', amountFen, feeFen, at },
        sentAt: (refund ?? trade).sentAt,
        ...(refund
          ? { kind: 'refund', outRefundNo: refund.outRefundNo, state: status, gatewayState: status }
          : { kind: 'payment', state: 'PAID', gatewayState: 'PAID' }),
      }),
    );
    return { lines };
  },
};

function tradeTold(world: World, trade: Trade) {
  const { outTradeNo: number, sentAt, amountFen, paidAt, tradeNo } = trade;
  const state = tradeState(trade, world.clock.now());
  return { merchant: world.identity.toyMerchant, number, sentAt, amountFen, paidAt, tradeNo, state };
}

function refundTold(world: World, { tradeNo }: Trade, refund: Refund) {
  const { outRefundNo: refundNumber, amountFen, sentAt } = refund;
  const state = refundStatus(refund, world.clock.now());
  return {
    merchant: world.identity.toyMerchant,
    tradeNo,
    refundNumber,
    sentAt,
    refundFen: amountFen as number,
    state,
  };
}

function answer(fields: Fields, secret: string | undefined): Outgoing {
  const body = JSON.stringify(fields);
  const sealed = secret === undefined ? {} : { 'toypay-seal': seal(secret, body) };
  return { status: 200, headers: { 'content-type': 'application/json', ...sealed }, body };
}

const CODES: Readonly<Partial<Record<AnswerFault, string>>> = {
  ...{ declined: 'FORBIDDEN', balance: 'NO_MONEY', 'system-error': 'SYSTEM', 'rate-limited': 'BUSY' },
};

/** The answer that the fault wants. */
function inWords({ identity }: World, told: Fields, fault: AnswerFault | undefined): Outgoing {
  if (fault === 'forged') return answer(told, 'nobody');
  if (fault === 'unsigned') return answer(told, undefined);
  if (fault === 'declined-unsigned') return answer({ code: 'FORBIDDEN' }, undefined);
  if (fault === 'not-exist-unsigned') return answer({ code: 'NOT_EXIST' }, undefined);
  const code = fault && CODES[fault];
  return answer(code ? { code } : told, identity.toySecret);
}
