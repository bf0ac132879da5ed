import { defined } from '../../domain/defined.ts';
import { type Fen, fen } from '../../domain/money.ts';
import { unlessAbsent } from '../absence.ts';
import { GatewayUnavailable, type Known, OutcomeUnknown, type TradeSnapshot } from '../contract.ts';
import { readWord, tradeStateOf } from './codes.ts';
import type { UnionpayGateway } from './gateway.ts';
import type { Fields } from './message.ts';
import { COMMON } from './plan.ts';
import { readTime, readTimeNear, timeText } from './times.ts';

/** What is asked with, whatever the transaction was. */
export function question(merId: string, orderId: string, txnTime: string): Fields {
  const asked = { ...COMMON, txnType: '00', txnSubType: '00', bizType: '000000' };
  return new Map(Object.entries({ ...asked, merId, orderId, txnTime }));
}

/** How long (ms) after its time is up a payment may still be on its way through UnionPay. */
const LAG_MS = 5 * 60_000;

type Trade = Extract<TradeSnapshot, { exists: true }>;

/** Whose answers these are. */
export interface Asker {
  readonly merId: string;
  readonly account: string;
  readonly gateway: UnionpayGateway;
  readonly now: () => number;
}

/**
 * Asks for the payment of an order. An order that nobody has begun to pay is none to UnionPay ("34"), and one that was
 * just paid may be none for a while: only when its time is long over is that an end.
 *
 * @see https://open.unionpay.com/tjweb/acproduct/list?apiSvcId=448
 * @see https://open.unionpay.com/tjweb/acproduct/dictionary (payTimeout)
 */
export async function queryTrade(
  { merId, account, gateway, now }: Asker,
  outTradeNo: string,
  { sentAt, expiresAt }: Known,
): Promise<TradeSnapshot> {
  if (sentAt === undefined) throw new GatewayUnavailable('no-send-time');
  const asked = question(merId, outTradeNo, timeText(sentAt));
  const answer = await unlessAbsent(gateway.call('query', '/gateway/api/queryTrans.do', asked));
  if (answer === undefined) return { exists: false };
  const code = answer.get('origRespCode');
  const isOver = expiresAt !== undefined && now() > expiresAt + LAG_MS;
  const trade = tradeIn(answer, account, code, isOver);
  if (trade === undefined) throw new OutcomeUnknown('unreadable');
  // As it can be on a bank's own page: UnionPay takes the money, tells nobody, and gives it back by itself within days.
  const isTooLate = expiresAt !== undefined && (trade.paidAt ?? 0) > expiresAt;
  return isTooLate ? { ...trade, refundedFen: 'unknown' } : trade;
}

/** What a signed message says of a payment; undefined where one that is paid lacks what proves it. */
export function tradeIn(
  fields: Fields,
  account: string,
  code: string | undefined,
  isOver: boolean,
): Trade | undefined {
  const sentAt = readTime(fields.get('txnTime'));
  const outTradeNo = fields.get('orderId');
  const amountFen = readAmount(fields.get('txnAmt'));
  const gatewayTradeNo = readQueryId(fields.get('queryId'));
  const state = tradeStateOf(code, isOver);
  if (sentAt === undefined || outTradeNo === undefined) return undefined;
  if (state === 'PAID' && (amountFen === undefined || gatewayTradeNo === undefined || !isYuan(fields)))
    return undefined;
  const paidAt = state === 'PAID' ? readTimeNear(fields.get('traceTime'), sentAt) : undefined;
  return {
    ...{ exists: true, account, outTradeNo, sentAt, state },
    gatewayState: readWord(code) ?? 'unreadable',
    ...defined({ amountFen, gatewayTradeNo, paidAt }),
  };
}

/** Whether a message speaks of yuan, or of no money. */
export function isYuan(fields: Fields): boolean {
  return (fields.get('currencyCode') ?? '156') === '156';
}

/** Fen, as they stand in a message. */
export function readAmount(text: string | undefined): Fen | undefined {
  return text !== undefined && /^\d{1,12}$/.test(text) && Number(text) <= 10_000_000_000
    ? fen(Number(text))
    : undefined;
}

/** UnionPay's number of a transaction. */
export function readQueryId(text: string | undefined): string | undefined {
  return text !== undefined && /^[A-Za-z0-9]{10,40}$/.test(text) ? text : undefined;
}

/**
 * Asks for an order that nobody has: whatever UnionPay has signed proves merchant number, certificate and the chain of
 * its own.
 */
export async function checkCredentials(asker: Asker): Promise<readonly string[]> {
  const sentAt = Math.floor(asker.now() / 1000) * 1000;
  await queryTrade(asker, `SELFTEST${timeText(sentAt)}`, { sentAt });
  return ['UNIONPAY_NOTIFY_URL'];
}
