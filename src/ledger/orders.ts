import { defined } from '../domain/defined.ts';
import { ORDER_STATES, type OrderState, type ProviderId } from '../domain/order.ts';
import type { Allowed } from './audit-kinds.ts';
import { orderKey } from './beside.ts';
import type { History } from './history.ts';
import { conditions, type OrderFilter, partsLike } from './order-filter.ts';
import { FINAL, isSettledOrder, nextOrderState, type OrderEvent } from './order-machine.ts';
import { countByDay, type OrderTotals, orderTotals } from './order-totals.ts';
import { FORGOTTEN, payerDigest } from './payers.ts';
import { ORDERS, type OrderRecord } from './records.ts';
import { listed, type Tx } from './store.ts';
import type { Tallies } from './tallies.ts';

/** By what orders are summed up, they do not change but by their state. */
type Fixed = 'outTradeNo' | 'provider' | 'caller' | 'amountFen' | 'createdAt';
type OrderPatch = Partial<Omit<OrderRecord, Fixed | 'state' | 'updatedAt'>>;

/** What a bill is compared with. */
const PAID = ORDERS.part('outTradeNo', 'account', 'state', 'amountFen', 'gatewayTradeNo', 'sentAt', 'paidAt');
export type PaidOrder = ReturnType<typeof PAID.fromRow>;
const PLACE = ORDERS.part('outTradeNo', 'createdAt');
/** Where an order stands among the others. */
export type OrderPlace = ReturnType<typeof PLACE.fromRow>;

/** Orders inside one transaction. Their states change only by the table, and all that happens to them is told. */
export class Orders {
  readonly #tx: Tx;
  readonly #now: number;
  readonly #history: History;
  readonly #tallies: Tallies;
  readonly #paid: (order: OrderRecord) => Promise<void>;

  /** @param paid called in the transaction in which an order becomes PAID, behind it */
  constructor(
    tx: Tx,
    now: number,
    history: History,
    tallies: Tallies,
    paid: (order: OrderRecord) => Promise<void>,
  ) {
    this.#tx = tx;
    this.#now = now;
    this.#history = history;
    this.#tallies = tallies;
    this.#paid = paid;
  }

  /** Nobody else changes anything of it until a transaction that writes ends. */
  async get(outTradeNo: string): Promise<OrderRecord | undefined> {
    await this.#tx.lock(orderKey(outTradeNo));
    const [row] = await this.#tx.all(`${WITH_PLAN} WHERE out_trade_no = ?`, outTradeNo);
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

  /**
   * A buyer's orders by the same caller with the same arguments: those in doubt, then the newest. Nobody else makes one
   * until a transaction that writes ends; whoever goes on with one gets it {@link again}.
   */
  async byCall(inputHash: string, caller: string): Promise<OrderRecord[]> {
    await this.#tx.lock(`call ${inputHash} ${caller}`);
    const newest = (where: string) =>
      this.#tx.all(
        `${WITH_PLAN} WHERE input_hash = ? AND caller = ? AND ${where}
         ORDER BY created_at DESC, out_trade_no DESC LIMIT 20`,
        ORDERS.fields.inputHash.write(inputHash),
        caller,
      );
    // Each by the index that is for it alone.
    const rows = [
      ...(await newest("state = 'UNKNOWN'")),
      ...(await newest("state <> 'UNKNOWN' AND buyer_hash IS NOT NULL")),
    ];
    return rows.map(ORDERS.fromRow);
  }

