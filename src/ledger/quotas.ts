import { CLOCKS_APART_MS } from '../domain/clock.ts';
import { HOLDING } from './refund-machine.ts';
import type { SqlValue, Tx } from './store.ts';

export type MoneyKind = 'payment' | 'refund';

/** Whose calls count together: everyone's, one caller's, or those of programs that call themselves so. */
export interface Scope {
  readonly caller?: string;
  readonly client?: string;
}

/** One top-up (positive) or draw (negative) by an operator. `at` in ms. */
export interface BudgetMove {
  readonly at: number;
  readonly budget: string;
  readonly amountFen: number;
  readonly by: string;
  readonly note: string | undefined;
}

/**
 * What counts: from the commit of the intent on, whatever became of it, except what the gateway provably declined. A
 * refund that was closed has given its sum back, and takes it again should it turn out to have gone through.
 */
const COUNTS: Readonly<Record<MoneyKind, string>> = {
  payment:
    "(counted_at IS NOT NULL AND state NOT IN ('PENDING_APPROVAL', 'DENIED') AND (state <> 'CLOSED' OR declined_code IS NULL))",
  refund: `state IN (${HOLDING.map((state) => `'${state}'`).join(', ')})`,
};
const TABLE: Readonly<Record<MoneyKind, string>> = { payment: 'orders', refund: 'refunds' };

/**
 * Limits and budgets inside one transaction. Nothing is counted apart: the sums are taken over the very orders and
 * refunds, so that no crash can part them.
 */
export class Quotas {
  readonly #tx: Tx;
  readonly #now: number;

  constructor(tx: Tx, now: number) {
    this.#tx = tx;
    this.#now = now;
  }

  /** Count and sum (fen) of what counts in a span of time (ms, `until` exclusive). */
  async usage(
    kind: MoneyKind,
    scope: Scope,
    since: number,
    until: number,
  ): Promise<{ count: number; fen: number }> {
    const { where, values } = counted(kind, scope, since, until);
    const [row] = await this.#tx.all(
      `SELECT COUNT(*) AS count, COALESCE(SUM(amount_fen), 0) AS fen FROM ${TABLE[kind]} WHERE ${where}`,
      ...values,
    );
    return { count: Number(row?.count), fen: Number(row?.fen) };
  }

  /** What counts since an instant (ms), one by one, oldest first. */
  async recent(kind: MoneyKind, scope: Scope, since: number): Promise<{ at: number; fen: number }[]> {
    // What a clock that was ahead has counted would stay in the last minute until that minute has come.
    const { where, values } = counted(kind, scope, since, this.#now + CLOCKS_APART_MS);
    const rows = await this.#tx.all(
      `SELECT counted_at AS at, amount_fen AS fen FROM ${TABLE[kind]} WHERE ${where} ORDER BY counted_at`,
      ...values,
    );
    return rows.map((row) => ({ at: Number(row.at), fen: Number(row.fen) }));
  }

  /** What an operator has put into a budget, less what was taken out again, and what calls hold of it (fen). */
  async budget(name: string): Promise<{ filledFen: number; heldFen: number }> {
    const [filled] = await this.#tx.all(
      'SELECT COALESCE(SUM(amount_fen), 0) AS fen FROM budget_moves WHERE budget = ?',
      name,
    );
    const [payments] = await this.#tx.all(
      `SELECT COALESCE(SUM(amount_fen), 0) AS fen FROM budget_draws JOIN orders USING (out_trade_no)
       WHERE budget = ? AND out_refund_no = '' AND ${COUNTS.payment}`,
      name,
    );
    const [refunds] = await this.#tx.all(
      `SELECT COALESCE(SUM(amount_fen), 0) AS fen FROM budget_draws JOIN refunds USING (out_trade_no, out_refund_no)
       WHERE budget = ? AND ${COUNTS.refund}`,
      name,
    );
    return { filledFen: Number(filled?.fen), heldFen: Number(payments?.fen) + Number(refunds?.fen) };
  }

  /**
   * Takes an order, or a refund of it, out of these budgets, for as long as its state counts. What an earlier try that
   * was declined had drawn on is drawn on no more.
   */
  async draw(budgets: readonly string[], outTradeNo: string, outRefundNo: string | undefined): Promise<void> {
    const key = [outTradeNo, outRefundNo ?? ''];
    await this.#tx.run('DELETE FROM budget_draws WHERE out_trade_no = ? AND out_refund_no = ?', ...key);
    for (const budget of new Set(budgets)) {
      await this.#tx.run(
        'INSERT INTO budget_draws (budget, out_trade_no, out_refund_no) VALUES (?, ?, ?)',
        budget,
        ...key,
      );
    }
  }

  async insertBudgetMove(move: Omit<BudgetMove, 'at'>): Promise<void> {
    await this.#tx.run(
      `INSERT INTO budget_moves (seq, at, budget, amount_fen, decided_by, note)
       SELECT COALESCE(MAX(seq), 0) + 1, ?, ?, ?, ?, ? FROM budget_moves`,
      this.#now,
      move.budget,
      move.amountFen,
      move.by,
      move.note ?? null,
    );
  }

  /** Oldest first. */
  async budgetMoves(budget: string): Promise<BudgetMove[]> {
    const rows = await this.#tx.all('SELECT * FROM budget_moves WHERE budget = ? ORDER BY seq', budget);
    return rows.map((row) => ({
      at: Number(row.at),
      budget: String(row.budget),
      amountFen: Number(row.amount_fen),
      by: String(row.decided_by),
      note: row.note === null ? undefined : String(row.note),
    }));
  }

  /** Names of all budgets that were ever filled or drawn on. */
  async budgets(): Promise<string[]> {
    const rows = await this.#tx.all(
      'SELECT budget FROM budget_moves UNION SELECT budget FROM budget_draws ORDER BY budget',
    );
    return rows.map((row) => String(row.budget));
  }
}

function counted(
  kind: MoneyKind,
  scope: Scope,
  since: number,
  until: number,
): { where: string; values: SqlValue[] } {
  const where = ['counted_at >= ?', 'counted_at < ?', COUNTS[kind]];
  const values: SqlValue[] = [since, until];
  if (scope.caller !== undefined) {
    where.push('counted_by = ?');
    values.push(scope.caller);
  }
  if (scope.client !== undefined) {
    where.push('client = ?');
    values.push(scope.client);
  }
  return { where: where.join(' AND '), values };
}
