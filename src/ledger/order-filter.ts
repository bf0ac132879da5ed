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
