import type { OrderState } from '../domain/order.ts';
import { type History, toldIn } from './history.ts';
import { conditions, type OrderFilter } from './order-filter.ts';
import { ORDERS, type OrderRecord } from './records.ts';
import type { Tx } from './store.ts';
import { isSettledOrder, nextOrderState, type OrderEvent } from './trade-machine.ts';

type OrderPatch = Partial<Omit<OrderRecord, 'outTradeNo' | 'state' | 'createdAt' | 'updatedAt'>>;

/** Orders inside one transaction. Their states change only by the table, and all that happens to them is told. */
export class Orders {
  readonly #tx: Tx;
  readonly #now: number;
  readonly #history: History;

  constructor(tx: Tx, now: number, history: History) {
    this.#tx = tx;
    this.#now = now;
    this.#history = history;
  }

  async get(outTradeNo: string): Promise<OrderRecord | undefined> {
    const [row] = await this.#tx.all('SELECT * FROM orders WHERE out_trade_no = ?', outTradeNo);
    return row && ORDERS.fromRow(row);
  }

  /** As it stands now. */
  async again(order: OrderRecord): Promise<OrderRecord> {
    return (await this.get(order.outTradeNo)) ?? order;
  }

  async byPageToken(token: string): Promise<OrderRecord | undefined> {
    const [row] = await this.#tx.all('SELECT * FROM orders WHERE page_token = ?', token);
    return row && ORDERS.fromRow(row);
  }

  /** Orders of the same caller with the same arguments: those in doubt, then the newest. */
  async byCall(inputHash: string, caller: string): Promise<OrderRecord[]> {
    const rows = await this.#tx.all(
      `SELECT * FROM orders WHERE input_hash = ? AND caller = ?
       ORDER BY CASE state WHEN 'UNKNOWN' THEN 0 ELSE 1 END, created_at DESC, out_trade_no DESC LIMIT 20`,
      inputHash,
      caller,
    );
    return rows.map(ORDERS.fromRow);
  }

  /** Newest first. */
  async list(filter: OrderFilter, limit: number): Promise<OrderRecord[]> {
    const { where, values } = conditions(filter);
    const rows = await this.#tx.all(
      `SELECT * FROM orders WHERE ${where} ORDER BY created_at DESC, out_trade_no DESC LIMIT ?`,
      ...values,
      limit,
    );
    return rows.map(ORDERS.fromRow);
  }

  /** Paid orders of an account whose payment falls into a span of time (ms, `to` exclusive), oldest first. */
  async paid(account: string, from: number, to: number): Promise<OrderRecord[]> {
    const rows = await this.#tx.all(
      `SELECT * FROM orders WHERE state = 'PAID' AND account = ? AND paid_at >= ? AND paid_at < ?
       ORDER BY paid_at, out_trade_no`,
      account,
      from,
      to,
    );
    return rows.map(ORDERS.fromRow);
  }

  /** Count and sums (fen) over everything that matches, whatever the page. */
  async totals(filter: OrderFilter): Promise<{ count: number; paidFen: number; refundedFen: number }> {
    const { after: _, ...all } = filter;
    const { where, values } = conditions(all);
    const [orders] = await this.#tx.all(
      `SELECT COUNT(*) AS count, COALESCE(SUM(CASE WHEN state = 'PAID' THEN amount_fen ELSE 0 END), 0) AS paid
       FROM orders WHERE ${where}`,
      ...values,
    );
    const [refunds] = await this.#tx.all(
      `SELECT COALESCE(SUM(amount_fen), 0) AS refunded FROM refunds
       WHERE state = 'SUCCESS' AND caller <> 'gateway' AND out_trade_no IN (SELECT out_trade_no FROM orders WHERE ${where})`,
      ...values,
    );
    return {
      count: Number(orders?.count),
      paidFen: Number(orders?.paid),
      refundedFen: Number(refunds?.refunded),
    };
  }

  async insert(order: OrderRecord): Promise<void> {
    await ORDERS.insert(this.#tx, order);
    await this.#history.event(order.outTradeNo, undefined, 'order-created', {
      provider: order.provider,
      scene: order.scene,
      amountFen: order.amountFen,
      caller: order.caller,
      state: order.state,
      terms: await this.#history.termsOf(order),
    });
  }

  async patch(order: OrderRecord, patch: OrderPatch): Promise<OrderRecord> {
    if (patch.credential !== undefined) {
      await this.#history.event(
        order.outTradeNo,
        undefined,
        'order-given',
        await this.#history.digestsOf(patch),
      );
    }
    return this.#update(order, order.state, patch);
  }

  /** Follows the table. When the event changes nothing, neither does this, and the same record comes back. */
  async move(order: OrderRecord, event: OrderEvent, patch: OrderPatch = {}): Promise<OrderRecord> {
    const state = nextOrderState(order.state, event);
    if (state === undefined) return order;
    await this.#history.event(order.outTradeNo, undefined, `order-${event}`, {
      from: order.state,
      to: state,
      ...toldIn(patch),
      ...(await this.#history.digestsOf(patch)),
    });
    return this.#update(order, state, patch);
  }

  async #update(order: OrderRecord, state: OrderState, patch: OrderPatch): Promise<OrderRecord> {
    const updated: OrderRecord = {
      ...order,
      ...patch,
      state,
      updatedAt: this.#now,
      ...(isSettledOrder(state) ? { askAt: undefined } : {}),
    };
    await ORDERS.update(this.#tx, order, updated);
    this.#history.changed.add(order.outTradeNo);
    return updated;
  }
}
