import { CLOCKS_APART_MS } from '../domain/clock.ts';
import type { Subject } from '../domain/subject.ts';
import type { History } from './history.ts';
import { APPROVALS, type ApprovalRecord } from './records.ts';
import { byOrder, listed, type Tx } from './store.ts';
import { CONTRACT } from './subscription-records.ts';

/** What persons are asked, inside one transaction. */
export class Approvals {
  readonly #tx: Tx;
  readonly #now: number;
  readonly #history: History;

  constructor(tx: Tx, now: number, history: History) {
    this.#tx = tx;
    this.#now = now;
    this.#history = history;
  }

  async get(id: string): Promise<ApprovalRecord | undefined> {
    const [row] = await this.#tx.all('SELECT * FROM approvals WHERE id = ?', id);
    return row && APPROVALS.fromRow(row);
  }

  /** All approvals asked for this very order or refund, newest first. */
  async of({ outTradeNo, outRefundNo }: Subject): Promise<ApprovalRecord[]> {
    const asked = (await this.ofOrders([outTradeNo])).get(outTradeNo) ?? [];
    return asked.filter((approval) => approval.outRefundNo === outRefundNo);
  }

  /** Those asked for orders and their refunds, by the order, newest first. */
  async ofOrders(outTradeNos: readonly string[]): Promise<ReadonlyMap<string, readonly ApprovalRecord[]>> {
    const rows = await this.#tx.all(
      `SELECT * FROM approvals WHERE out_trade_no IN ${listed(outTradeNos)} ORDER BY created_at DESC, id DESC`,
      ...outTradeNos,
    );
    const asked = rows.map(APPROVALS.fromRow);
    // One that a clock has dated ahead is not newer for that.
    const isAhead = ({ createdAt }: ApprovalRecord) => createdAt > this.#now + CLOCKS_APART_MS;
    return byOrder([...asked.filter((approval) => !isAhead(approval)), ...asked.filter(isAhead)]);
  }

  /** Undecided and unexpired, oldest first. */
  async open(caller?: string, limit = 1_000): Promise<ApprovalRecord[]> {
    const rows = await this.#tx.all(
      `SELECT * FROM approvals WHERE state = 'pending' AND expires_at > ? AND created_at <= ? ${caller === undefined ? '' : 'AND caller = ?'}
       ORDER BY created_at, id LIMIT ?`,
      this.#now,
      this.#now + CLOCKS_APART_MS,
      ...(caller === undefined ? [] : [caller]),
      limit,
    );
    return rows.map(APPROVALS.fromRow);
  }

  /** Whatever became of them, newest first. */
  async newest(limit: number): Promise<ApprovalRecord[]> {
    const rows = await this.#tx.all(
      'SELECT * FROM approvals ORDER BY created_at DESC, id DESC LIMIT ?',
      limit,
    );
    return rows.map(APPROVALS.fromRow);
  }

  /** Not decided, or approved and not sent, behind `mark` until an instant (ms), in the order in which they expire. */
  async expired(
    mark: { readonly expiresAt: number; readonly id: string },
    until: number,
    limit: number,
  ): Promise<ApprovalRecord[]> {
    const found: ApprovalRecord[] = [];
    // Each by the index: both together would be read whole and sorted.
    for (const state of ['pending', 'approved']) {
      const rows = await this.#tx.all(
        `SELECT * FROM approvals WHERE state = ? AND expires_at >= ? AND expires_at <= ?
         AND (expires_at > ? OR id > ?) ORDER BY expires_at, id LIMIT ?`,
        ...[state, mark.expiresAt, until, mark.expiresAt, mark.id, limit],
      );
      found.push(...rows.map(APPROVALS.fromRow));
    }
    return found.sort((a, b) => a.expiresAt - b.expiresAt || (a.id < b.id ? -1 : 1)).slice(0, limit);
  }

  /**
   * What a person has approved and nobody has carried out yet, the longest approved first: unexpired, of orders at
   * accounts that are `here` (all: undefined), and still waiting for it.
   */
  async toCarryOut(
    isHere: ((account: string) => boolean) | undefined,
    limit: number,
  ): Promise<ApprovalRecord[]> {
    const accounts = isHere && (await this.#accounts()).filter(isHere);
    if (accounts?.length === 0) return [];
    const rows = await this.#tx.all(
      `SELECT approvals.* FROM approvals JOIN orders USING (out_trade_no) LEFT JOIN refunds
         ON refunds.out_trade_no = approvals.out_trade_no AND refunds.out_refund_no = approvals.out_refund_no
       WHERE approvals.state = 'approved' AND approvals.expires_at > ? AND approvals.created_at <= ?
         AND asked_json IS NOT NULL ${at('orders', accounts)}
         AND CASE WHEN approvals.out_refund_no IS NULL THEN ${waits('orders')} ELSE ${waits('refunds')} END
       ORDER BY decided_at, id LIMIT ?`,
      this.#now,
      this.#now + CLOCKS_APART_MS,
      ...(accounts ?? []),
      limit,
    );
    const found = [...rows.map(APPROVALS.fromRow), ...(await this.#contractsToOpen(accounts, limit))];
    return found.sort((a, b) => (a.decidedAt ?? 0) - (b.decidedAt ?? 0)).slice(0, limit);
  }

  /** The same of subscriptions, of which there is no order yet. */
  async #contractsToOpen(accounts: readonly string[] | undefined, limit: number): Promise<ApprovalRecord[]> {
    const rows = await this.#tx.all(
      `SELECT approvals.* FROM approvals ${WITH_SUBSCRIPTION}
       WHERE approvals.state = 'approved' AND approvals.expires_at > ? AND approvals.asked_json IS NOT NULL
         AND approvals.created_at <= ? ${at('subscriptions', accounts)}
         AND subscriptions.opened_at IS NULL AND subscriptions.state = 'PENDING_SIGN'
       ORDER BY approvals.decided_at, approvals.id LIMIT ?`,
      ...[this.#now, this.#now + CLOCKS_APART_MS, ...(accounts ?? []), limit],
    );
    return rows.map(APPROVALS.fromRow);
  }

  /** Of whom anything is approved: few, whatever the ledger holds. */
  async #accounts(): Promise<string[]> {
    const found = (joined: string, table: string) =>
      `SELECT ${table}.account FROM approvals ${joined}
       WHERE approvals.state = 'approved' AND approvals.expires_at > ? AND approvals.asked_json IS NOT NULL`;
    const rows = await this.#tx.all(
      `${found('JOIN orders USING (out_trade_no)', 'orders')} UNION ${found(WITH_SUBSCRIPTION, 'subscriptions')}`,
      ...[this.#now, this.#now],
    );
    return rows.map(({ account }) => String(account));
  }

  async insert(approval: ApprovalRecord): Promise<void> {
    await APPROVALS.insert(this.#tx, approval);
    await this.#history.event(approval, 'approval-asked', {
      approval: approval.id,
      rule: approval.rule,
      amountFen: approval.amountFen,
    });
  }

  /** Moves an approval on; the statement itself makes it single-use. Returns whether it was in `from`. */
  async move(
    approval: ApprovalRecord,
    from: ApprovalRecord['state'],
    to: Exclude<ApprovalRecord['state'], 'pending'>,
    by: { readonly decidedBy?: string; readonly reason?: string | undefined; readonly code?: string } = {},
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
      await this.#history.event(approval, `approval-${to}`, {
        approval: approval.id,
        ...by,
      });
    return changed === 1;
  }

  /** Notes why what was approved is not sent yet; it still is going to be. */
  async hold({ id }: ApprovalRecord, code: string): Promise<void> {
    await this.#tx.run("UPDATE approvals SET code = ? WHERE id = ? AND state = 'approved'", code, id);
  }
}

const WITH_SUBSCRIPTION = `JOIN subscriptions ON approvals.out_trade_no LIKE '${CONTRACT}%'
  AND subscriptions.contract_no = substr(approvals.out_trade_no, ${CONTRACT.length + 1})`;

function at(table: string, accounts: readonly string[] | undefined): string {
  return accounts === undefined ? '' : `AND ${table}.account IN ${listed(accounts)}`;
}

/** Nothing of it has been sent: it waits, or the gateway was not reached and the same call goes on. */
function waits(table: string): string {
  return `(${table}.state = 'PENDING_APPROVAL' OR (${table}.state = 'CLOSED' AND ${table}.declined_code IS NOT NULL))`;
}
