import type { OrderState, RefundState } from '../domain/order.ts';
import { askRefund, askTrade } from './ask-gateway.ts';
import type { Difference } from './bill-comparison.ts';
import { isGatewayError } from './errors.ts';
import type { Till } from './till.ts';

/**
 * Asks the gateway about an order or refund whose state differs, and takes in what it proves; the bill itself changes
 * nothing (Law 3). Tells the ledger's state afterwards; undefined for another kind of difference and when the gateway
 * gave no answer that can be trusted.
 */
export async function settleDifference(
  till: Till,
  { kind, outTradeNo, outRefundNo }: Difference,
): Promise<OrderState | RefundState | undefined> {
  if (kind !== 'state' && kind !== 'refund-state') return undefined;
  const { order, refund } = await till.ledger.read(async (book) => ({
    order: await book.orders.get(outTradeNo),
    refund: outRefundNo === undefined ? undefined : await book.refunds.get(outTradeNo, outRefundNo),
  }));
  if (order === undefined) return undefined;
  try {
    if (kind === 'state') return (await askTrade(till, order)).order.state;
    return refund && (await askRefund(till, order, refund)).refund.state;
  } catch (error) {
    if (isGatewayError(error)) return undefined;
    throw error;
  }
}
