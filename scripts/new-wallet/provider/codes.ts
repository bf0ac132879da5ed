import type { DeclineReason, RefundSnapshot, TradeSnapshot } from '../contract.ts';

type Stated<T> = Extract<T, { exists: true }>;

/** What a refusal means. `unknown`: it may have happened all the same. */
export type Verdict = DeclineReason | 'unknown';

// To do 13: the tables of this file, each word as its document has it; system errors and "in process" stay unknown
const VERDICTS: ReadonlyMap<string, Verdict> = new Map();
const TRADE_STATES: ReadonlyMap<string, Stated<TradeSnapshot>['state']> = new Map();
const REFUND_STATES: ReadonlyMap<string, Stated<RefundSnapshot>['state']> = new Map();

/** Unrecognised: unknown. */
export const verdictOf = (code: string): Verdict => VERDICTS.get(code) ?? 'unknown';
export const tradeStateOf = (word: string) => TRADE_STATES.get(word) ?? 'UNKNOWN';
export const refundStateOf = (word: string) => REFUND_STATES.get(word) ?? 'UNKNOWN';
