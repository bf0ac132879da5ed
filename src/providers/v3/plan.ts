import { beijingIso } from '../../domain/clock.ts';
import type { OrderTerms, RefundTerms, Scene } from '../../domain/order.ts';
import { GatewayUnavailable } from '../contract.ts';
import type { Call } from './exchange.ts';
import type { Limits } from './limits.ts';
import type { ApiMerchant, Ids } from './merchant.ts';

/*
 * An order or refund as it will be sent, now and at every repetition: a line with the path, then the body.
 */

/** What each scene's order is called in a path. Mini programs are jsapi. */
export const PRODUCTS: ReadonlyMap<Scene, string> = new Map<Scene, string>([
  ['qr', 'native'],
  ['h5', 'h5'],
  ['jsapi', 'jsapi'],
  ['app', 'app'],
]);

/** The part of an order's path that tells its scene. Throws INVALID_ARGUMENT. */
export function productOf({ scene }: OrderTerms, { refused }: Limits): string {
  const product = PRODUCTS.get(scene);
  if (product !== undefined) return product;
  throw refused('scene', { zh: '只能是 qr、h5、jsapi 或 app', en: 'must be qr, h5, jsapi or app' });
}

/** What every order says, whatever its scene. The expiry is absolute. */
export function orderBody(order: OrderTerms, whose: Ids, notifyUrl: string) {
  return {
    ...whose,
    description: order.title,
    out_trade_no: order.outTradeNo,
    time_expire: beijingIso(order.expiresAt),
    notify_url: notifyUrl,
    ...(order.mark === undefined ? {} : { attach: order.mark }),
    amount: { total: order.amountFen, currency: 'CNY' },
  };
}

/** The refund as it will be sent. Without `funds_account` the money comes from where the gateway takes it by itself. */
export function planRefund(
  refund: RefundTerms,
  { refunds, ofRefund }: ApiMerchant,
  notifyUrl: string,
  limits: Limits,
): string {
  limits.checkRefund(refund);
  const body = {
    ...ofRefund,
    out_trade_no: refund.outTradeNo,
    out_refund_no: refund.outRefundNo,
    ...(refund.reason === undefined || refund.reason === '' ? {} : { reason: refund.reason }),
    notify_url: notifyUrl,
    amount: { refund: refund.refundFen, total: refund.totalFen, currency: 'CNY' },
  };
  return `${refunds}\n${JSON.stringify(body)}`;
}

/** A stored plan as a call. One that is not ours, by its path, is never sent. */
export function callOf(plan: string, paths: ReadonlySet<string>): Call {
  const end = plan.indexOf('\n');
  const path = plan.slice(0, Math.max(end, 0));
  if (!paths.has(path)) throw new GatewayUnavailable('plan-unreadable');
  return { method: 'POST', path, body: plan.slice(end + 1) };
}

/** Where orders and refunds may be posted to. */
export function postPaths(trades: readonly string[], refunds: string): ReadonlySet<string> {
  return new Set([
    ...trades.flatMap((path) => [...PRODUCTS.values()].map((product) => `${path}/${product}`)),
    refunds,
  ]);
}
