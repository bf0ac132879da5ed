import type { OrderState, ProviderId } from '../domain/order.ts';
import type { OrderRecord, RefundRecord } from './records.ts';
import type { SqlValue } from './store.ts';

export interface OrderFilter {
  readonly caller?: string;
  /** ms, inclusive */
  readonly from?: number;
  /** ms, exclusive */
  readonly to?: number;
  readonly state?: OrderState;
  readonly provider?: ProviderId;
  /** Stands in the order's number, the gateway's, or the title. */
  readonly search?: string;
  readonly after?: { readonly createdAt: number; readonly outTradeNo: string };
}

/** The WHERE clause of a filter, and what it binds. */
export function conditions(filter: OrderFilter): { where: string; values: SqlValue[] } {
  const where = ['1 = 1'];
  const values: SqlValue[] = [];
  const add = (sql: string, ...bound: SqlValue[]) => {
    where.push(sql);
    values.push(...bound);
  };
  if (filter.caller !== undefined) add('caller = ?', filter.caller);
  if (filter.from !== undefined) add('created_at >= ?', filter.from);
  if (filter.to !== undefined) add('created_at < ?', filter.to);
  if (filter.state !== undefined) add('state = ?', filter.state);
  if (filter.provider !== undefined) add('provider = ?', filter.provider);
  if (filter.search !== undefined) {
    const part = `%${filter.search.replace(/[!%_]/g, '!$&')}%`;
    const columns = ['out_trade_no', 'gateway_trade_no', 'title'];
    add(`(${columns.map((name) => `${name} LIKE ? ESCAPE '!'`).join(' OR ')})`, part, part, part);
  }
  if (filter.after !== undefined) {
    const { createdAt, outTradeNo } = filter.after;
    // The first half by itself tells the index where to begin.
    add('created_at <= ? AND (created_at < ? OR out_trade_no < ?)', createdAt, createdAt, outTradeNo);
  }
  return { where: where.join(' AND '), values };
}

/** Everything of an order that a row holds besides its key and state. */
export function orderColumns(order: OrderRecord): Record<string, SqlValue> {
  return {
    provider: order.provider,
    account: order.account,
    caller: order.caller,
    buyer_hash: order.buyerHash ?? null,
    scene: order.scene,
    amount_fen: order.amountFen,
    title: order.title,
    gateway_state: order.gatewayState ?? null,
    gateway_trade_no: order.gatewayTradeNo ?? null,
    source: order.source,
    input_hash: order.inputHash,
    terms_json: JSON.stringify(order.terms),
    plan: order.plan ?? null,
    credential_json: JSON.stringify(order.credential),
    page_token: order.pageToken,
    created_at: order.createdAt,
    updated_at: order.updatedAt,
    sent_at: order.sentAt ?? null,
    expires_at: order.expiresAt ?? null,
    paid_at: order.paidAt ?? null,
    late: order.late ? 1 : 0,
    closing: order.closing ? 1 : 0,
    declined_code: order.declinedCode ?? null,
    sending_by: order.sendingBy ?? null,
    sending_until: order.sendingUntil ?? null,
    ask_at: order.askAt ?? null,
    asked: order.asked,
    counted_at: order.countedAt ?? null,
    counted_by: order.countedBy ?? null,
    client: order.client ?? null,
    gateway_refunded: order.gatewayRefunded === undefined ? null : String(order.gatewayRefunded),
  };
}

/** As {@link orderColumns}. */
export function refundColumns(refund: RefundRecord): Record<string, SqlValue> {
  return {
    merchant_scope: refund.merchantScope ?? null,
    caller: refund.caller,
    amount_fen: refund.amountFen,
    reason: refund.reason ?? null,
    gateway_state: refund.gatewayState ?? null,
    gateway_refund_no: refund.gatewayRefundNo ?? null,
    input_hash: refund.inputHash,
    plan: refund.plan ?? null,
    created_at: refund.createdAt,
    updated_at: refund.updatedAt,
    sent_at: refund.sentAt ?? null,
    declined_code: refund.declinedCode ?? null,
    sending_by: refund.sendingBy ?? null,
    sending_until: refund.sendingUntil ?? null,
    ask_at: refund.askAt ?? null,
    asked: refund.asked,
    counted_at: refund.countedAt ?? null,
    counted_by: refund.countedBy ?? null,
    client: refund.client ?? null,
  };
}
