import { beijingDay } from '../domain/clock.ts';
import { ORDER_STATES, type OrderState } from '../domain/order.ts';
import { counts, GIVEN_BACK, givesBack, type Scope, scopeKey } from './counting.ts';
import { ORDERS, type OrderRecord, type RefundRecord } from './records.ts';
import { listed, type SqlValue, type Tx } from './store.ts';

/** The columns in which the orders of one state stand, beside `paid_fen`. */
export const columnsOf = (state: OrderState) => ({
  count: `${state.toLowerCase()}_count`,
  refunded: `${state.toLowerCase()}_refunded_fen`,
});

/** The tables of sums: what tells their rows from each other, and what is summed up. */
export const TALLIES = {
  /** What counts against the limits, by day of counting. */
  limit_tallies: { key: ['kind', 'scope', 'day'], sums: ['count', 'fen'] },
  /** Orders, and what was given back of them, by day of creation. */
  order_tallies: {
    key: ['scope', 'day', 'provider'],
    sums: [...ORDER_STATES.map(columnsOf).flatMap(({ count, refunded }) => [count, refunded]), 'paid_fen'],
  },
  /** What operators have put into budgets, and what calls hold of it. */
  budgets: { key: ['budget'], sums: ['filled_fen', 'held_fen'] },
} as const;
type TallyTable = keyof typeof TALLIES;

/**
 * Sums that would take longer the more there is to add up, kept by the transaction that changes the rows they are made
 * of: no crash can part them. What it adds is written before anything is read of them, and when it ends.
 */
export class Tallies {
  readonly #tx: Tx;
  readonly #added = new Map<
    string,
    { table: TallyTable; key: readonly SqlValue[]; sums: Map<string, number> }
  >();

  constructor(tx: Tx) {
    this.#tx = tx;
  }

  /** @param before undefined where the order is new */
  async order(before: OrderRecord | undefined, after: OrderRecord): Promise<void> {
    if (before?.state !== after.state) {
      const refundedFen = before ? await this.#refundedOf(after.outTradeNo) : 0;
      if (before) this.#list(before, -1, -refundedFen);
      this.#list(after, 1, refundedFen);
    }
    await this.#count(before, after);
  }

  /** As {@link order}. */
  async refund(before: RefundRecord | undefined, after: RefundRecord): Promise<void> {
    const given = (refund: RefundRecord | undefined) => (refund && givesBack(refund) ? refund.amountFen : 0);
    const more = given(after) - given(before);
    if (more !== 0) {
      const [row] = await this.#tx.all('SELECT * FROM orders WHERE out_trade_no = ?', after.outTradeNo);
      if (row) this.#list(ORDERS.fromRow(row), 0, more);
    }
    await this.#count(before, after);
  }

  add(table: TallyTable, key: readonly SqlValue[], more: Readonly<Record<string, number>>): void {
    const name = [table, ...key].join('\n');
    const known = this.#added.get(name) ?? { table, key, sums: new Map<string, number>() };
    this.#added.set(name, known);
    for (const [sum, by] of Object.entries(more)) known.sums.set(sum, (known.sums.get(sum) ?? 0) + by);
  }

  async flush(): Promise<void> {
    const added = [...this.#added.values()];
    this.#added.clear();
    for (const { table, key, sums } of added) {
      const changed = [...sums].filter(([, by]) => by !== 0);
      if (changed.length === 0) continue;
      await this.#tx.run(
        upsert(
          table,
          changed.map(([sum]) => sum),
        ),
        ...key,
        ...changed.map(([, by]) => by),
      );
    }
  }

  #list(order: OrderRecord, more: 0 | 1 | -1, refundedFen: number): void {
    const { caller, createdAt, provider, state, amountFen } = order;
    const { count, refunded } = columnsOf(state);
    const sums = {
      [count]: more,
      [refunded]: refundedFen,
      ...(state === 'PAID' ? { paid_fen: more * amountFen } : {}),
    };
    for (const scope of [{}, { caller }]) {
      this.add('order_tallies', [scopeKey(scope), beijingDay(createdAt), provider], sums);
    }
  }

  async #count<R extends OrderRecord | RefundRecord>(before: R | undefined, after: R): Promise<void> {
    if (before) this.#limit(before, -1);
    this.#limit(after, 1);
    const held = (record: R | undefined) => (record && counts(record) ? record.amountFen : 0);
    const more = held(after) - held(before);
    if (more === 0) return;
    const draws = await this.#tx.all(
      'SELECT budget FROM budget_draws WHERE out_trade_no = ? AND out_refund_no = ?',
      after.outTradeNo,
      'outRefundNo' in after ? after.outRefundNo : '',
    );
    for (const { budget = null } of draws) this.add('budgets', [budget], { held_fen: more });
  }

  #limit(record: OrderRecord | RefundRecord, sign: 1 | -1): void {
    const { countedAt, countedBy: caller, client, amountFen } = record;
    if (countedAt === undefined || !counts(record)) return;
    const kind = 'outRefundNo' in record ? 'refund' : 'payment';
    const scopes: Scope[] = [{}];
    if (caller !== undefined) scopes.push({ caller });
    if (client !== undefined) scopes.push({ client });
    for (const scope of scopes) {
      const key = [kind, scopeKey(scope), beijingDay(countedAt)];
      this.add('limit_tallies', key, { count: sign, fen: sign * amountFen });
    }
  }

  async #refundedOf(outTradeNo: string): Promise<number> {
    const [row] = await this.#tx.all(
      `SELECT COALESCE(SUM(amount_fen), 0) AS fen FROM refunds WHERE out_trade_no = ? AND ${GIVEN_BACK}`,
      outTradeNo,
    );
    return Number(row?.fen);
  }
}

/** As texts are long and few, each is made once. */
const upserts = new Map<string, string>();

function upsert(table: TallyTable, sums: readonly string[]): string {
  const name = `${table} ${sums.join(' ')}`;
  const known = upserts.get(name);
  if (known) return known;
  const key: readonly string[] = TALLIES[table].key;
  const made = `INSERT INTO ${table} (${[...key, ...sums].join(', ')}) VALUES ${listed([...key, ...sums])}
    ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${sums.map((sum) => `${sum} = ${table}.${sum} + excluded.${sum}`).join(', ')}`;
  upserts.set(name, made);
  return made;
}
