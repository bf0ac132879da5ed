import { defined } from '../../domain/defined.ts';
import { type Fen, fen } from '../../domain/money.ts';
import { unlessAbsent } from '../absence.ts';
import { GatewayDeclined, type MayStill, OutcomeUnknown, type TradeSnapshot } from '../contract.ts';
import { type Answer, objectAt, readAnswer, textAt, UNREADABLE, wordAt } from './answer.ts';
import type { Exchange } from './gateway.ts';
import { outTradeNoInPath } from './limits.ts';
import type { Merchant } from './merchant.ts';
import { tradeStateOf } from './states.ts';

/**
 * Asks for an order by its own number, the only one by which an unpaid order can be found.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013070356
 */
export async function queryTrade(
  exchange: Exchange,
  merchant: Merchant,
  outTradeNo: string,
): Promise<TradeSnapshot> {
  const path = `${pathOf(merchant, outTradeNo)}?${new URLSearchParams(merchant.ofTrade)}`;
  const verified = await unlessAbsent(exchange('query-trade', { method: 'GET', path }));
  if (verified === undefined) return { exists: false };
  const answer = readAnswer(verified.body);
  if (textAt(answer, 'out_trade_no') !== outTradeNo) {
    throw new OutcomeUnknown(answer ? 'other-order' : 'unreadable-answer', verified.requestId);
  }
  const snapshot = readTrade(answer, merchant, outTradeNo);
  if (!snapshot) throw new OutcomeUnknown('unreadable-answer', verified.requestId);
  return snapshot;
}

function pathOf({ trades }: Merchant, outTradeNo: string): string {
  return `${trades}/out-trade-no/${outTradeNoInPath(outTradeNo)}`;
}

export type KnownTrade = Extract<TradeSnapshot, { exists: true }>;

/**
 * What a verified answer or notification proves of a trade; undefined when it does not say whose trade it is, or says
 * PAID without a sum.
 */
export function readTrade(
  answer: Answer | undefined,
  merchant: Merchant,
  outTradeNo: string,
): KnownTrade | undefined {
  const account = merchant.accountIn(answer);
  const word = textAt(answer, 'trade_state');
  if (account === undefined || word === undefined) return undefined;
  const state = tradeStateOf(word);
  const amountFen = fenAt(objectAt(answer, 'amount'), 'total');
  if (state === 'PAID' && amountFen === undefined) return undefined;
  const gatewayTradeNo = wordAt(answer, 'transaction_id');
  const paidAt = instantAt(answer, 'success_time');
  const mark = wordAt(answer, 'attach');
  return {
    exists: true,
    account,
    outTradeNo,
    state,
    gatewayState: wordAt(answer, 'trade_state') ?? UNREADABLE,
    ...defined({ gatewayTradeNo, amountFen, paidAt, mark }),
    // The word comes with the first refund, whoever made it and whatever became of it.
    ...(word === 'REFUND' ? { refundedFen: 'unknown' as const } : {}),
  };
}

/** A positive whole number of fen in an `amount` object; undefined for anything else, other currencies included. */
export function fenAt(amount: Answer | undefined, field: string): Fen | undefined {
  const value = amount?.[field];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) return undefined;
  return (amount?.currency ?? 'CNY') === 'CNY' ? fen(value) : undefined;
}

/** ms; undefined when there is none. */
function instantAt(answer: Answer | undefined, field: string): number | undefined {
  const text = textAt(answer, field) ?? '';
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * Closes an unpaid order. WeChat Pay answers 204 with a signature over the empty body, also the second time.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013070360
 */
export async function closeTrade(
  exchange: Exchange,
  merchant: Merchant,
  outTradeNo: string,
  mayStill?: MayStill,
): Promise<void> {
  const path = `${pathOf(merchant, outTradeNo)}/close`;
  const body = JSON.stringify(merchant.ofTrade);
  try {
    const closed = await exchange('close', { method: 'POST', path, body, ...defined({ mayStill }) });
    if (closed.status !== 204 || closed.body.length > 0) {
      throw new OutcomeUnknown('unreadable-answer', closed.requestId);
    }
  } catch (error) {
    const already = error instanceof GatewayDeclined && error.proven && error.reason === 'closed';
    if (!already) throw error;
  }
}
