import { beijingDay, CLOCKS_APART_MS } from '../domain/clock.ts';
import { type Fen, fen } from '../domain/money.ts';
import type { Subject } from '../domain/subject.ts';
import { COUNTS, inScope, type MoneyKind, type Scope, scopeKey, TABLE } from './counting.ts';
import type { Row, Tx } from './store.ts';
import type { Tallies } from './tallies.ts';

/** One top-up (positive) or draw (negative) by an operator. `at` in ms. */
export interface BudgetMove {
  readonly at: number;
  readonly budget: string;
  readonly amountFen: number;
  readonly by: string;
  readonly note: string | undefined;
}

/** What counts already. */
export interface Usage {
  readonly count: number;
  readonly fen: number;
}

/** Under which limits are read to be drawn upon. */
const limitKey = (kind: MoneyKind, scope: Scope) => `limit ${kind} ${scopeKey(scope)}`;

/** Limits and budgets inside one transaction. */
export class Quotas {
  readonly #tx: Tx;
  readonly #now: number;
  readonly #tallies: Tallies;

  constructor(tx: Tx, now: number, tallies: Tallies) {
    this.#tx = tx;
    this.#now = now;
    this.#tallies = tallies;
  }

  /** Count and sum (fen) of what counts on whole days of Beijing (ms, `until` exclusive). */
  async usage(kind: MoneyKind, scope: Scope, since: number, until: number): Promise<Usage> {
    await this.#tx.lock(limitKey(kind, scope));
    const [from, to] = [beijingDay(since), beijingDay(until)];
    const [row] = await this.#tx.all(
      `SELECT COALESCE(SUM(count), 0) AS count, COALESCE(SUM(fen), 0) AS fen FROM limit_tallies
       WHERE kind = ? AND scope = ? AND day >= ? AND day < ?`,
      kind,
      scopeKey(scope),
      from,
      to,
    );
    const pending = (sum: string) =>
      this.#tallies.pending('limit_tallies', sum, ([of, whose, day]) => {
        return of === kind && whose === scopeKey(scope) && Number(day) >= from && Number(day) < to;
      });
    return { count: Number(row?.count) + pending('count'), fen: Number(row?.fen) + pending('fen') };
  }

  /** Count and sum (fen) of what counts since an instant (ms), for a short while. */
  async recentUsage(kind: MoneyKind, scope: Scope, since: number): Promise<Usage> {
    const [row] = await this.#recent(
      'COUNT(*) AS count, COALESCE(SUM(amount_fen), 0) AS fen',
      kind,
      scope,
      since,
    );
    return { count: Number(row?.count), fen: Number(row?.fen) };
  }

  /** The same one by one, oldest first. */
  async recent(kind: MoneyKind, scope: Scope, since: number): Promise<{ at: number; fen: number }[]> {
    const rows = await this.#recent(
      'counted_at AS at, amount_fen AS fen',
      kind,
      scope,
      since,
      'ORDER BY counted_at',
    );
    return rows.map((row) => ({ at: Number(row.at), fen: Number(row.fen) }));
  }

  async #recent(columns: string, kind: MoneyKind, scope: Scope, since: number, order = ''): Promise<Row[]> {
    await this.#tx.lock(limitKey(kind, scope));
    const { where, values } = inScope(scope);
    return this.#tx.all(
      `SELECT ${columns} FROM ${TABLE[kind]}
       WHERE counted_at >= ? AND counted_at < ? AND ${COUNTS[kind]} AND ${where} ${order}`,
      since,
      // What a clock that was ahead has counted would stay in the last minute until that minute has come.
      this.#now + CLOCKS_APART_MS,
      ...values,
    );
  }

  /** What an operator has put into a budget, less what was taken out again, and what calls hold of it (fen). */
  async budget(name: string): Promise<{ filledFen: number; heldFen: number }> {
    await this.#tx.lock(`budget ${name}`);
    const [row] = await this.#tx.all('SELECT filled_fen, held_fen FROM budgets WHERE budget = ?', name);
    const pending = (sum: string) => this.#tallies.pending('budgets', sum, ([budget]) => budget === name);
    return {
      filledFen: Number(row?.filled_fen ?? 0) + pending('filled_fen'),
      heldFen: Number(row?.held_fen ?? 0) + pending('held_fen'),
    };
  }

  /**
   * Takes an order, or a refund of it, out of these budgets, for as long as its state counts. What an earlier try that
   * was declined had drawn on is drawn on no more.
   */
  async draw(budgets: readonly string[], { outTradeNo, outRefundNo }: Subject): Promise<void> {
    const key = [outTradeNo, outRefundNo ?? ''];
    const known = await this.#tx.all(
      'SELECT budget FROM budget_draws WHERE out_trade_no = ? AND out_refund_no = ?',
      ...key,
    );
    if (known.length === 0 && budgets.length === 0) return;
    const [record] = await (outRefundNo === undefined
      ? this.#tx.all(`SELECT amount_fen FROM orders WHERE out_trade_no = ? AND ${COUNTS.payment}`, outTradeNo)
      : this.#tx.all(
          `SELECT amount_fen FROM refunds WHERE out_trade_no = ? AND out_refund_no = ? AND ${COUNTS.refund}`,
          ...key,
        ));
    const held = Number(record?.amount_fen ?? 0);
    await this.#tx.run('DELETE FROM budget_draws WHERE out_trade_no = ? AND out_refund_no = ?', ...key);
    for (const { budget = null } of known) this.#tallies.add('budgets', [budget], { held_fen: -held });
    for (const budget of new Set(budgets)) {
      await this.#tx.run(
        'INSERT INTO budget_draws (budget, out_trade_no, out_refund_no) VALUES (?, ?, ?)',
        budget,
        ...key,
      );
      this.#tallies.add('budgets', [budget], { held_fen: held });
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
    this.#tallies.add('budgets', [move.budget], { filled_fen: move.amountFen });
  }

  /** What (fen) was last put into a budget; undefined where nothing ever was. */
  async lastTopUp(budget: string): Promise<Fen | undefined> {
    const [row] = await this.#tx.all(
      'SELECT amount_fen FROM budget_moves WHERE budget = ? AND amount_fen > 0 ORDER BY seq DESC LIMIT 1',
      budget,
    );
    return row && fen(Number(row.amount_fen));
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

  /** Budgets that were ever filled or drawn on, with what was put into them and what calls hold of it (fen), by name. */
  async filled(
    limit: number,
  ): Promise<{ readonly name: string; readonly filledFen: number; readonly heldFen: number }[]> {
    const rows = await this.#tx.all('SELECT * FROM budgets ORDER BY budget LIMIT ?', limit);
    return rows.map((row) => ({
      name: String(row.budget),
      filledFen: Number(row.filled_fen),
      heldFen: Number(row.held_fen),
    }));
  }

  /** Names of all budgets that were ever filled or drawn on. */
  async budgets(): Promise<string[]> {
    const rows = await this.#tx.all('SELECT budget FROM budgets ORDER BY budget');
    return rows.map((row) => String(row.budget));
  }
}
