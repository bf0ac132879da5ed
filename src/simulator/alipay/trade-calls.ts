import { z } from 'zod';
import { beijingDateTime, DAY_MS } from '../../domain/clock.ts';
import { type Fen, toYuan } from '../../domain/money.ts';
import { announceForged } from '../payer.ts';
import { asOf, refundedFen, type Trade, tradeState } from '../state/trades.ts';
import type { Steered } from '../steering.ts';
import type { World } from '../world.ts';
import { checkReuse, makeTrade, openTrade } from './opening.ts';
import { readBusiness } from './reading.ts';
import { business, invalidParameter, tradeNotExist } from './refusal.ts';
import type { AlipayCall } from './request.ts';
import { readTerms } from './terms.ts';

/** The fields of a successful answer, after `code` and `msg`. */
export type Fields = Record<string, unknown>;

/** ms that the QR code of a precreated order can be scanned. */
const QR_LIFETIME_MS = 7_200_000;

export const TRADE_REFERENCE = {
  out_trade_no: z.string().max(64).optional(),
  trade_no: z.string().max(64).optional(),
};
const queryFields = z.strictObject({ ...TRADE_REFERENCE, query_options: z.array(z.string()).optional() });
const closeFields = z.strictObject({ ...TRADE_REFERENCE, operator_id: z.string().max(28).optional() });

/**
 * `alipay.trade.precreate`: a code to scan. No trade exists before someone does.
 * @see https://opendocs.alipay.com/open/8ad49e4a_alipay.trade.precreate
 */
export function precreate(world: World, call: AlipayCall, steered: Steered): Fields {
  const terms = readTerms(world, call);
  const now = world.clock.now();
  const existing = world.trades.byNumber('alipay', terms.outTradeNo);
  if (existing) checkReuse(existing, terms, now);
  const code = `${world.origin}/alipay/qr/bax0${world.randomBytes(12).toString('hex')}`;
  const diesAt = Math.min(now + QR_LIFETIME_MS, terms.expiresAt);
  world.codes.issue({
    code,
    provider: 'alipay',
    outTradeNo: terms.outTradeNo,
    diesAt,
    terms: JSON.stringify(terms),
  });
  if (steered.has('auto-pay')) openTrade(world, terms, steered);
  else if (steered.has('notify-forged')) announceForged(world, makeTrade(world, terms));
  return { out_trade_no: terms.outTradeNo, qr_code: code };
}

/**
 * `alipay.trade.query`.
 * @see https://opendocs.alipay.com/open/82ea786a_alipay.trade.query
 */
export function query(world: World, call: AlipayCall, steered: Steered): Fields {
  const trade = referredTrade(world, readBusiness(call, queryFields));
  const paid = trade.paidAt !== undefined;
  const total = steered.has('wrong-amount') ? ((trade.amountFen + 1) as Fen) : trade.amountFen;
  return {
    ...numbers(trade),
    trade_status: steered.has('unknown-word') ? 'TRADE_PONDERING' : tradeStatus(trade, world.clock.now()),
    total_amount: toYuan(total),
    buyer_logon_id: '159****5620',
    buyer_user_id: trade.payer,
    receipt_amount: paid ? toYuan(total) : '0.00',
    buyer_pay_amount: paid ? toYuan(total) : '0.00',
    invoice_amount: paid ? toYuan(total) : '0.00',
    point_amount: '0.00',
    ...(trade.paidAt === undefined ? {} : { send_pay_date: beijingDateTime(trade.paidAt) }),
  };
}

/**
 * `alipay.trade.close`: unpaid trades only. A link nobody has opened has no trade, and lives on.
 * @see https://opendocs.alipay.com/open/e84f0d79_alipay.trade.close
 */
export function close(world: World, call: AlipayCall): Fields {
  const trade = referredTrade(world, readBusiness(call, closeFields));
  if (tradeState(trade, world.clock.now()) !== 'NOTPAY') {
    throw business('REASON_TRADE_STATUS_INVALID', '交易状态不合法');
  }
  world.trades.save({ ...trade, closedAt: world.clock.now() });
  return numbers(trade);
}

/** The trade a call is about; `trade_no` wins. */
export function referredTrade(
  world: World,
  reference: { readonly out_trade_no?: string | undefined; readonly trade_no?: string | undefined },
): Trade {
  const { trade_no: tradeNo, out_trade_no: outTradeNo } = reference;
  if (!tradeNo && !outTradeNo) throw invalidParameter('out_trade_no、trade_no 不能同时为空');
  const trade = tradeNo
    ? world.trades.byTradeNo('alipay', tradeNo)
    : world.trades.byNumber('alipay', outTradeNo ?? '');
  // By the seller's number nothing is known of what a buyer's agent has paid: no document says that it is.
  if (!trade || (trade.a2m && !tradeNo)) throw tradeNotExist();
  return asOf(trade, world.clock.now());
}

/** Both numbers of a trade. */
export function numbers(trade: Trade): Fields {
  return { out_trade_no: trade.outTradeNo, trade_no: trade.tradeNo ?? '' };
}

/** ms after payment in which refunds are taken. */
export const REFUND_WINDOW_MS = 365 * DAY_MS;

/** Alipay's word for a trade: fully refunded is closed, past the refund window is finished. */
export function tradeStatus(trade: Trade, now: number): string {
  if (trade.paidAt === undefined)
    return tradeState(trade, now) === 'NOTPAY' ? 'WAIT_BUYER_PAY' : 'TRADE_CLOSED';
  if (refundedFen(trade, now, ['SUCCESS']) === trade.amountFen) return 'TRADE_CLOSED';
  return now > trade.paidAt + REFUND_WINDOW_MS ? 'TRADE_FINISHED' : 'TRADE_SUCCESS';
}
