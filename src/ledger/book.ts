import { CLOCKS_APART_MS } from '../domain/clock.ts';
import type { OrderState, RefundState } from '../domain/order.ts';
import { Asking } from './asking.ts';
import { rowDigest, termsDigest } from './audit-digest.ts';
import { type Actor, AuditTrail } from './audit-trail.ts';
import { conditions, type OrderFilter, orderColumns, refundColumns } from './columns.ts';
import { readMeta, writeMeta } from './meta.ts';
import { OperatorBook } from './operator-book.ts';
import { Quotas } from './quotas.ts';
import {
  type ApprovalRecord,
  type AuditRecord,
  approvalFromRow,
  type OrderRecord,
  orderFromRow,
  type RefundRecord,
  refundFromRow,
} from './records.ts';
import { isSettledRefund, nextRefundState, type RefundEvent } from './refund-machine.ts';
import type { SqlValue, Tx } from './store.ts';
import { isSettledOrder, nextOrderState, type OrderEvent } from './trade-machine.ts';

type OrderPatch = Partial<Omit<OrderRecord, 'outTradeNo' | 'state' | 'createdAt' | 'updatedAt'>>;
type RefundPatch = Partial<
  Omit<RefundRecord, 'outTradeNo' | 'outRefundNo' | 'state' | 'createdAt' | 'updatedAt'>
>;

/**
 * The ledger inside one transaction. States change only through {@link moveOrder} and {@link moveRefund}, that is, by
 * the tables; everything that happens to an order also lands in its history.
 */
export class Book {
  readonly #tx: Tx;
  readonly #now: number;
  #salt: string | undefined;
  readonly audit: AuditTrail;
  readonly quotas: Quotas;
  readonly operator: OperatorBook;
  readonly asking: Asking;
  /** Orders touched by this transaction, for those who wait for news. */
  readonly changed = new Set<string>();

  constructor(tx: Tx, now: number, actor: Actor) {
    this.#tx = tx;
    this.#now = now;
    this.audit = new AuditTrail(tx, now, actor);
    this.quotas = new Quotas(tx, now);
    this.operator = new OperatorBook(tx, now);
    this.asking = new Asking(tx, now);
  }

  async order(outTradeNo: string): Promise<OrderRecord | undefined> {
    const [row] = await this.#tx.all('SELECT * FROM orders WHERE out_trade_no = ?', outTradeNo);
    return row && orderFromRow(row);
  }

  async orderByPageToken(token: string): Promise<OrderRecord | undefined> {
    const [row] = await this.#tx.all('SELECT * FROM orders WHERE page_token = ?', token);
    return row && orderFromRow(row);
  }

