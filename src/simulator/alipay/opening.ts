import { digits, token } from '../numbers.ts';
import { announceForged, pay } from '../payer.ts';
import { type Trade, tradeState } from '../state/trades.ts';
import type { Steered } from '../steering.ts';
import type { World } from '../world.ts';
import { business } from './refusal.ts';
import { newTradeNo, type TradeTerms } from './terms.ts';

/**
 * The payer opens a link or scans a code: only now there is a trade. The same number with the same basic information
 * opens the trade that is there. Call inside a write.
 */
export function openTrade(world: World, terms: TradeTerms, steered: Steered, late = false): Trade {
  const now = world.clock.now();
  const existing = world.trades.byNumber('alipay', terms.outTradeNo);
  const forgiving = late || steered.has('pay-after-close');
  if (existing) checkReuse(existing, terms, now, forgiving);
  else if (now >= terms.expiresAt && !forgiving) throw expired();
  const trade = existing ?? makeTrade(world, terms);
  if (!existing) world.trades.save(trade);
  if (!existing && steered.has('notify-forged')) announceForged(world, trade);
  return steered.has('auto-pay') ? pay(world, trade).trade : trade;
}

/** What the documents say about using a number again. */
export function checkReuse(existing: Trade, terms: TradeTerms, now: number, forgiving = false): void {
  const state = tradeState(existing, now);
  if (state === 'PAID') throw business('TRADE_HAS_SUCCESS', '交易已被支付');
  if (state === 'CLOSED' && !forgiving) throw business('TRADE_HAS_CLOSE', '交易已经关闭');
  if (existing.fingerprint !== terms.fingerprint) throw business('CONTEXT_INCONSISTENT', '交易信息被篡改');
}

/** The trade that terms become. */
export function makeTrade(world: World, terms: TradeTerms): Trade {
  return {
    ...terms,
    tradeNo: newTradeNo(world),
    payer: `2088${digits(world.randomBytes, 12)}`,
    cashierToken: token(world.randomBytes),
    createdAt: world.clock.now(),
    refunds: [],
  };
}

function expired() {
  return business('NOW_TIME_AFTER_EXPIRE_TIME_ERROR', '交易已超过支付时间，请重新下单');
}
