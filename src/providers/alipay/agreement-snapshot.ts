import { beijingMidnight, DAY_MS, parseBeijingDateTime } from '../../domain/clock.ts';
import { defined } from '../../domain/defined.ts';
import { fenFromYuan } from '../../domain/money.ts';
import type { AgreementSnapshot } from '../contract.ts';
import { readWord } from './codes.ts';

type Fields = ReadonlyMap<string, string>;
type Known = Extract<AgreementSnapshot, { exists: true }>;

/** Days before the planned one on which a charge is taken as well: five by some papers, three by all. */
export const DAYS_BEFORE = 3;

/** status → state. A query says STOP of what a notification calls UNSIGN. */
const STATES: ReadonlyMap<string | undefined, Known['state']> = new Map<string, Known['state']>([
  ['TEMP', 'PENDING'],
  ['NORMAL', 'ACTIVE'],
  ['STOP', 'ENDED'],
  ['UNSIGN', 'ENDED'],
]);

/** Alipay issues 20 digits. */
const NUMBER = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * What Alipay has proven of an agreement, in the port's words. Undefined where its number cannot be read.
 *
 * @param plans the deductions that lie ahead, as `execution_plans` has them
 * @param now ms
 */
export function agreementSnapshot(
  fields: Fields,
  account: string,
  plans: readonly Fields[],
  now: number,
): Known | undefined {
  const agreementNo = fields.get('agreement_no') ?? '';
  const signNo = fields.get('external_agreement_no') ?? '';
  if (!NUMBER.test(agreementNo) || (signNo !== '' && !NUMBER.test(signNo))) return undefined;
  const status = fields.get('status');
  const next = nextOf(plans, now);
  return {
    ...{ exists: true, account, signNo, agreementNo },
    state: STATES.get(status) ?? 'UNKNOWN',
    gatewayState: readWord(status) ?? 'unreadable',
    ...defined({
      signedAt: parseBeijingDateTime(fields.get('sign_time') ?? ''),
      validUntil: parseBeijingDateTime(fields.get('invalid_time') ?? ''),
      window: next?.window,
      mostFen: next?.mostFen,
    }),
  };
}

interface Next {
  readonly window: { readonly from: number; readonly to: number };
  readonly mostFen?: Known['mostFen'];
}

/** The first plan that is not over. */
function nextOf(plans: readonly Fields[], now: number): Next | undefined {
  return plans
    .flatMap((plan) => readPlan(plan) ?? [])
    .filter(({ window }) => window.to >= now)
    .sort((a, b) => a.window.to - b.window.to)[0];
}

/**
 * `execute_time` is when a deduction is expected, `latest_execute_time` its end. Where both are one day, it is the
 * planned one, before which it may be made as well.
 */
function readPlan(plan: Fields): Next | undefined {
  const expected = instants(plan.get('execute_time'));
  const latest = instants(plan.get('latest_execute_time'));
  if (!expected || !latest || latest.to < expected.from) return undefined;
  const isOneDay = latest.to - expected.from < DAY_MS;
  const from = isOneDay ? expected.from - DAYS_BEFORE * DAY_MS : expected.from;
  return {
    window: { from, to: latest.to },
    ...defined({ mostFen: fenFromYuan(plan.get('single_amount') ?? '') }),
  };
}

/** A day from its beginning to its end, or one instant. ms */
function instants(text = ''): { readonly from: number; readonly to: number } | undefined {
  const at = parseBeijingDateTime(text);
  if (at !== undefined) return { from: at, to: at };
  const midnight = beijingMidnight(text);
  return midnight === undefined ? undefined : { from: midnight, to: midnight + DAY_MS - 1 };
}
