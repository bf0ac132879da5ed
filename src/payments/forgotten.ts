import { defined } from '../domain/defined.ts';
import type { ProviderId } from '../domain/order.ts';
import type { Book } from '../ledger/book.ts';
import { reconciledDay } from '../ledger/restored.ts';
import type { Known, PaymentProvider } from '../providers/contract.ts';
import { applyElsewhere } from './apply.ts';
import { gatewaysNumberOf, refundAt, tradeAt } from './ask-gateway.ts';
import type { Difference } from './bill-comparison.ts';
import { isGatewayError } from './errors.ts';
import { type KnownBefore, takeIn } from './foreign.ts';
import { wayHash } from './paid-calls/pay.ts';
import { offerOf } from './paid-calls/quote.ts';
import { merchantScopeOf } from './refund-rules.ts';
import type { Till } from './till.ts';

/** In whose name a restored ledger has what it had forgotten: who asked for it mostly stood in what is lost. */
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
    for (const { outTradeNo, outRefundNo, line } of differences.filter((one) => one.kind === kind)) {
      const known = defined({ sentAt: line?.sentAt });
      const own = { outTradeNo, outRefundNo: outRefundNo ?? '', known };
      const isTaken = await (kind === 'missing-here'
        ? takeInOrder(till, provider, { outTradeNo, known, gatewayTradeNo: line?.gatewayTradeNo })
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
    const noted = restored && reconciledDay(restored, { provider, date, open }, taken > 0 || open > 0);
    if (!noted || noted === restored) return;
    await book.operator.setRestored(noted);
    await book.audit.append({ kind: 'ledger-day-reconciled', detail: { provider, date, taken, open } });
  });
}

async function takeInOrder(
  till: Till,
  provider: PaymentProvider,
  {
    outTradeNo,
    known,
    gatewayTradeNo,
  }: {
    readonly outTradeNo: string;
    readonly known: Known;
    readonly gatewayTradeNo: string | undefined;
  },
): Promise<boolean> {
  // One that pays a call which is not forgotten is taken in with it.
  const isKnown = async (book: Book) =>
    ((await book.orders.get(outTradeNo)) ?? (await book.paidCalls.ofProof(outTradeNo))) !== undefined;
  if (await till.ledger.read(isKnown)) return false;
  let trade = await tradeAt(till, provider, CALL, outTradeNo, known);
  let proven: KnownBefore | undefined;
  if (!trade.exists && provider.a2m && gatewayTradeNo !== undefined) {
    // What a buyer's agent has paid the gateway knows by its own number alone, now and later.
    trade = await tradeAt(till, provider, CALL, outTradeNo, { gatewayTradeNo });
    proven = { scene: 'a2m' };
  }
  const { exists } = trade;
  if (!exists || trade.account !== provider.account || trade.outTradeNo !== outTradeNo) return false;
  const found = trade;
  return till.ledger.write(async (book) => {
    if (await isKnown(book)) return false;
    const known = proven ?? (await offeredIn(book, found));
    return (await takeIn(till, book, CALL, provider.id, found, known)) !== undefined;
  });
}

/** Of an order that a buyer has made by choosing a wallet for what is not forgotten: that it is the order of this. */
async function offeredIn(
  book: Book,
  { outTradeNo, amountFen }: { readonly outTradeNo: string; readonly amountFen?: number | undefined },
): Promise<KnownBefore> {
  const call = await book.paidCalls.ofOrder(outTradeNo);
  const offer = call ? offerOf(call) : await book.offers.get(outTradeNo);
  // A number that somebody chose may be another system's as well.
  if (!offer || offer.amountFen !== amountFen || offer.terms.chosen) return {};
  const { caller, inputHash, pageToken } = offer;
  if (call?.weixinNo === outTradeNo) return { caller, inputHash: wayHash(call.number, 'code') };
  return { caller, inputHash, pageToken };
}

async function takeInRefund(
  till: Till,
  provider: PaymentProvider,
  {
    outTradeNo,
    outRefundNo,
    known,
  }: { readonly outTradeNo: string; readonly outRefundNo: string; readonly known: Known },
): Promise<boolean> {
  const of = await till.ledger.read((book) => book.orders.get(outTradeNo));
  const gatewayTradeNo = of && gatewaysNumberOf(of, provider);
  const all = { ...known, ...defined({ gatewayTradeNo }) };
  const snapshot = await refundAt(till, provider, CALL, { outTradeNo, outRefundNo }, all);
  if (!snapshot.exists) return false;
  return till.ledger.write(async (book) => {
    const order = await book.orders.get(outTradeNo);
    if (!order || (await book.refunds.get(outTradeNo, outRefundNo))) return false;
    const now = till.clock.now();
    return (await applyElsewhere(book, order, snapshot, merchantScopeOf(provider), now)) === 'applied';
  });
}
