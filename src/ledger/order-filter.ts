import type { OrderState, ProviderId } from '../domain/order.ts';
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
    const parts = partsLike(filter.search);
    add(`(${parts.map(({ sql }) => sql).join(' OR ')})`, ...parts.map(({ value }) => value));
  }
  if (filter.after !== undefined) {
    const { createdAt, outTradeNo } = filter.after;
    // The first half by itself tells the index where to begin.
    add('created_at <= ? AND (created_at < ? OR out_trade_no < ?)', createdAt, createdAt, outTradeNo);
  }
  return { where: where.join(' AND '), values };
}

/** That a text stands in an order's number, the gateway's, or the title, whatever the case of A to Z; no sign in it means more. */
export function partsLike(text: string): { readonly sql: string; readonly value: string }[] {
  const lower = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  const value = `%${lower.replace(/[!%_]/g, '!$&')}%`;
  return ['out_trade_no', 'gateway_trade_no', 'title'].map((name) => ({
    sql: `LOWER(${name}) LIKE ? ESCAPE '!'`,
    value,
  }));
}
