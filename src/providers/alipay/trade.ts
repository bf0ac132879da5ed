import { parseBeijingDateTime } from '../../domain/clock.ts';
import { fenFromYuan } from '../../domain/money.ts';
import { OutcomeUnknown, type TradeSnapshot } from '../contract.ts';
import type { Answer } from './answer.ts';
import { readWord } from './codes.ts';
import { isProvenNotExist, requireAccepted, requireOrderNumber } from './errors.ts';
import type { AlipayGateway } from './gateway.ts';
import { bizContent } from './plan.ts';
import { tradeState } from './states.ts';

/** Fields that other calls answer with. A close answer has none of its own, so theirs give a swapped answer away. */
const FOREIGN_TO_CLOSE = ['trade_status', 'qr_code', 'fund_change', 'refund_status'];

/**
 * Asks for a trade. An order whose link nobody has opened does not exist yet.
 *
 * @see https://opendocs.alipay.com/open/82ea786a_alipay.trade.query
 */
export async function queryTrade(
  gateway: AlipayGateway,
  account: string,
  outTradeNo: string,
): Promise<TradeSnapshot> {
  const answer = await gateway.call({
    method: 'alipay.trade.query',
    biz_content: bizContent({ out_trade_no: outTradeNo }),
  });
  try {
    requireAccepted(answer, 'query', outTradeNo);
  } catch (error) {
    if (isProvenNotExist(error)) return { exists: false };
    throw error;
  }
  requireOrderNumber(answer, outTradeNo);
  return snapshot(answer, account, outTradeNo);
}

function snapshot(answer: Answer, account: string, outTradeNo: string): TradeSnapshot {
  const { fields, requestId } = answer;
  const state = tradeState(fields);
  const amountFen = fenFromYuan(fields.get('total_amount') ?? '');
  if (state === 'PAID' && amountFen === undefined) throw new OutcomeUnknown('amount-unreadable', requestId);
  const paidAt = state === 'PAID' ? parseBeijingDateTime(fields.get('send_pay_date') ?? '') : undefined;
  const gatewayTradeNo = readWord(fields.get('trade_no'));
  return {
    exists: true,
    account,
    outTradeNo,
    state,
    gatewayState: readWord(fields.get('trade_status')) ?? 'unreadable',
    ...(gatewayTradeNo === undefined ? {} : { gatewayTradeNo }),
    ...(amountFen === undefined ? {} : { amountFen }),
    ...(paidAt === undefined ? {} : { paidAt }),
  };
}

/**
 * Closes an unpaid trade. A link that nobody has opened cannot be closed: Alipay answers that the trade does not
 * exist, and the link works until its `time_expire`.
 *
 * @see https://opendocs.alipay.com/open/8dc9ebb3_alipay.trade.close
 */
export async function closeTrade(gateway: AlipayGateway, outTradeNo: string): Promise<void> {
  const answer = await gateway.call({
    method: 'alipay.trade.close',
    biz_content: bizContent({ out_trade_no: outTradeNo }),
  });
  requireAccepted(answer, 'close', outTradeNo);
  requireOrderNumber(answer, outTradeNo);
  if (FOREIGN_TO_CLOSE.some((field) => answer.fields.has(field))) {
    throw new OutcomeUnknown('answer-of-another-call', answer.requestId);
  }
}
