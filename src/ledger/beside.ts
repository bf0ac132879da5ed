import type { SqlValue, Tx } from './store.ts';

/**
 * What a transaction may write while others write beside it: rows of an order, a paid call, a session or a channel, under its key, and sums and
 * records, which are written last and under one key of all. All else, such as rules, approvals and a freeze, changes while
 * nobody else writes, so that everybody may rely on what it reads of it.
 */
const TABLES: ReadonlySet<string> = new Set([
  ...['orders', 'plans', 'refunds', 'owed', 'promises', 'budget_draws', 'sessions'],
  ...['channels', 'deliveries'],
  ...['paid_calls', 'paid_results'],
]);
const WRITES = /^\s*(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)/;

/** Under which all records and sums are written, and the key of one order with all that belongs to it. */
export const RECORDS = 'records';
export const orderKey = (outTradeNo: string) => `order ${outTradeNo}`;
export const paidCallKey = (number: string) => `paid call ${number}`;
export const metaKey = (key: string) => `meta ${key}`;

/** As long as texts are, each is looked at once. */
const tables = new Map<string, string>();

/** A transaction that sees to it itself that nobody writes beside it where that may not be. */
export function beside(tx: Tx): Tx {
  return {
    ...tx,
    async run(sql, ...values) {
      if (!isBeside(tx, sql, values)) await tx.alone();
      return tx.run(sql, ...values);
    },
  };
}

function isBeside(tx: Tx, sql: string, values: readonly SqlValue[]): boolean {
  const table = tables.get(sql) ?? WRITES.exec(sql)?.[1] ?? '';
  tables.set(sql, table);
  return TABLES.has(table) || (table === 'meta' && tx.holds(metaKey(String(values[0]))));
}
