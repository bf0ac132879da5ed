import { BEIJING_OFFSET_MS, DAY_MS } from '../domain/clock.ts';
import { ORDER_STATES } from '../domain/order.ts';
import { exact, type Reader } from './audit-reader.ts';
import { COUNTS, GIVEN_BACK, TABLE } from './counting.ts';
import { differs, type TableFault } from './recorded-rows.ts';
import type { Tx } from './store.ts';
import { columnsOf, TALLIES } from './sums.ts';

type TallyTable = keyof typeof TALLIES;

/** As `beijingDay`. */
const day = (column: string) => `(${column} + ${BEIJING_OFFSET_MS}) / ${DAY_MS}`;
const sums = (table: TallyTable) => TALLIES[table].sums.map((sum) => `SUM(${sum}) AS ${sum}`).join(', ');

const counted = (['payment', 'refund'] as const).map(
  (kind) => `SELECT '${kind}' AS kind, counted_by, client, ${day('counted_at')} AS day, COUNT(*) AS count,
    SUM(amount_fen) AS fen FROM ${TABLE[kind]} WHERE counted_at IS NOT NULL AND ${COUNTS[kind]} GROUP BY 2, 3, 4`,
);
const scoped = [
  "'' AS scope FROM counted",
  "'caller ' || counted_by AS scope FROM counted WHERE counted_by IS NOT NULL",
  "'client ' || client AS scope FROM counted WHERE client IS NOT NULL",
].map((scope) => `SELECT kind, day, ${sums('limit_tallies')}, ${scope} GROUP BY kind, day, scope`);

const byState = ORDER_STATES.flatMap((state) => {
  const { count, refunded } = columnsOf(state);
  const when = (fen: string) => `SUM(CASE WHEN state = '${state}' THEN ${fen} ELSE 0 END)`;
  return [`${when('1')} AS ${count}`, `${when('COALESCE(given.fen, 0)')} AS ${refunded}`];
});

/** What the rows themselves add up to. */
const ADDED_UP: Readonly<Record<TallyTable, string>> = {
  limit_tallies: `WITH counted AS (${counted.join(' UNION ALL ')}) ${scoped.join(' UNION ALL ')}`,
  order_tallies: `WITH given AS (
      SELECT out_trade_no, SUM(amount_fen) AS fen FROM refunds WHERE ${GIVEN_BACK} GROUP BY out_trade_no),
    by_caller AS (
      SELECT 'caller ' || caller AS scope, ${day('created_at')} AS day, provider, ${byState.join(', ')},
        SUM(CASE WHEN state = 'PAID' THEN amount_fen ELSE 0 END) AS paid_fen
      FROM orders LEFT JOIN given USING (out_trade_no) GROUP BY 1, 2, 3)
    SELECT * FROM by_caller
    UNION ALL SELECT '' AS scope, day, provider, ${sums('order_tallies')} FROM by_caller GROUP BY 2, 3`,
  takings: `SELECT day, provider, caller, ${sums('takings')} FROM (
      SELECT ${day('COALESCE(paid_at, created_at)')} AS day, provider, caller, 1 AS paid_count, amount_fen AS paid_fen,
        0 AS refunded_count, 0 AS refunded_fen FROM orders WHERE state = 'PAID'
      UNION ALL SELECT day, provider, caller, 0, 0, 1, given.fen FROM orders JOIN (
        SELECT out_trade_no, ${day('COALESCE(sent_at, created_at)')} AS day, amount_fen AS fen
        FROM refunds WHERE ${GIVEN_BACK}) AS given USING (out_trade_no)) AS taken GROUP BY 1, 2, 3`,
  subscription_tallies: `SELECT ${day('opened_at')} AS day, COUNT(*) AS count, SUM(amount_fen) AS fen
    FROM subscriptions WHERE opened_at IS NOT NULL GROUP BY 1`,
  budgets: `SELECT budget, SUM(filled) AS filled_fen, SUM(held) AS held_fen FROM (
      SELECT budget, amount_fen AS filled, 0 AS held FROM budget_moves
      UNION ALL SELECT budget, 0, amount_fen FROM budget_draws JOIN orders USING (out_trade_no)
        WHERE out_refund_no = '' AND ${COUNTS.payment}
      UNION ALL SELECT budget, 0, amount_fen FROM budget_draws JOIN refunds USING (out_trade_no, out_refund_no)
        WHERE ${COUNTS.refund}) AS moved GROUP BY budget`,
};

/** Fills these empty tables of sums from the rows. */
export async function countAll(tx: Tx, wanted: readonly TallyTable[]): Promise<void> {
  for (const [table, columns] of tables().filter(([name]) => wanted.includes(name))) {
    await tx.run(`INSERT INTO ${table} (${columns}) SELECT ${columns} FROM (${ADDED_UP[table]}) AS added_up`);
  }
}

/**
 * Where the sums that are kept differ from what the rows add up to, as this transaction sees both: `recorded` is what
 * it should be. Goes through all rows.
 */
export async function miscounted(tx: Reader): Promise<TableFault[]> {
  const faults: TableFault[] = [];
  for (const [table, columns] of tables()) {
    const { key, sums } = TALLIES[table];
    const read = async (from: string, of: string) => {
      const rows = await tx.all(`SELECT ${of} FROM ${from}`);
      return new Map(rows.map((row) => [key.map((name) => row[name]).join('/'), row]));
    };
    const addedUp = await read(`(${ADDED_UP[table]}) AS added_up`, columns);
    const kept = await read(
      table,
      [...key.map((name) => (name === 'day' ? exact(name) : name)), ...sums.map(exact)].join(', '),
    );
    for (const row of new Set([...kept.keys(), ...addedUp.keys()])) {
      for (const sum of sums) {
        // A sum that has come to nothing may stand there or not.
        const [is, shouldBe] = [kept, addedUp].map((all) =>
          all.has(row) ? (all.get(row)?.[sum] ?? '?') : 0,
        );
        if (is !== shouldBe) faults.push(differs(table, row, sum, shouldBe, is));
      }
    }
  }
  return faults;
}

function tables(): (readonly [TallyTable, string])[] {
  return Object.entries(TALLIES).map(
    ([table, { key, sums }]) => [table as TallyTable, [...key, ...sums].join(', ')] as const,
  );
}
