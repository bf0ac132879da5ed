import { beijingDay } from '../domain/clock.ts';
import type { ProviderId } from '../domain/order.ts';
import type { Tx } from './store.ts';

/** What came in and went back, in fen and numbers of payments and refunds. */
export interface Taken {
  readonly paidCount: number;
  readonly paidFen: number;
  readonly refundedCount: number;
  readonly refundedFen: number;
}

/** What was taken on days of Beijing, by whatever asked for. */
export class Takings {
  readonly #tx: Tx;

  constructor(tx: Tx) {
    this.#tx = tx;
  }

  /** By day, counted as by `beijingDay`, and wallet, oldest first. @param since ms, a whole day from there on */
  async byDay(since: number): Promise<(Taken & { readonly day: number; readonly provider: ProviderId })[]> {
    const rows = await this.#tx.all(
      `SELECT day, provider, ${SUMS} FROM takings WHERE day >= ? GROUP BY day, provider ORDER BY day, provider`,
      beijingDay(since),
    );
    return rows.map((row) => ({
      ...takenIn(row),
      day: Number(row.day),
      provider: String(row.provider) as ProviderId,
    }));
  }

  /** By caller, who took most first. */
  async byCaller(since: number, limit: number): Promise<(Taken & { readonly caller: string })[]> {
    const rows = await this.#tx.all(
      `SELECT caller, ${SUMS} FROM takings WHERE day >= ? GROUP BY caller ORDER BY paid_fen DESC, caller LIMIT ?`,
      beijingDay(since),
      limit,
    );
    return rows.map((row) => ({ ...takenIn(row), caller: String(row.caller) }));
  }
}

const COLUMNS = ['paid_count', 'paid_fen', 'refunded_count', 'refunded_fen'] as const;
const SUMS = COLUMNS.map((name) => `SUM(${name}) AS ${name}`).join(', ');

function takenIn(row: Awaited<ReturnType<Tx['all']>>[number]): Taken {
  const [paidCount, paidFen, refundedCount, refundedFen] = COLUMNS.map((name) => Number(row[name]));
  return {
    paidCount: paidCount ?? 0,
    paidFen: paidFen ?? 0,
    refundedCount: refundedCount ?? 0,
    refundedFen: refundedFen ?? 0,
  };
}