  /**
   * Newest first. The orders of one wallet in one state stand in order of time, and so do those of one caller among
   * them; whatever is asked for is merged from a few such strips, and what does not match is not gone through.
   */
  async list(filter: OrderFilter, limit: number): Promise<OrderRecord[]> {
    const providers = filter.provider ? [filter.provider] : await this.#providers();
    const strips = providers.flatMap((provider) =>
      (filter.state ? [filter.state] : ORDER_STATES).map((state) =>
        conditions({ ...filter, provider, state }),
      ),
    );
    if (strips.length === 0) return [];
    const values = strips.flatMap((strip) => strip.values);
    const order = 'ORDER BY created_at DESC, out_trade_no DESC LIMIT';
    const each = strips.map(({ where }) => `SELECT * FROM orders WHERE ${where}`);
    // That the first of each are enough is said to PostgreSQL, which else reads and sorts them all. SQLite sees it.
    const first = each.map((strip) => `/*! ( */ ${strip} /*! ${order} $${values.length + 1} ) */`);
    const rows = await this.#tx.all(
      `${(each.length === 1 ? each : first).join(' UNION ALL ')} ${order} ?`,
      ...values,
      limit,
    );
    return rows.map(ORDERS.fromRow);
  }

  /**
   * Those in which one of these texts stands, in whatever case, or of this sum (fen), newest first: all of the span of
   * time are gone through.
   */
  async sift(
    filter: OrderFilter & { readonly from: number; readonly to: number },
    wanted: { readonly texts: readonly string[]; readonly amountFen: number | undefined },
    limit: number,
  ): Promise<OrderPlace[]> {
    const providers = filter.provider ? [filter.provider] : await this.#providers();
    if (providers.length === 0) return [];
    const states = filter.state ? [filter.state] : ORDER_STATES;
    const { provider: _, state: __, ...rest } = filter;
    const { where, values } = conditions(rest);
    const likes = wanted.texts.flatMap(partsLike);
    const rows = await this.#tx.all(
      `SELECT ${PLACE.columns} FROM orders
       WHERE provider IN ${listed(providers)} AND state IN ${listed(states)} AND ${where}
         AND (${likes.map(({ sql }) => sql).join(' OR ')} OR amount_fen = ?)
       ORDER BY created_at DESC, out_trade_no DESC LIMIT ?`,
      ...[...providers, ...states, ...values, ...likes.map(({ value }) => value)],
      wanted.amountFen ?? null,
      limit,
    );
    return rows.map(PLACE.fromRow);
  }

  /** How many orders were made on each of these days of Beijing (ms, `to` exclusive), counted as by `beijingDay`. */
  countByDay(from: number, to: number): Promise<ReadonlyMap<number, number>> {
    return countByDay(this.#tx, from, to);
  }

  /** Those that the gateway knows under this number of its own, newest first. */
  async byGatewayNo(gatewayTradeNo: string, limit: number): Promise<OrderRecord[]> {
    const rows = await this.#tx.all(
      'SELECT * FROM orders WHERE gateway_trade_no = ? ORDER BY created_at DESC, out_trade_no DESC LIMIT ?',
      gatewayTradeNo,
      limit,
    );
    return rows.map(ORDERS.fromRow);
  }

  /** All wallets of which there are orders. */
  async #providers(): Promise<ProviderId[]> {
    const found: ProviderId[] = [];
    for (;;) {
      const [row] = await this.#tx.all(
        'SELECT MIN(provider) AS next FROM orders WHERE provider > ?',
        found.at(-1) ?? '',
      );
      if (row?.next === null || row === undefined) return found;
      found.push(String(row.next) as ProviderId);
    }
  }

  /** Paid orders of an account whose payment falls into a span of time (ms, `to` exclusive), oldest first. */
  async paid(account: string, from: number, to: number): Promise<PaidOrder[]> {
    const rows = await this.#tx.all(
      `SELECT ${PAID.columns} FROM orders WHERE state = 'PAID' AND account = ? AND paid_at >= ? AND paid_at < ?
       ORDER BY paid_at, out_trade_no`,
      account,
      from,
      to,
    );
    return rows.map(PAID.fromRow);
  }

  /** Over everything that matches and is committed, whatever the page. */
  async totals(filter: OrderFilter): Promise<OrderTotals> {
    return orderTotals(this.#tx, filter);
  }

  async insert(order: OrderRecord): Promise<void> {
    await this.#tx.lock(orderKey(order.outTradeNo));
    await ORDERS.insert(this.#tx, order);
    await this.#keepPlan(undefined, order);
    await this.#tallies.order(undefined, order);
    await this.#history.event(order, 'order-created', {
      provider: order.provider,
      scene: order.scene,
      amountFen: order.amountFen,
      caller: order.caller,
      state: order.state,
      terms: await this.#history.termsOf(order),
      ...defined({ payer: payerDigest(order) }),
    });
    if (order.state === 'PAID') await this.#paid(order);
  }

  /** Final orders made before `before` (ms) whose payer is still known, oldest first. */
  async withPayer(before: number, limit: number): Promise<OrderRecord[]> {
    const rows = await this.#tx.all(
      `SELECT * FROM orders WHERE payer_salt > '${FORGOTTEN}' AND created_at < ? AND ${IS_FINAL}
       ORDER BY created_at LIMIT ?`,
      before,
      limit,
    );
    return rows.map(ORDERS.fromRow);
  }

  /**
   * Blanks who has paid, and has the trail tell so. What is not final may have to be sent again as it was, and keeps it.
   * Returns whether it was blanked.
   */
  async forgetPayer({ outTradeNo }: OrderRecord): Promise<boolean> {
    await this.#tx.lock(orderKey(outTradeNo));
    const blanked = await this.#tx.run(
      `UPDATE orders SET buyer_hash = NULL, payer_openid = NULL, payer_client_ip = NULL, payer_salt = ?
       WHERE out_trade_no = ? AND payer_salt > '${FORGOTTEN}' AND ${IS_FINAL}`,
      FORGOTTEN,
      outTradeNo,
    );
    if (blanked === 1) await this.#history.event({ outTradeNo }, 'order-forgotten', {});
    return blanked === 1;
  }

  async patch(order: OrderRecord, patch: OrderPatch): Promise<OrderRecord> {
    if (patch.credential !== undefined) {
      await this.#history.event(order, 'order-given', await this.#history.digestsOf(patch));
    }
    return this.#update(order, order.state, patch);
  }

  /** Follows the table. When the event changes nothing, neither does this, and the same record comes back. */
  async move(
    order: OrderRecord,
    event: OrderEvent,
    patch: OrderPatch = {},
    allowed: Allowed = {},
  ): Promise<OrderRecord> {
    const state = nextOrderState(order.state, event);
    if (state === undefined) return order;
    const moved = await this.#history.moved(order.state, state, patch, allowed);
    await this.#history.event(order, `order-${event}`, moved);
    return this.#update(order, state, patch);
  }

  async #update(order: OrderRecord, state: OrderState, patch: OrderPatch): Promise<OrderRecord> {
    const updated: OrderRecord = {
      ...order,
      ...patch,
      state,
      updatedAt: this.#now,
      ...(isSettledOrder(state) ? { askAt: undefined, plan: undefined } : {}),
    };
    if (!this.#tx.holds(orderKey(order.outTradeNo))) await this.#tx.alone();
    await ORDERS.update(this.#tx, order, updated);
    await this.#keepPlan(order, updated);
    await this.#tallies.order(order, updated);
    this.#history.changed.add(order.outTradeNo);
    if (state === 'PAID' && order.state !== 'PAID') await this.#paid(updated);
    return updated;
  }

  async #keepPlan(before: OrderRecord | undefined, { outTradeNo, plan, state }: OrderRecord): Promise<void> {
    if (plan !== undefined && plan !== before?.plan) {
      await this.#tx.run(
        `INSERT INTO plans (out_trade_no, plan) VALUES (?, ?)
         ON CONFLICT (out_trade_no) DO UPDATE SET plan = excluded.plan`,
        outTradeNo,
        plan,
      );
    } else if (plan === undefined && before && isSettledOrder(state) && before.state !== state) {
      await this.#tx.run('DELETE FROM plans WHERE out_trade_no = ?', outTradeNo);
    }
  }
}

const IS_FINAL = `state IN (${FINAL.map((state) => `'${state}'`).join(', ')})`;
const WITH_PLAN = 'SELECT * FROM orders LEFT JOIN plans USING (out_trade_no)';
