import { isProvenByPayer } from '../../domain/order.ts';
import type { Book } from '../../ledger/book.ts';
import type { OrderRecord, PaidCallRecord } from '../../ledger/records.ts';
import { holdsSum } from '../../ledger/refund-machine.ts';
import { elsewhereOf, refundedHere } from '../../ledger/refunded.ts';
import { digest } from '../results.ts';
import { RELEASED } from '../sending.ts';

/** How far (ms) a clock of ours may be from the gateway's, by which the last buyers pay in time. */
const CLOCKS_APART_MS = 60_000;

/**
 * Inside the transaction that proves an order to be paid: the call that it pays, if it pays one, is paid for. Where
 * another order has done so before, or it is too late, the money of this one is owed back.
 */
export async function payCall(book: Book, order: OrderRecord, now: number): Promise<void> {
  const { outTradeNo } = order;
  const call = await book.paidCalls.ofOrder(outTradeNo);
  if (!call || call.paidBy === outTradeNo || !isOf(order, call)) return;
  // When the buyer paid, the gateway says; where it does not, now is the latest.
  const late = (order.paidAt ?? now) > call.expiresAt + CLOCKS_APART_MS;
  if (call.state === 'QUOTED' && !late) {
    await book.paidCalls.pay(call, outTradeNo, now + call.refundAfterMs);
    return;
  }
  await book.event({ outTradeNo }, 'call-paid-twice', late ? { late } : {});
  await oweBack(book, order, 'paid-twice', now);
}

/** Whether an order was made for a call: its number alone says nothing, for whoever sells here may choose one. */
function isOf({ outTradeNo, scene, amountFen, inputHash }: OrderRecord, call: PaidCallRecord): boolean {
  const isWay = outTradeNo === call.proofNo ? isProvenByPayer({ scene }) : waysOf(call).includes(inputHash);
  return isWay && amountFen === call.amountFen;
}

const waysOf = ({ number }: PaidCallRecord) => [wayHash(number, 'page'), wayHash(number, 'code')];

/** Whether money has come for a call that is not paid for: it came too late, and is owed back. */
export async function cameLate(book: Book, call: PaidCallRecord): Promise<boolean> {
  for (const outTradeNo of [call.pageNo, call.weixinNo, call.proofNo]) {
    const order = outTradeNo === undefined ? undefined : await book.orders.get(outTradeNo);
    if (order?.state === 'PAID' && isOf(order, call)) return true;
  }
  return false;
}

/**
 * Why a call that is paid for is not to be executed any more, in a word of ours: it is too late; its money goes back, or
 * went back, by a person or outside this ledger; or it may have been executed in the time that a restored ledger has
 * forgotten. Undefined where it is.
 */
export async function whyNotExecuted(
  book: Book,
  { paidBy, paidAt, refundAfterMs }: PaidCallRecord,
  now: number,
): Promise<'too-late' | 'refunded' | 'restored' | undefined> {
  if (now >= (paidAt ?? 0) + refundAfterMs) return 'too-late';
  const order = paidBy === undefined ? undefined : await book.orders.get(paidBy);
  if (!order) return undefined;
  const refunds = await book.refunds.ofOrder(order.outTradeNo);
  const goesBack = refunds.some(({ state }) => holdsSum(state)) || elsewhereOf(order, refunds) !== undefined;
  if (goesBack) return 'refunded';
  const restoredAt = (await book.operator.restoredAt()) ?? -Infinity;
  return (order.paidAt ?? now) <= restoredAt + CLOCKS_APART_MS ? 'restored' : undefined;
}

/** What an order that is made for a call is told by, as others are by their arguments. */
export function wayHash(number: string, way: 'page' | 'code'): string {
  return digest('call', number, way);
}

/** Nothing will be delivered for it: what was paid goes back, and nobody asks the upstream any more. @param why a word of ours */
export async function oweCall(
  book: Book,
  call: PaidCallRecord,
  why: string,
  now: number,
): Promise<PaidCallRecord> {
  const over = { ...RELEASED, dueAt: undefined, why };
  const owed = await book.paidCalls.move(call, 'owed', over, (to) => ({ to, why }));
  const order = owed === call || call.paidBy === undefined ? undefined : await book.orders.get(call.paidBy);
  if (!order) return owed;
  await oweBack(book, order, 'call', now);
  await endRefundedCall(book, order.outTradeNo);
  return book.paidCalls.again(owed);
}

async function oweBack(
  book: Book,
  { outTradeNo, amountFen }: OrderRecord,
  why: 'call' | 'paid-twice',
  dueAt: number,
): Promise<void> {
  // The same whoever finds that it is owed, and nobody who calls can guess and take it.
  const outRefundNo = `B${digest(await book.salt(), 'owed', outTradeNo).slice(0, 31)}`;
  await book.owed.owe({ outTradeNo, outRefundNo, amountFen, dueAt, why });
}

/** Inside the transaction that proves money of an order to have gone back: all of it, and its call has ended. */
export async function endRefundedCall(book: Book, outTradeNo: string): Promise<void> {
  const call = await book.paidCalls.ofOrder(outTradeNo);
  if (call?.state !== 'REFUND_DUE' || call.paidBy !== outTradeNo) return;
  const refunded = refundedHere(await book.refunds.ofOrder(outTradeNo));
  if (refunded >= call.amountFen) await book.paidCalls.move(call, 'refunded', {}, (to) => ({ to }));
}
