import type { OrderRecord, RefundRecord } from './records.ts';
import { HOLDING, holdsSum } from './refund-machine.ts';
import { ELSEWHERE, isElsewhere } from './refunded.ts';
import type { SqlValue } from './store.ts';

export type MoneyKind = 'payment' | 'refund';

/** Whose calls count together: everyone's, or one caller's, or those of programs that call themselves so. */
export interface Scope {
  readonly caller?: string;
  readonly client?: string;
}

export const TABLE: Readonly<Record<MoneyKind, string>> = { payment: 'orders', refund: 'refunds' };

/*
 * Everything here stands twice, for one record and for all rows: what is added up record by record must be what a count
 * of the rows finds.
 */

/**
 * What counts against budgets, and once it was committed to be sent (`counted_at`) against limits: whatever became of
 * it, except what the gateway provably declined. A refund that was closed has given its sum back, and takes it again
 * should it turn out to have gone through.
 */
export const COUNTS: Readonly<Record<MoneyKind, string>> = {
  payment:
    "(counted_at IS NOT NULL AND state NOT IN ('PENDING_APPROVAL', 'DENIED') AND (state <> 'CLOSED' OR declined_code IS NULL))",
  refund: `state IN (${HOLDING.map((state) => `'${state}'`).join(', ')})`,
};
export function counts(record: OrderRecord | RefundRecord): boolean {
  if ('outRefundNo' in record) return holdsSum(record.state);
  const { state, countedAt, declinedCode } = record;
  if (countedAt === undefined || state === 'PENDING_APPROVAL' || state === 'DENIED') return false;
  return state !== 'CLOSED' || declinedCode === undefined;
}

/** What this ledger's refunds have given back. */
export const GIVEN_BACK = `state = 'SUCCESS' AND caller <> '${ELSEWHERE}'`;
export function givesBack(refund: RefundRecord): boolean {
  return refund.state === 'SUCCESS' && !isElsewhere(refund);
}

/** How a scope stands in the tables of sums. */
export function scopeKey({ caller, client }: Scope): string {
  if (caller !== undefined) return `caller ${caller}`;
  return client === undefined ? '' : `client ${client}`;
}

/** The rows of a scope, and what that binds. */
export function inScope({ caller, client }: Scope): { where: string; values: SqlValue[] } {
  if (caller !== undefined) return { where: 'counted_by = ?', values: [caller] };
  return client === undefined ? { where: '1 = 1', values: [] } : { where: 'client = ?', values: [client] };
}
