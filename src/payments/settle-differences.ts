import type { OrderState, RefundState } from '../domain/order.ts';
import type { PaymentProvider } from '../providers/contract.ts';
import { askRefund, askTrade } from './ask-gateway.ts';
import type { Difference } from './bill-comparison.ts';
import { isGatewayError } from './errors.ts';
import { takeUnproven } from './paid-calls/prove.ts';
import type { Till } from './till.ts';

/**
 * Asks the gateway about an order or refund whose state differs, and takes in what it proves; the bill itself changes
 * nothing (Law 3). Tells the ledger's state afterwards; undefined for another kind of difference and when the gateway
 * gave no answer that can be trusted.
 */
export async function settleDifference(
  till: Till,
  wallet: PaymentProvider,
  { kind, outTradeNo, outRefundNo, order: listed, line }: Difference,
): Promise<OrderState | RefundState | undefined> {
  if (kind === 'missing-here' && listed === undefined && line) {
    const taken = await answered(() => takeUnproven(till, wallet, line));
    return taken ? 'PAID' : undefined;
  }
  if (kind !== 'state' && kind !== 'refund-state') return undefined;
  const { order, refund } = await till.ledger.read(async (book) => ({
    order: await book.orders.get(outTradeNo),
    refund: outRefundNo === undefined ? undefined : await book.refunds.get(outTradeNo, outRefundNo),
  }));
  if (order === undefined) return undefined;
  return answered(async () => {
    if (kind === 'state') return (await askTrade(till, order)).order.state;
    return refund && (await askRefund(till, order, refund)).refund.state;
  });
}

/** Undefined where the gateway gave no answer that can be trusted. */
async function answered<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isGatewayError(error)) return undefined;
    throw error;
  }
}
