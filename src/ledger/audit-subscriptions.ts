import { rowDigest } from './audit-digest.ts';
import { type Fact, kind, type RecordedRows, type RecordedTable } from './recorded-rows.ts';

/** What never changes of a subscription, as `Subscriptions.termsOf` has it. */
const TERMS = ['sign_no', 'title', 'period', 'times', 'first_fen', 'input_hash', 'grace_days'];

export function subscriptions(salt: string): RecordedTable {
  return {
    name: 'subscriptions',
    key: ['contract_no'],
    columns: ['provider', 'mode', 'caller', 'amount_fen', 'state', 'reason', ...TERMS, 'signing_scene'],
    digests: ({ signing_scene: scene, ...row }) => ({
      terms: rowDigest(
        salt,
        ...TERMS.map((name) => String(row[name] ?? '')),
        ...(scene === null || scene === undefined ? [] : [String(scene)]),
      ),
    }),
    made: `audit.out_trade_no = 'contract:' || subscriptions.contract_no AND kind = ${kind('subscription-created')}`,
  };
}

export function subscribed(
  rows: RecordedRows,
  key: string,
  name: string,
  fact: (name: string) => Fact,
): void {
  if (name === 'created') {
    const [provider, mode, caller, amount_fen, state] = [
      ...['provider', 'mode', 'caller', 'amountFen', 'state'].map(fact),
    ];
    rows.make(key, { provider, mode, caller, amount_fen, state, terms: fact('terms'), reason: '-' });
    return;
  }
  const known = rows.of(key);
  known.state = fact('to');
  if (fact('reason') !== undefined) known.reason = fact('reason');
}

/** By the number of its order. */
export const PERIODS: RecordedTable = {
  name: 'subscription_periods',
  key: ['out_trade_no'],
  columns: ['contract_no', 'period', 'amount_fen', 'due_at', 'until_at', 'outcome'],
  made: `audit.out_trade_no = subscription_periods.out_trade_no AND kind = ${kind('subscription-due')}`,
};

export function periodTold(
  rows: RecordedRows,
  key: string,
  name: string,
  fact: (name: string) => Fact,
): void {
  if (name === 'due') {
    const [contract_no, period, amount_fen, due_at, until_at] = [
      ...['contract', 'period', 'amountFen', 'dueAt', 'untilAt'].map(fact),
    ];
    rows.make(key, { contract_no, period, amount_fen, due_at, until_at, outcome: '-' });
  } else if (fact('outcome') !== undefined) rows.of(key).outcome = fact('outcome');
}
