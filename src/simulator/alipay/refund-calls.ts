import { z } from 'zod';
import { beijingDateTime } from '../../domain/clock.ts';
import { toYuan } from '../../domain/money.ts';
import { steer } from '../payer.ts';
import { type Refund, refundedFen, refundStatus, type Trade, tradeState } from '../state/trades.ts';
import type { Steered } from '../steering.ts';
import type { World } from '../world.ts';
import { readBusiness, readPrice } from './reading.ts';
import { business } from './refusal.ts';
import type { AlipayCall } from './request.ts';
import { type Fields, numbers, REFUND_WINDOW_MS, referredTrade, TRADE_REFERENCE } from './trade-calls.ts';

/** ms between two refunds of one trade. */
const REFUND_INTERVAL_MS = 3_000;

/** "若在此接口中传入【非当前接口文档中的参数】会造成【退款失败或重复退款】": here it is refused. */
const refundFields = z.strictObject({
  ...TRADE_REFERENCE,
  refund_amount: z.union([z.string(), z.number()]),
  out_request_no: z.string().min(1).max(64).optional(),
  refund_reason: z.string().max(256).optional(),
  refund_goods_detail: z.unknown().optional(),
  refund_royalty_parameters: z.unknown().optional(),
  query_options: z.array(z.string()).optional(),
  related_settle_confirm_no: z.string().max(64).optional(),
});
const refundQueryFields = z.strictObject({
  ...TRADE_REFERENCE,
  out_request_no: z.string().min(1).max(64),
  query_options: z.array(z.string()).optional(),
});

/**
 * `alipay.trade.refund`: `fund_change=Y` says that this call moved money, `refund_fee` is all refunds together.
 * @see https://opendocs.alipay.com/open/4b7cc5db_alipay.trade.refund
 */
export function refund(world: World, call: AlipayCall, steered: Steered): Fields {
  const fields = readBusiness(call, refundFields);
  const amountFen = readPrice(String(fields.refund_amount));
  const trade = referredTrade(world, fields);
  const outRefundNo = fields.out_request_no ?? wholeRefundNumber(trade, amountFen);
  const earlier = trade.refunds.find((known) => known.outRefundNo === outRefundNo);
  if (earlier && earlier.amountFen !== amountFen) {
    throw business('DISCORDANT_REPEAT_REQUEST', '退款请求号重复，但金额不一致');
  }
  if (earlier) return refundAnswer(world, trade, earlier, false, fields.query_options);
  checkRefundable(trade, amountFen, world.clock.now());
  const now = world.clock.now();
  const made: Refund = {
    outRefundNo,
    refundId: outRefundNo,
    amountFen,
    ...(fields.refund_reason ? { reason: fields.refund_reason } : {}),
    fingerprint: String(amountFen),
    createdAt: now,
    settlesAt: now,
    outcome: steered.has('refund-processing') ? 'PROCESSING' : 'SUCCESS',
  };
  const refunded: Trade = { ...trade, refunds: [...trade.refunds, made] };
  world.trades.save(refunded);
  const moved = made.outcome === 'SUCCESS' && !steered.has('fund-change-n');
  return refundAnswer(world, refunded, made, moved, fields.query_options);
}

/**
 * `alipay.trade.fastpay.refund.query`: a number it does not know is answered 10000 without details.
 * @see https://opendocs.alipay.com/open/8c776df6_alipay.trade.fastpay.refund.query
 */
export function queryRefund(world: World, call: AlipayCall): Fields {
  const fields = readBusiness(call, refundQueryFields);
  const trade = referredTrade(world, fields);
  const known = trade.refunds.find(({ outRefundNo }) => outRefundNo === fields.out_request_no);
  if (!known) return {};
  const steered = steer(world, trade, 'query-refund', known);
  const amountFen = steered.has('wrong-amount') ? known.amountFen + 1 : known.amountFen;
  const status = steered.has('unknown-word') ? 'REFUND_PONDERING' : 'REFUND_SUCCESS';
  const done = refundStatus(known, world.clock.now()) === 'SUCCESS';
  return {
    ...numbers(trade),
    out_request_no: known.outRefundNo,
    refund_amount: toYuan(amountFen as Trade['amountFen']),
    total_amount: toYuan(trade.amountFen),
    ...(known.reason ? { refund_reason: known.reason } : {}),
    ...(done || steered.has('unknown-word') ? { refund_status: status } : {}),
    ...(done && fields.query_options?.includes('gmt_refund_pay')
      ? { gmt_refund_pay: beijingDateTime(known.settlesAt) }
      : {}),
  };
}

/** Only a refund of the whole amount may come without a number; it then takes the order's. */
function wholeRefundNumber(trade: Trade, amountFen: number): string {
  if (amountFen !== trade.amountFen) {
    throw business('REFUND_AMT_NOT_EQUAL_TOTAL', '部分退款须传入 out_request_no');
  }
  return trade.outTradeNo;
}

function checkRefundable(trade: Trade, amountFen: number, now: number): void {
  if (trade.paidAt === undefined) {
    throw tradeState(trade, now) === 'CLOSED'
      ? business('TRADE_HAS_CLOSE', '交易已经关闭')
      : business('TRADE_STATUS_ERROR', '交易状态不合法');
  }
  if (now > trade.paidAt + REFUND_WINDOW_MS)
    throw business('TRADE_HAS_FINISHED', '交易已完结，超过可退款期限');
  const held = refundedFen(trade, now, ['SUCCESS', 'PROCESSING']);
  if (held === trade.amountFen) throw business('TRADE_HAS_CLOSE', '交易已全额退款');
  if (held + amountFen > trade.amountFen) throw business('REASON_TRADE_REFUND_FEE_ERR', '退款金额超限');
  const last = trade.refunds.at(-1);
  if (last && now < last.createdAt + REFUND_INTERVAL_MS) {
    throw business('SYSTEM_ERROR', '同一笔交易两次退款请求须间隔 3 秒以上');
  }
}

function refundAnswer(
  world: World,
  trade: Trade,
  made: Refund,
  moved: boolean,
  options: readonly string[] | undefined,
): Fields {
  return {
    ...numbers(trade),
    buyer_logon_id: '159****5620',
    buyer_user_id: trade.payer,
    fund_change: moved ? 'Y' : 'N',
    refund_fee: toYuan(refundedFen(trade, world.clock.now(), ['SUCCESS'])),
    ...(moved ? { gmt_refund_pay: beijingDateTime(made.settlesAt) } : {}),
    ...(options?.includes('refund_detail_item_list')
      ? { send_back_fee: toYuan(moved ? made.amountFen : (0 as Trade['amountFen'])) }
      : {}),
  };
}
