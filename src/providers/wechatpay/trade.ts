import type { MayStill, TradeSnapshot } from '../contract.ts';
import { closeTrade as close, queryTrade as query, type Trades } from '../v3/trade.ts';
import type { WechatpayExchange } from './gateway.ts';
import { LIMITS } from './limits.ts';
import type { Merchant } from './merchant.ts';
import { tradeStateOf } from './states.ts';

/**
 * Asks for an order by its own number, the only one by which an unpaid order can be found.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013070356
 */
export function queryTrade(
  exchange: WechatpayExchange,
  merchant: Merchant,
  outTradeNo: string,
): Promise<TradeSnapshot> {
  return query(tradesOf(exchange, merchant), outTradeNo);
}

/**
 * Closes an unpaid order. WeChat Pay answers 204 with a signature over the empty body, also the second time.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013070360
 */
export function closeTrade(
  exchange: WechatpayExchange,
  merchant: Merchant,
  outTradeNo: string,
  mayStill?: MayStill,
): Promise<void> {
  return close(tradesOf(exchange, merchant), outTradeNo, mayStill);
}

function tradesOf(exchange: WechatpayExchange, merchant: Merchant): Trades {
  const isClosed: Trades['isClosed'] = ({ status, body }) => status === 204 && body.length === 0;
  return { exchange, merchant, limits: LIMITS, tradeStateOf, isClosed };
}
