import type { Clock } from '../domain/clock.ts';
import { defined } from '../domain/defined.ts';
import { toYuan } from '../domain/money.ts';
import type { ProviderId } from '../domain/order.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { OrderRecord, RefundRecord } from '../ledger/records.ts';
import { elsewhereOf, refundedHere } from '../ledger/refunded.ts';
import { isGivenOut } from '../payments/apply.ts';
import { offeredAt } from '../payments/offers.ts';
import { payable } from '../payments/results.ts';
import { takesNumber } from '../providers/registry.ts';
import type { Receipts } from '../receipts/receipts.ts';
import type { OfferView } from './offer-section.ts';
import type { BuyerLookup, ReceiptLookup, ReceiptView } from './view.ts';

export interface LookupOptions {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly simulated: boolean;
  readonly merchantName: string | undefined;
  /** Where a simulated code is paid by a click; undefined where no simulator is known. */
  readonly simulatorUrl: (code: string) => string | undefined;
}

/** Looks up what the buyer is yet to choose the wallet of. */
export function offerLookup(
  { ledger, simulated, merchantName }: LookupOptions,
  wallets: readonly ProviderId[],
): (token: string) => Promise<OfferView | undefined> {
  return async (token) => {
    const offer = await ledger.read((book) => offeredAt(book, token));
    if (!offer) return undefined;
    const { amountFen, title, outTradeNo, expiresAt, closedAt } = offer;
    const closed = closedAt !== undefined;
    return {
      ...{ amountYuan: toYuan(amountFen), title, outTradeNo, expiresAt, closed, simulated },
      wallets: wallets.filter((id) => takesNumber(id, outTradeNo)),
      trial: ledger.realm === 'trial',
      ...defined({ merchantName }),
    };
  };
}

/** Gives the receipt of a page's order, or of one of its refunds; undefined where there is none. */
export function receiptLookup({
  ledger,
  receipts,
}: Pick<LookupOptions, 'ledger'> & { readonly receipts: Receipts }): ReceiptLookup {
  return async (token, outRefundNo) => {
    const order = await ledger.read((book) => book.orders.byPageToken(token));
    return order && receipts.one(order.outTradeNo, outRefundNo);
  };
}

/** As {@link claimsOf} has them. */
function receiptsOf(order: OrderRecord, refunds: readonly RefundRecord[]): ReceiptView[] | undefined {
  if (order.state !== 'PAID') return undefined;
  const proven = refunds.filter(({ state }) => state === 'SUCCESS');
  return [
    { amountYuan: toYuan(order.amountFen) },
    ...proven.map(({ outRefundNo, amountFen }) => ({ outRefundNo, amountYuan: toYuan(amountFen) })),
  ];
}

/** Looks orders up in the ledger. */
export function ledgerLookup(options: LookupOptions): BuyerLookup {
  const { ledger, clock, simulated, merchantName, simulatorUrl } = options;
  return async (token) => {
    const found = await ledger.read(async (book) => {
      const order = await book.orders.byPageToken(token);
      if (!order) return undefined;
      const given = isGivenOut(order);
      const again = !given && (await offeredAt(book, token)) !== undefined;
      return { order, refunds: await book.refunds.ofOrder(order.outTradeNo), given, again };
    });
    if (!found) return undefined;
    const { order, refunds, given, again } = found;
    const elsewhere = elsewhereOf(order, refunds);
    // The page itself hides what is dead; it needs the expiry to say so.
    const { qrCode, payUrl, handOffUrl, handOffForm, linkExpiresAt } = order.credential;
    const scan = payable(order, clock.now()).qrCode;
    return {
      provider: order.provider,
      scene: order.scene,
      state: order.state,
      amountYuan: toYuan(order.amountFen),
      title: order.title,
      outTradeNo: order.outTradeNo,
      expiresAt: order.expiresAt ?? order.createdAt,
      closing: order.closing,
      late: order.late,
      given,
      again,
      refundedYuan: toYuan(refundedHere(refunds)),
      simulated,
      trial: ledger.realm === 'trial',
      ...defined({
        merchantName,
        qrCode,
        payUrl,
        handOffUrl,
        handOffForm,
        linkExpiresAt,
        paidAt: order.paidAt,
        gatewayTradeNo: order.gatewayTradeNo,
        refundedElsewhereYuan: typeof elsewhere === 'number' ? toYuan(elsewhere) : elsewhere,
        receipts: receiptsOf(order, refunds),
        simulatorUrl: simulated && scan !== undefined ? simulatorUrl(scan) : undefined,
      }),
    };
  };
}