  /** Orders of the same caller with the same arguments: those in doubt, then the newest. */
  async ordersByCall(inputHash: string, caller: string): Promise<OrderRecord[]> {
    const rows = await this.#tx.all(
      `SELECT * FROM orders WHERE input_hash = ? AND caller = ?
       ORDER BY CASE state WHEN 'UNKNOWN' THEN 0 ELSE 1 END, created_at DESC, out_trade_no DESC LIMIT 20`,
      inputHash,
      caller,
    );
    return rows.map(orderFromRow);
  }

  /** Refunds of unknown outcome, oldest first. */
  async refundsInDoubt(account: string): Promise<RefundRecord[]> {
    const rows = await this.#tx.all(
      `SELECT * FROM refunds WHERE account = ? AND ask_at IS NOT NULL AND state = 'UNKNOWN'
       ORDER BY created_at, out_refund_no`,
      account,
    );
    return rows.map(refundFromRow);
  }

  /** Newest first. */
  async orders(filter: OrderFilter, limit: number): Promise<OrderRecord[]> {
    const { where, values } = conditions(filter);
    const rows = await this.#tx.all(
      `SELECT * FROM orders WHERE ${where} ORDER BY created_at DESC, out_trade_no DESC LIMIT ?`,
      ...values,
      limit,
    );
    return rows.map(orderFromRow);
  }

  /** Paid orders of an account whose payment falls into a span of time (ms, `to` exclusive), oldest first. */
  async ordersPaid(account: string, from: number, to: number): Promise<OrderRecord[]> {
    const rows = await this.#tx.all(
      `SELECT * FROM orders WHERE state = 'PAID' AND account = ? AND paid_at >= ? AND paid_at < ?
       ORDER BY paid_at, out_trade_no`,
      account,
      from,
      to,
    );
    return rows.map(orderFromRow);
  }

  /** Successful refunds of an account that were sent in a span of time (ms, `to` exclusive), oldest first. */
  async refundsSent(account: string, from: number, to: number): Promise<RefundRecord[]> {
    const rows = await this.#tx.all(
      `SELECT * FROM refunds WHERE state = 'SUCCESS' AND account = ? AND sent_at >= ? AND sent_at < ?
       ORDER BY sent_at, out_refund_no`,
      account,
      from,
      to,
    );
    return rows.map(refundFromRow);
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

  async insertOrder(order: OrderRecord): Promise<void> {
    await this.#insert('orders', {
      ...orderColumns(order),
      out_trade_no: order.outTradeNo,
      state: order.state,
    });
    await this.event(order.outTradeNo, undefined, 'order-created', {
      provider: order.provider,
      scene: order.scene,
      amountFen: order.amountFen,
      caller: order.caller,
      state: order.state,
      terms: termsDigest(await this.#salted(), order),
    });
  }

  async patchOrder(order: OrderRecord, patch: OrderPatch): Promise<OrderRecord> {
    if (patch.credential !== undefined) {
      await this.event(order.outTradeNo, undefined, 'order-given', await this.#digestsOf(patch));
    }
    return this.#updateOrder(order, order.state, patch);
  }

  /** Follows the table. When the event changes nothing, neither does this, and the same record comes back. */
  async moveOrder(order: OrderRecord, event: OrderEvent, patch: OrderPatch = {}): Promise<OrderRecord> {
    const state = nextOrderState(order.state, event);
    if (state === undefined) return order;
    await this.event(order.outTradeNo, undefined, `order-${event}`, {
      from: order.state,
      to: state,
      ...toldIn(patch),
      ...(await this.#digestsOf(patch)),
    });
    return this.#updateOrder(order, state, patch);
  }

  async refund(outTradeNo: string, outRefundNo: string): Promise<RefundRecord | undefined> {
    const [row] = await this.#tx.all(
      'SELECT * FROM refunds WHERE out_trade_no = ? AND out_refund_no = ?',
      outTradeNo,
      outRefundNo,
    );
    return row && refundFromRow(row);
  }

  async refundByMerchant(scope: string, outRefundNo: string): Promise<RefundRecord | undefined> {
    const [row] = await this.#tx.all(
      'SELECT * FROM refunds WHERE merchant_scope = ? AND out_refund_no = ?',
      scope,
      outRefundNo,
    );
    return row && refundFromRow(row);
  }

  /** Oldest first. */
  async refunds(outTradeNo: string): Promise<RefundRecord[]> {
    const rows = await this.#tx.all(
      'SELECT * FROM refunds WHERE out_trade_no = ? ORDER BY created_at, out_refund_no',
      outTradeNo,
    );
    return rows.map(refundFromRow);
  }

  async insertRefund(refund: RefundRecord): Promise<void> {
    await this.#insert('refunds', {
      ...refundColumns(refund),
      account: (await this.order(refund.outTradeNo))?.account ?? null,
      out_trade_no: refund.outTradeNo,
      out_refund_no: refund.outRefundNo,
      state: refund.state,
    });
    await this.event(refund.outTradeNo, refund.outRefundNo, 'refund-created', {
      amountFen: refund.amountFen,
      caller: refund.caller,
      state: refund.state,
    });
  }

  async patchRefund(refund: RefundRecord, patch: RefundPatch): Promise<RefundRecord> {
    return this.#updateRefund(refund, refund.state, patch);
  }

  /** As {@link moveOrder}. */
  async moveRefund(refund: RefundRecord, event: RefundEvent, patch: RefundPatch = {}): Promise<RefundRecord> {
    const state = nextRefundState(refund.state, event);
    if (state === undefined) return refund;
    await this.event(refund.outTradeNo, refund.outRefundNo, `refund-${event}`, {
      from: refund.state,
      to: state,
      ...toldIn(patch),
      ...(await this.#digestsOf(patch)),
    });
    return this.#updateRefund(refund, state, patch);
  }

  async approval(id: string): Promise<ApprovalRecord | undefined> {
    const [row] = await this.#tx.all('SELECT * FROM approvals WHERE id = ?', id);
    return row && approvalFromRow(row);
  }

  /** All approvals asked for this very order or refund, newest first. */
  async approvalsOf(outTradeNo: string, outRefundNo: string | undefined): Promise<ApprovalRecord[]> {
    const rows = await this.#tx.all(
      'SELECT * FROM approvals WHERE out_trade_no = ? ORDER BY created_at DESC, id DESC',
      outTradeNo,
    );
    const asked = rows.map(approvalFromRow).filter((approval) => approval.outRefundNo === outRefundNo);
    // One that a clock has dated ahead is not newer for that.
    const isAhead = ({ createdAt }: ApprovalRecord) => createdAt > this.#now + CLOCKS_APART_MS;
    return [...asked.filter((approval) => !isAhead(approval)), ...asked.filter(isAhead)];
  }

  /** The newest of them. */
  async latestApproval(
    outTradeNo: string,
    outRefundNo: string | undefined,
  ): Promise<ApprovalRecord | undefined> {
    return (await this.approvalsOf(outTradeNo, outRefundNo))[0];
  }

  /** Undecided and unexpired, oldest first. */
  async openApprovals(caller?: string, limit = 1_000): Promise<ApprovalRecord[]> {
    const rows = await this.#tx.all(
      `SELECT * FROM approvals WHERE state = 'pending' AND expires_at > ? AND created_at <= ? ${caller === undefined ? '' : 'AND caller = ?'}
       ORDER BY created_at, id LIMIT ?`,
      this.#now,
      this.#now + CLOCKS_APART_MS,
      ...(caller === undefined ? [] : [caller]),
      limit,
    );
    return rows.map(approvalFromRow);
  }

  /** Whatever became of them, newest first. */
  async newestApprovals(limit: number): Promise<ApprovalRecord[]> {
    const rows = await this.#tx.all(
      'SELECT * FROM approvals ORDER BY created_at DESC, id DESC LIMIT ?',
      limit,
    );
    return rows.map(approvalFromRow);
  }

  /**
   * What a person has approved and nobody has carried out yet, the longest approved first: unexpired, of orders at
   * these accounts (all: undefined), and still waiting for it.
   */
  async approvalsToCarryOut(
    accounts: readonly string[] | undefined,
    limit: number,
  ): Promise<ApprovalRecord[]> {
    const here =
      accounts === undefined ? '' : `AND orders.account IN (${accounts.map(() => '?').join(', ')})`;
    const rows = await this.#tx.all(
      `SELECT approvals.* FROM approvals JOIN orders USING (out_trade_no) LEFT JOIN refunds
         ON refunds.out_trade_no = approvals.out_trade_no AND refunds.out_refund_no = approvals.out_refund_no
       WHERE approvals.state = 'approved' AND approvals.expires_at > ? AND approvals.created_at <= ?
         AND asked_json IS NOT NULL ${here}
         AND CASE WHEN approvals.out_refund_no IS NULL THEN ${waits('orders')} ELSE ${waits('refunds')} END
       ORDER BY decided_at, id LIMIT ?`,
      this.#now,
      this.#now + CLOCKS_APART_MS,
      ...(accounts ?? []),
      limit,
    );
    return rows.map(approvalFromRow);
  }

  async insertApproval(approval: ApprovalRecord): Promise<void> {
    await this.#insert('approvals', {
      id: approval.id,
      kind: approval.kind,
      out_trade_no: approval.outTradeNo,
      out_refund_no: approval.outRefundNo ?? null,
      input_hash: approval.inputHash,
      caller: approval.caller,
      amount_fen: approval.amountFen,
      rule: approval.rule,
      state: approval.state,
      created_at: approval.createdAt,
      expires_at: approval.expiresAt,
      asked_json: approval.asked ? JSON.stringify(approval.asked) : null,
    });
    await this.event(approval.outTradeNo, approval.outRefundNo, 'approval-asked', {
      approval: approval.id,
      rule: approval.rule,
      amountFen: approval.amountFen,
    });
  }

  /** Moves an approval on; the statement itself makes it single-use. Returns whether it was in `from`. */
  async moveApproval(
    approval: ApprovalRecord,
    from: ApprovalRecord['state'],
    to: ApprovalRecord['state'],
    by: { readonly decidedBy?: string; readonly reason?: string; readonly code?: string } = {},
  ): Promise<boolean> {
    const changed = await this.#tx.run(
      `UPDATE approvals SET state = ?, decided_at = COALESCE(decided_at, ?), decided_by = COALESCE(decided_by, ?),
       reason = COALESCE(reason, ?), code = ? WHERE id = ? AND state = ?`,
      to,
      this.#now,
      by.decidedBy ?? null,
      by.reason ?? null,
      by.code ?? null,
      approval.id,
      from,
    );
    if (changed === 1)
      await this.event(approval.outTradeNo, approval.outRefundNo, `approval-${to}`, {
        approval: approval.id,
        ...by,
      });
    return changed === 1;
  }

  /** Notes why what was approved is not sent yet; it still is going to be. */
  async holdApproval({ id }: ApprovalRecord, code: string): Promise<void> {
    await this.#tx.run("UPDATE approvals SET code = ? WHERE id = ? AND state = 'approved'", code, id);
  }

  /** Appends to the order's history. */
  async event(
    outTradeNo: string,
    outRefundNo: string | undefined,
    kind: string,
    detail: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    this.changed.add(outTradeNo);
    await this.audit.append({ kind, outTradeNo, outRefundNo, detail });
  }

  events(outTradeNo: string): Promise<AuditRecord[]> {
    return this.audit.ofOrder(outTradeNo);
  }

  /** The number of the newest event of the whole ledger; 0 when there is none. */
  async lastEvent(): Promise<number> {
    return (await this.audit.head()).seq;
  }

  /** What has happened since, to any order, oldest first. */
  eventsAfter(seq: number): Promise<AuditRecord[]> {
    return this.audit.after(seq, 1000);
  }

  meta(key: string): Promise<string | undefined> {
    return readMeta(this.#tx, key);
  }

  setMeta(key: string, value: string): Promise<void> {
    return writeMeta(this.#tx, key, value);
  }

  async #salted(): Promise<string> {
    this.#salt ??= (await this.meta('salt')) ?? '';
    return this.#salt;
  }

  /** Since when it counts, the bytes that are sent now and at every repetition, and what a buyer can pay with. */
  async #digestsOf({
    plan,
    countedAt,
    credential,
  }: Pick<OrderPatch, 'plan' | 'countedAt' | 'credential'>): Promise<Record<string, unknown>> {
    return {
      ...(credential === undefined
        ? {}
        : { credential: rowDigest(await this.#salted(), JSON.stringify(credential)) }),
      ...(countedAt === undefined ? {} : { countedAt }),
      ...(plan === undefined ? {} : { plan: rowDigest(await this.#salted(), plan) }),
    };
  }

  async #updateOrder(order: OrderRecord, state: OrderState, patch: OrderPatch): Promise<OrderRecord> {
    const updated: OrderRecord = {
      ...order,
      ...patch,
      state,
      updatedAt: this.#now,
      ...(isSettledOrder(state) ? { askAt: undefined } : {}),
    };
    await this.#update('orders', { ...orderColumns(updated), state }, { out_trade_no: order.outTradeNo });
    this.changed.add(order.outTradeNo);
    return updated;
  }

  async #updateRefund(refund: RefundRecord, state: RefundState, patch: RefundPatch): Promise<RefundRecord> {
    const updated: RefundRecord = {
      ...refund,
      ...patch,
      state,
      updatedAt: this.#now,
      ...(isSettledRefund(state) ? { askAt: undefined } : {}),
    };
    await this.#update(
      'refunds',
      { ...refundColumns(updated), state },
      { out_trade_no: refund.outTradeNo, out_refund_no: refund.outRefundNo },
    );
    this.changed.add(refund.outTradeNo);
    return updated;
  }

  async #insert(table: string, columns: Record<string, SqlValue>): Promise<void> {
    const names = Object.keys(columns);
    await this.#tx.run(
      `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
      ...Object.values(columns),
    );
  }

  async #update(
    table: string,
    columns: Record<string, SqlValue>,
    key: Record<string, SqlValue>,
  ): Promise<void> {
    const set = Object.keys(columns).map((name) => `${name} = ?`);
    const where = Object.keys(key).map((name) => `${name} = ?`);
    await this.#tx.run(
      `UPDATE ${table} SET ${set.join(', ')} WHERE ${where.join(' AND ')}`,
      ...Object.values(columns),
      ...Object.values(key),
    );
  }
}

/** Nothing of it has been sent: it waits, or the gateway was not reached and the same call goes on. */
function waits(table: string): string {
  return `(${table}.state = 'PENDING_APPROVAL' OR (${table}.state = 'CLOSED' AND ${table}.declined_code IS NOT NULL))`;
}

/** What a move has learned of the gateway and is told in the history; all of it codes and numbers. */
function toldIn(patch: OrderPatch | RefundPatch): Readonly<Record<string, unknown>> {
  const names = ['source', 'gatewayState', 'gatewayTradeNo', 'gatewayRefundNo', 'declinedCode', 'late'];
  return Object.fromEntries(Object.entries(patch).filter(([name, value]) => names.includes(name) && value));
}
