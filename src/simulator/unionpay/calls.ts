import type { Fen } from '../../domain/money.ts';
import { digits, token } from '../numbers.ts';
import { announce, announceForged, pay } from '../payer.ts';
import { type Refund, refundedFen, refundStatus, type Trade, tradeState } from '../state/trades.ts';
import type { Steered } from '../steering.ts';
import type { World } from '../world.ts';
import type { Fields } from './message.ts';
import { malformed, notFound, UnionpayRefusal } from './refusal.ts';
import { ownWords } from './request.ts';
import { fromStamp, stamp } from './times.ts';

/** ms that a refund is on its way here. */
const SETTLES_AFTER_MS = 2_000;

/** The order that a request describes. It is a trade once its payer has seen it. */
export function tradeOf(world: World, fields: Fields): Trade {
  const { orderId = '', txnAmt, payTimeout = '', txnTime = '', backUrl, frontUrl } = fields;
  return {
    ...{ provider: 'unionpay', outTradeNo: orderId, title: ownWords(fields), payer: '6216***********0018' },
    scene: fields.txnSubType === '07' ? 'qr' : 'web',
    amountFen: Number(txnAmt) as Fen,
    fingerprint: JSON.stringify(fields),
    ...(fields.reqReserved && { attach: fields.reqReserved }),
    ...(backUrl && { notifyUrl: backUrl }),
    ...(frontUrl && { returnUrl: frontUrl }),
    cashierToken: token(world.randomBytes),
    createdAt: world.clock.now(),
    sentAt: fromStamp(txnTime),
    expiresAt: fromStamp(payTimeout),
    refunds: [],
  };
}

/** A number is taken once, whatever comes with it the second time. */
function insistFree(world: World, orderId: string): void {
  const { trades, codes } = world;
  const taken =
    trades.byNumber('unionpay', orderId) ??
    trades.byRefundNumber('unionpay', orderId) ??
    codes.latest('unionpay', orderId);
  if (taken) throw new UnionpayRefusal('12', '重复交易');
}

/** A code for the buyer to scan. */
export function applyForCode(world: World, fields: Fields, steered: Steered): Fields {
  const { orderId = '', payTimeout = '' } = fields;
  insistFree(world, orderId);
  const trade = tradeOf(world, fields);
  if (trade.expiresAt <= world.clock.now()) throw malformed('payTimeout');
  const code = `${world.origin}/unionpay/qr/${token(world.randomBytes)}`;
  const terms = JSON.stringify(trade);
  world.codes.issue({
    code,
    provider: 'unionpay',
    outTradeNo: orderId,
    diesAt: fromStamp(payTimeout),
    terms,
  });
  if (steered.has('notify-forged')) announceForged(world, trade);
  if (steered.has('auto-pay')) {
    world.trades.save(trade);
    pay(world, trade);
  }
  return { qrCode: code };
}

/** How a payment or a refund stands. */
export function query(world: World, { orderId = '', txnTime }: Fields, steered: Steered): Fields {
  const trade = world.trades.byNumber('unionpay', orderId);
  if (trade && stamp(trade.sentAt ?? 0) === txnTime) return paymentTold(world, trade, steered);
  const owner = world.trades.byRefundNumber('unionpay', orderId);
  const refund = owner?.refunds.find(({ outRefundNo }) => outRefundNo === orderId);
  if (!refund || stamp(refund.sentAt ?? 0) !== txnTime) throw notFound();
  return refundTold(world, refund, steered);
}

function paymentTold(world: World, trade: Trade, steered: Steered): Fields {
  const now = world.clock.now();
  const code = { PAID: '00', NOTPAY: '05', CLOSED: '69' }[tradeState(trade, now)];
  return {
    ...booked(trade.amountFen + (steered.has('wrong-amount') ? 1 : 0), trade.paidAt ?? now),
    ...(trade.tradeNo && { queryId: trade.tradeNo }),
    ...(trade.attach && { reqReserved: trade.attach }),
    ...(steered.has('wrong-account') ? { merId: '700000000000000' } : {}),
    origRespCode: steered.has('unknown-word') ? 'ZZ' : code,
    origRespMsg: `原交易应答[${code}]`,
  };
}

function refundTold(world: World, refund: Refund, steered: Steered): Fields {
  const now = world.clock.now();
  const code = { PROCESSING: '05', SUCCESS: '00', CLOSED: '30', ABNORMAL: '74' }[refundStatus(refund, now)];
  return {
    ...booked(refund.amountFen + (steered.has('wrong-amount') ? 1 : 0), refund.createdAt),
    queryId: refund.refundId,
    origRespCode: steered.has('unknown-word') ? 'ZZ' : code,
    origRespMsg: `原交易应答[${code}]`,
  };
}

/** What UnionPay says of anything that it has booked. */
export function booked(fen: number, at: number): Fields {
  const time = stamp(at);
  return {
    ...{ txnAmt: String(fen), currencyCode: '156', settleAmt: String(fen), settleCurrencyCode: '156' },
    ...{ settleDate: time.slice(4, 8), traceNo: time.slice(8), traceTime: time.slice(4) },
  };
}

/** Gives money of a payment back, which is told later. */
export function refund(world: World, fields: Fields, steered: Steered): Fields {
  const { orderId = '', origQryId = '', txnAmt, txnTime = '', backUrl = '' } = fields;
  insistFree(world, orderId);
  const trade = world.trades.byTradeNo('unionpay', origQryId);
  if (trade?.paidAt === undefined) throw new UnionpayRefusal('35', '原交易不存在或状态不正确');
  const now = world.clock.now();
  const amountFen = Number(txnAmt) as Fen;
  if (refundedFen(trade, now, ['PROCESSING', 'SUCCESS', 'ABNORMAL']) + amountFen > trade.amountFen)
    throw new UnionpayRefusal('36', '与原交易信息不符');
  const made: Refund = {
    ...{ outRefundNo: orderId, refundId: newQueryId(world), amountFen, reason: ownWords(fields) },
    ...{ fingerprint: JSON.stringify(fields), notifyUrl: backUrl, createdAt: now },
    ...{ sentAt: fromStamp(txnTime), settlesAt: now + SETTLES_AFTER_MS },
    outcome: steered.has('refund-processing') ? 'PROCESSING' : 'SUCCESS',
  };
  const after = { ...trade, refunds: [...trade.refunds, made] };
  world.trades.save(after);
  if (made.outcome === 'SUCCESS')
    announce(world, after, { kind: 'refund', url: backUrl, dueAt: made.settlesAt }, made);
  return { queryId: made.refundId };
}

/** 21 digits that begin with the second. */
export function newQueryId({ clock, randomBytes }: World): string {
  return `${stamp(clock.now())}${digits(randomBytes, 7)}`;
}
