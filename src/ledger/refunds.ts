import type { RefundState } from '../domain/order.ts';
import type { Allowed } from './audit-kinds.ts';
import { orderKey } from './beside.ts';
import type { History } from './history.ts';
import type { Orders } from './orders.ts';
import { REFUNDS, type RefundRecord } from './records.ts';
import { isSettledRefund, nextRefundState, type RefundEvent } from './refund-machine.ts';
import { byOrder, listed, type Tx } from './store.ts';
import type { Tallies } from './tallies.ts';

type RefundPatch = Partial<
  Omit<RefundRecord, 'outTradeNo' | 'outRefundNo' | 'amountFen' | 'state' | 'createdAt' | 'updatedAt'>
>;

/** What a bill is compared with. */
const SENT = REFUNDS.part('outTradeNo', 'outRefundNo', 'state', 'amountFen', 'plan', 'sentAt', 'updatedAt');
export type SentRefund = ReturnType<typeof SENT.fromRow>;

/** As {@link Orders}. */
export class Refunds {
  readonly #tx: Tx;
  readonly #now: number;
  readonly #history: History;
  readonly #tallies: Tallies;

  constructor(tx: Tx, now: number, history: History, tallies: Tallies) {
    this.#tx = tx;
    this.#now = now;
    this.#history = history;
    this.#tallies = tallies;
  }

  async get(outTradeNo: string, outRefundNo: string): Promise<RefundRecord | undefined> {
    await this.#tx.lock(orderKey(outTradeNo));
    const [row] = await this.#tx.all(
      'SELECT * FROM refunds WHERE out_trade_no = ? AND out_refund_no = ?',
      outTradeNo,
      outRefundNo,
    );
    return row && REFUNDS.fromRow(row);
  }

  /** As it stands now. */
  async again(refund: RefundRecord): Promise<RefundRecord> {
    return (await this.get(refund.outTradeNo, refund.outRefundNo)) ?? refund;
  }

  async byMerchant(scope: string, outRefundNo: string): Promise<RefundRecord | undefined> {
    await this.#tx.lock(`refund ${outRefundNo} ${scope}`);
    const [row] = await this.#tx.all(
      'SELECT * FROM refunds WHERE merchant_scope = ? AND out_refund_no = ?',
      scope,
      outRefundNo,
    );
    return row && REFUNDS.fromRow(row);
  }

  /** Oldest first. */
  async ofOrder(outTradeNo: string): Promise<readonly RefundRecord[]> {
    return (await this.ofOrders([outTradeNo])).get(outTradeNo) ?? [];
  }

  /** By the order, oldest first. */
  async ofOrders(outTradeNos: readonly string[]): Promise<ReadonlyMap<string, readonly RefundRecord[]>> {
    for (const outTradeNo of [...outTradeNos].sort()) await this.#tx.lock(orderKey(outTradeNo));
    const rows = await this.#tx.all(
      `SELECT * FROM refunds WHERE out_trade_no IN ${listed(outTradeNos)} ORDER BY created_at, out_refund_no`,
      ...outTradeNos,
    );
    return byOrder(rows.map(REFUNDS.fromRow));
  }

  /** Refunds of unknown outcome, oldest first. */
  async inDoubt(account: string): Promise<RefundRecord[]> {
    const rows = await this.#tx.all(
      `SELECT * FROM refunds WHERE account = ? AND ask_at IS NOT NULL AND state = 'UNKNOWN'
       ORDER BY created_at, out_refund_no`,
      account,
    );
    return rows.map(REFUNDS.fromRow);
  }

  /** Successful refunds of an account that were sent in a span of time (ms, `to` exclusive), oldest first. */
  async sent(account: string, from: number, to: number): Promise<SentRefund[]> {
    const rows = await this.#tx.all(
      `SELECT ${SENT.columns} FROM refunds WHERE state = 'SUCCESS' AND account = ? AND sent_at >= ? AND sent_at < ?
       ORDER BY sent_at, out_refund_no`,
      account,
      from,
      to,
    );
    return rows.map(SENT.fromRow);
  }

  async insert(refund: RefundRecord): Promise<void> {
    await this.#tx.lock(orderKey(refund.outTradeNo));
    const [order] = await this.#tx.all(
      'SELECT account FROM orders WHERE out_trade_no = ?',
      refund.outTradeNo,
    );
    await REFUNDS.insert(this.#tx, refund, { account: order?.account ?? null });
    await this.#tallies.refund(undefined, refund);
    await this.#history.event(refund, 'refund-created', {
      amountFen: refund.amountFen,
      caller: refund.caller,
      state: refund.state,
    });
  }

  async patch(refund: RefundRecord, patch: RefundPatch): Promise<RefundRecord> {
    return this.#update(refund, refund.state, patch);
  }

  /** As {@link Orders.move}. */
  async move(
    refund: RefundRecord,
    event: RefundEvent,
    patch: RefundPatch = {},
    allowed: Allowed = {},
  ): Promise<RefundRecord> {
    const state = nextRefundState(refund.state, event);
    if (state === undefined) return refund;
    const moved = await this.#history.moved(refund.state, state, patch, allowed);
    await this.#history.event(refund, `refund-${event}`, moved);
    return this.#update(refund, state, patch);
  }

  async #update(refund: RefundRecord, state: RefundState, patch: RefundPatch): Promise<RefundRecord> {
    const updated: RefundRecord = {
      ...refund,
      ...patch,
      state,
      updatedAt: this.#now,
      ...(isSettledRefund(state) ? { askAt: undefined } : {}),
    };
    if (!this.#tx.holds(orderKey(refund.outTradeNo))) await this.#tx.alone();
    await REFUNDS.update(this.#tx, refund, updated);
    await this.#tallies.refund(refund, updated);
    this.#history.changed.add(refund.outTradeNo);
    return updated;
  }
}
