import type { RefundRecord } from '../ledger/records.ts';
import { isSettledRefund } from '../ledger/refund-machine.ts';
import { askRefund } from './ask-gateway.ts';
import { clientError, isGatewayError, refundNotFound } from './errors.ts';
import { type ForeignRefund, type OrderName, queryForeignRefund } from './foreign.ts';
import { ownOfferIn } from './offers.ts';
import { ownOrderIn, type RefundResult, tellRefund } from './results.ts';
import type { Call, Till } from './till.ts';

/**
 * Tells how a refund stands, asking the gateway where it can have news.
 *
 * Throws ORDER_NOT_FOUND (also for an unknown refund number), CONFIGURATION, and GATEWAY_DECLINED,
 * GATEWAY_UNAVAILABLE or OUTCOME_UNKNOWN when the gateway could not be asked; none of them changes the state.
 */
export async function askForRefund(
  till: Till,
  call: Call,
  input: OrderName & { readonly outRefundNo: string },
): Promise<RefundResult | ForeignRefund> {
  const known = await till.ledger.read(async (book) => {
    if (await ownOfferIn(book, call, input.outTradeNo)) throw refundNotFound();
    return book.orders.get(input.outTradeNo);
  });
  return known ? queryRefund(till, call, input) : queryForeignRefund(till, call, input);
}

/** As {@link askForRefund}, for an order of the ledger. */
export async function queryRefund(
  till: Till,
  call: Call,
  input: { readonly outTradeNo: string; readonly outRefundNo: string },
): Promise<RefundResult> {
  const { order, refund } = await till.ledger.read(async (book) => {
    const known = await ownOrderIn(book, call, input.outTradeNo);
    const found = await book.refunds.get(input.outTradeNo, input.outRefundNo);
    if (!found) throw refundNotFound();
    return { order: known, refund: found };
  });
  let current = refund;
  if (canChange(refund)) {
    try {
      const { desk } = till;
      const { account, caller } = order;
      current = await desk.refunds.share(
        `${refund.outTradeNo} ${refund.outRefundNo}`,
        () => desk.turns.take({ account, caller, urgency: 'call' }),
        async () => (await askRefund(till, order, refund, 'has-turn')).refund,
      );
    } catch (error) {
      if (!isGatewayError(error)) throw error;
      throw clientError(
        error,
        { zh: `退款状态仍为 ${refund.state}`, en: `the refund still is ${refund.state}` },
        { outTradeNo: refund.outTradeNo, outRefundNo: refund.outRefundNo, state: refund.state },
      );
    }
  }
  return tellRefund({ till, call }, order, current);
}

function canChange(refund: RefundRecord): boolean {
  if (!isSettledRefund(refund.state)) return refund.sentAt !== undefined;
  // One that was taken for declined may have gone out all the same; one that never left cannot.
  if (refund.state === 'CLOSED') return refund.sentAt !== undefined && refund.declinedCode !== undefined;
  return refund.state !== 'SUCCESS' && refund.plan !== undefined;
}
