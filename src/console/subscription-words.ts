import type { Text } from '../domain/errors.ts';
import { parsePeriod } from '../domain/period.ts';
import type { EndedReason, PeriodOutcome, SubscriptionMode } from '../ledger/subscription-records.ts';

export const MODE_WORDS: Readonly<Record<SubscriptionMode, Text>> = {
  auto: { zh: '自动扣款', en: 'charged' },
  reminded: { zh: '到期提醒', en: 'reminded' },
};

export const OUTCOME_WORDS: Readonly<Record<PeriodOutcome, Text>> = {
  paid: { zh: '已付', en: 'paid' },
  missed: { zh: '到期未付', en: 'went by unpaid' },
};

export const ENDED_WORDS: Readonly<Record<EndedReason, Text>> = {
  cancelled: { zh: '由智能体取消', en: 'Cancelled by the agent' },
  'cancelled-by-person': { zh: '由人取消', en: 'Cancelled by a person' },
  'ended-by-subscriber': { zh: '用户在支付应用中解约', en: 'Ended by the subscriber in the wallet’s app' },
  completed: { zh: '各期已付完', en: 'All periods are paid' },
  'not-signed': { zh: '没有人同意', en: 'Nobody agreed to it in time' },
  unpaid: { zh: '连续两期未付', en: 'Two periods in a row were not paid' },
  expired: { zh: '签约到期', en: 'The agreement ran out' },
  denied: { zh: '没有被批准', en: 'A person said no' },
  'trial-over': { zh: '体验版已结束', en: 'The trial edition has ended' },
};

/** How often is paid. @param period as ISO 8601 writes it */
export function periodWords(period: string): Text {
  const { unit, count } = parsePeriod(period) ?? { unit: undefined, count: 0 };
  if (unit === undefined) return { zh: period, en: period };
  if (unit === 'month') {
    if (count === 12) return { zh: '每年', en: 'every year' };
    return count === 1
      ? { zh: '每月', en: 'every month' }
      : { zh: `每 ${count} 个月`, en: `every ${count} months` };
  }
  return count === 7 ? { zh: '每周', en: 'every week' } : { zh: `每 ${count} 天`, en: `every ${count} days` };
}
