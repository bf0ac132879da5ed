import type { ProviderId } from '../domain/order.ts';
import { reconciledDay } from '../ledger/restored.ts';
import type { PaymentProvider } from '../providers/contract.ts';
import { applyElsewhere } from './apply.ts';
import { refundAt, tradeAt } from './ask-gateway.ts';
import type { Difference } from './bill-comparison.ts';
import { isGatewayError } from './errors.ts';
import { takeIn } from './foreign.ts';
import { merchantScopeOf } from './refund-rules.ts';
import type { Till } from './till.ts';

/** In whose name a restored ledger has what it had forgotten: who asked for it stood in what is lost. */
const CALL = { caller: 'operator' };

/**
 * What a bill has and a restored ledger has forgotten is asked for at the gateway, and taken in as that proves it: a
 * payment as an order of another system would be, a refund as one made elsewhere. Returns how much was.
 */
export async function takeInForgotten(
  till: Till,
  provider: PaymentProvider,
  differences: readonly Difference[],
): Promise<number> {
  let taken = 0;
  // No refund without its order.
  for (const kind of ['missing-here', 'refund-missing-here'] as const) {
    for (const { outTradeNo, outRefundNo } of differences.filter((one) => one.kind === kind)) {
      const own = { outTradeNo, outRefundNo: outRefundNo ?? '' };
      const isTaken = await (kind === 'missing-here'
        ? takeInOrder(till, provider, outTradeNo)
        : takeInRefund(till, provider, own)
      ).catch((error: unknown) => {
        if (isGatewayError(error)) return false;
        throw error;
      });
      if (isTaken) taken += 1;
    }
  }
  return taken;
}

/** Of a restored ledger: a day that its backup had forgotten was compared. What may follow in the next bill is no difference. */
export async function noteReconciled(
  till: Till,
  day: {
    readonly provider: ProviderId;
    readonly date: string;
    readonly taken: number;
    readonly differences: readonly { readonly mayFollow?: true }[];
  },
): Promise<void> {
  const { provider, date, taken } = day;
  const open = day.differences.filter(({ mayFollow }) => !mayFollow).length;
  await till.ledger.write(async (book) => {
    const restored = await book.operator.restored();
    const noted = restored && reconciledDay(restored, { provider, date, open });
    if (!noted || noted === restored) return;
    await book.operator.setRestored(noted);
    await book.audit.append({ kind: 'ledger-day-reconciled', detail: { provider, date, taken, open } });
  });
}

async function takeInOrder(till: Till, provider: PaymentProvider, outTradeNo: string): Promise<boolean> {
  if (await till.ledger.read((book) => book.orders.get(outTradeNo))) return false;
  const trade = await tradeAt(till, provider, CALL, outTradeNo);
  if (!trade.exists || trade.account !== provider.account || trade.outTradeNo !== outTradeNo) return false;
  return till.ledger.write(async (book) => {
    if (await book.orders.get(outTradeNo)) return false;
    return (await takeIn(till, book, CALL, provider.id, trade)) !== undefined;
  });
}

async function takeInRefund(
  till: Till,
  provider: PaymentProvider,
  { outTradeNo, outRefundNo }: { readonly outTradeNo: string; readonly outRefundNo: string },
): Promise<boolean> {
  const snapshot = await refundAt(till, provider, CALL, { outTradeNo, outRefundNo });
  if (!snapshot.exists) return false;
  return till.ledger.write(async (book) => {
    const order = await book.orders.get(outTradeNo);
    if (!order || (await book.refunds.get(outTradeNo, outRefundNo))) return false;
    const now = till.clock.now();
    return (await applyElsewhere(book, order, snapshot, merchantScopeOf(provider), now)) === 'applied';
  });
}
