import { ORDER_STATES } from '../domain/order.ts';
import { COUNTS, GIVEN_BACK, TABLE } from './counting.ts';
import type { Tx } from './store.ts';
import { columnsOf, TALLIES } from './tallies.ts';

const day = (column: string) => `(${column} + 28800000) / 86400000`;

const counted = (['payment', 'refund'] as const).flatMap((kind) =>
  ["''", "'caller ' || counted_by", "'client ' || client"].map(
    (scope) => `SELECT '${kind}' AS kind, ${scope} AS scope, ${day('counted_at')} AS day, COUNT(*) AS count,
      SUM(amount_fen) AS fen FROM ${TABLE[kind]} WHERE counted_at IS NOT NULL AND ${COUNTS[kind]} GROUP BY 1, 2, 3`,
  ),
);
const byState = [
  ...ORDER_STATES.flatMap((state) => {
    const { count, refunded } = columnsOf(state);
    const when = (fen: string) => `SUM(CASE WHEN state = '${state}' THEN ${fen} ELSE 0 END)`;
    return [`${when('1')} AS ${count}`, `${when('COALESCE(given.fen, 0)')} AS ${refunded}`];
  }),
  "SUM(CASE WHEN state = 'PAID' THEN amount_fen ELSE 0 END) AS paid_fen",
].join(', ');
const summedUp = TALLIES.order_tallies.sums.map((sum) => `SUM(${sum}) AS ${sum}`).join(', ');

/** What the rows themselves add up to. */
const SUMS: Readonly<Record<keyof typeof TALLIES, string>> = {
  limit_tallies: `SELECT * FROM (${counted.join(' UNION ALL ')}) AS counted WHERE scope IS NOT NULL`,
  order_tallies: `WITH given AS (
      SELECT out_trade_no, SUM(amount_fen) AS fen FROM refunds WHERE ${GIVEN_BACK} GROUP BY out_trade_no),
    by_caller AS (
      SELECT 'caller ' || caller AS scope, ${day('created_at')} AS day, provider, ${byState}
      FROM orders LEFT JOIN given USING (out_trade_no) GROUP BY 1, 2, 3)
    SELECT * FROM by_caller UNION ALL SELECT '' AS scope, day, provider, ${summedUp} FROM by_caller GROUP BY 2, 3`,
  budgets: `SELECT budget, SUM(filled) AS filled_fen, SUM(held) AS held_fen FROM (
      SELECT budget, amount_fen AS filled, 0 AS held FROM budget_moves
      UNION ALL SELECT budget, 0, amount_fen FROM budget_draws JOIN orders USING (out_trade_no)
        WHERE out_refund_no = '' AND ${COUNTS.payment}
      UNION ALL SELECT budget, 0, amount_fen FROM budget_draws JOIN refunds USING (out_trade_no, out_refund_no)
        WHERE ${COUNTS.refund}) AS moved GROUP BY budget`,
};

/** Fills the empty tables of sums from the rows. */
export async function countAll(tx: Tx): Promise<void> {
  for (const [table, columns] of tables()) {
    await tx.run(`INSERT INTO ${table} (${columns}) SELECT ${columns} FROM (${SUMS[table]}) AS sums`);
  }
}

/** Sums that are not what the rows add up to, each as JSON with its table. Empty when all is right. */
export async function miscounted(tx: Pick<Tx, 'all'>): Promise<string[]> {
  const found: string[] = [];
  for (const [table, columns] of tables()) {
    // A sum that has come to nothing may stand there or not.
    const some = TALLIES[table].sums.map((sum) => `${sum} <> 0`).join(' OR ');
    const rows = `SELECT ${columns} FROM (${SUMS[table]}) AS sums WHERE ${some}`;
    const kept = `SELECT ${columns} FROM ${table} WHERE ${some}`;
    for (const [is, isNot] of [
      [rows, kept],
      [kept, rows],
    ] as const) {
      const wrong = await tx.all(`SELECT * FROM (${is}) AS here EXCEPT SELECT * FROM (${isNot}) AS there`);
      found.push(...wrong.map((row) => JSON.stringify({ table, kept: is === kept, ...row })));
    }
  }
  return found;
}

function tables(): (readonly [keyof typeof TALLIES, string])[] {
  return Object.entries(TALLIES).map(
    ([table, { key, sums }]) => [table as keyof typeof TALLIES, [...key, ...sums].join(', ')] as const,
  );
}
