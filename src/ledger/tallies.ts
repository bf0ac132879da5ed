import { beijingDay } from '../domain/clock.ts';
import { counts, GIVEN_BACK, givesBack, type Scope, scopeKey } from './counting.ts';
import { ORDERS, type OrderRecord, type RefundRecord } from './records.ts';
import { sealingOf } from './sealing.ts';
import type { SqlValue, Tx } from './store.ts';
import { columnsOf, Sums, type TallyTable } from './sums.ts';

/**
 * Sums that would take longer the more there is to add up, kept by the transaction that changes the rows they are made
 * of: no crash can part them. What it adds is written when it ends.
 */
export class Tallies {
  readonly #tx: Tx;
  readonly added = new Sums();

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
    this.#take(before, -1);
    this.#take(after, 1);
    await this.#count(before, after);
  }

  /** As {@link order}. */
  async refund(before: RefundRecord | undefined, after: RefundRecord): Promise<void> {
    const given = (refund: RefundRecord | undefined) => (refund && givesBack(refund) ? refund.amountFen : 0);
    const more = given(after) - given(before);
    if (more !== 0 || (before && given(after) !== 0 && sentDay(before) !== sentDay(after))) {
      const [row] = await this.#tx.all('SELECT * FROM orders WHERE out_trade_no = ?', after.outTradeNo);
      const order = row && ORDERS.fromRow(row);
      if (order) this.#list(order, 0, more);
      if (order && before && given(before) !== 0) this.#giveBack(order, before, -1);
      if (order && given(after) !== 0) this.#giveBack(order, after, 1);
    }
    await this.#count(before, after);
  }

  add(table: TallyTable, key: readonly SqlValue[], more: Readonly<Record<string, number>>): void {
    this.added.add(table, key, Object.entries(more));
  }

  /** What this transaction is going to add to one sum, by whomever of those who share it. */
  pending(table: TallyTable, sum: string, isMeant: (key: readonly SqlValue[]) => boolean): number {
    const { sums } = sealingOf(this.#tx);
    return this.added.of(table, sum, isMeant) + sums.of(table, sum, isMeant);
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

  #take(order: OrderRecord | undefined, sign: 1 | -1): void {
    if (order?.state !== 'PAID') return;
    const { paidAt, createdAt, provider, caller, amountFen } = order;
    const key = [beijingDay(paidAt ?? createdAt), provider, caller];
    this.add('takings', key, { paid_count: sign, paid_fen: sign * amountFen });
  }

  #giveBack({ provider, caller }: OrderRecord, refund: RefundRecord, sign: 1 | -1): void {
    const sums = { refunded_count: sign, refunded_fen: sign * refund.amountFen };
    this.add('takings', [sentDay(refund), provider, caller], sums);
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

/** The day to which what a refund gives back belongs: as in the gateways' bills, that on which it was sent. */
function sentDay({ sentAt, createdAt }: RefundRecord): number {
  return beijingDay(sentAt ?? createdAt);
}
