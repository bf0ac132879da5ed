import { beijingDay, isBeijingMidnight } from '../domain/clock.ts';
import { ORDER_STATES } from '../domain/order.ts';
import { GIVEN_BACK, scopeKey } from './counting.ts';
import { conditions, type OrderFilter } from './order-filter.ts';
import type { Row, Tx } from './store.ts';
import { columnsOf } from './sums.ts';

/** Sums in fen. */
export interface OrderTotals {
  readonly count: number;
  readonly paidFen: number;
  readonly refundedFen: number;
}

/** Over everything that matches, whatever the page. */
export async function orderTotals(tx: Tx, { after: _, ...filter }: OrderFilter): Promise<OrderTotals> {
  const { from, to, search } = filter;
  const isTallied =
    search === undefined && [from, to].every((at) => at === undefined || isBeijingMidnight(at));
  const [row] = await (isTallied ? tallied(tx, filter) : addedUp(tx, filter));
  const sum = (name: string) => Number(row?.[name] ?? 0);
  return { count: sum('count'), paidFen: sum('paid'), refundedFen: sum('refunded') };
}

/** From the sums that are kept, day by day. */
function tallied(tx: Tx, { caller, from, to, state, provider }: OrderFilter): Promise<Row[]> {
  const columns = (state ? [state] : ORDER_STATES).map(columnsOf);
  const sum = (names: readonly string[]) => names.map((name) => `SUM(${name})`).join(' + ');
  return tx.all(
    `SELECT ${sum(columns.map(({ count }) => count))} AS count, ${sum(columns.map(({ refunded }) => refunded))} AS refunded,
       ${state === undefined || state === 'PAID' ? 'SUM(paid_fen)' : '0'} AS paid
     FROM order_tallies WHERE scope = ? AND day >= ? AND day < ? ${provider ? 'AND provider = ?' : ''}`,
    scopeKey(caller === undefined ? {} : { caller }),
    from === undefined ? Number.MIN_SAFE_INTEGER : beijingDay(from),
    to === undefined ? Number.MAX_SAFE_INTEGER : beijingDay(to),
    ...(provider ? [provider] : []),
  );
}

/** From the rows themselves, for what no sums are kept. */
function addedUp(tx: Tx, filter: OrderFilter): Promise<Row[]> {
  const { where, values } = conditions(filter);
  const given = `SELECT SUM(amount_fen) FROM refunds WHERE refunds.out_trade_no = orders.out_trade_no AND ${GIVEN_BACK}`;
  return tx.all(
    `SELECT COUNT(*) AS count, SUM(CASE WHEN state = 'PAID' THEN amount_fen END) AS paid, SUM((${given})) AS refunded
     FROM orders WHERE ${where}`,
    ...values,
  );
}

/** How many orders were made on each day. @param from ms, as `to`, which is exclusive */
export async function countByDay(tx: Tx, from: number, to: number): Promise<ReadonlyMap<number, number>> {
  const counts = ORDER_STATES.map(columnsOf).map(({ count }) => `SUM(${count})`);
  const rows = await tx.all(
    `SELECT day, ${counts.join(' + ')} AS count FROM order_tallies WHERE scope = ? AND day >= ? AND day <= ? GROUP BY day`,
    ...[scopeKey({}), beijingDay(from), beijingDay(to - 1)],
  );
  return new Map(rows.map(({ day, count }) => [Number(day), Number(count)]));
}
