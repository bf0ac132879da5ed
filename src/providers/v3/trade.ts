import { defined } from '../../domain/defined.ts';
import { unlessAbsent } from '../absence.ts';
import { GatewayDeclined, type MayStill, OutcomeUnknown, type TradeSnapshot } from '../contract.ts';
import { type Answer, fenAt, instantAt, objectAt, readAnswer, textAt, UNREADABLE, wordAt } from './answer.ts';
import type { Exchange, VerifiedAnswer } from './exchange.ts';
import type { Limits } from './limits.ts';
import type { ApiMerchant } from './merchant.ts';
import type { TradeState } from './states.ts';

/** Where trades are, and what a gateway says of them otherwise than the next. */
export interface Trades {
  readonly exchange: Exchange<'query-trade' | 'close'>;
  readonly merchant: ApiMerchant;
  readonly limits: Limits;
  tradeStateOf(word: string): TradeState;
  /** Whether an answer to a close is the one that says so. */
  isClosed(answer: VerifiedAnswer): boolean;
}

export type KnownTrade = Extract<TradeSnapshot, { exists: true }>;

/** Asks for an order by its own number, the only one by which an unpaid order can be found. */
export async function queryTrade(trades: Trades, outTradeNo: string): Promise<TradeSnapshot> {
  const path = `${pathOf(trades, outTradeNo)}?${new URLSearchParams(trades.merchant.ofTrade)}`;
  const verified = await unlessAbsent(trades.exchange('query-trade', { method: 'GET', path }));
  if (verified === undefined) return { exists: false };
  const answer = readAnswer(verified.body);
  if (textAt(answer, 'out_trade_no') !== outTradeNo) {
    throw new OutcomeUnknown(answer ? 'other-order' : 'unreadable-answer', verified.requestId);
  }
  const snapshot = readTrade(answer, trades, outTradeNo);
  if (!snapshot) throw new OutcomeUnknown('unreadable-answer', verified.requestId);
  return snapshot;
}

function pathOf({ merchant, limits }: Trades, outTradeNo: string): string {
  return `${merchant.trades}/out-trade-no/${limits.outTradeNoInPath(outTradeNo)}`;
}

/**
 * What a verified answer or notification proves of a trade; undefined when it does not say whose trade it is, or says
 * PAID without a sum.
 */
export function readTrade(
  answer: Answer | undefined,
  { merchant, tradeStateOf }: Pick<Trades, 'merchant' | 'tradeStateOf'>,
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

/** Closes an unpaid order; as often as one likes. */
export async function closeTrade(trades: Trades, outTradeNo: string, mayStill?: MayStill): Promise<void> {
  const path = `${pathOf(trades, outTradeNo)}/close`;
  const body = JSON.stringify(trades.merchant.ofTrade);
  try {
    const closed = await trades.exchange('close', { method: 'POST', path, body, ...defined({ mayStill }) });
    if (!trades.isClosed(closed)) throw new OutcomeUnknown('unreadable-answer', closed.requestId);
  } catch (error) {
    const already = error instanceof GatewayDeclined && error.proven && error.reason === 'closed';
    if (!already) throw error;
  }
}
