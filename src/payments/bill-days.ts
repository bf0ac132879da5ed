import { beijingDate, beijingMidnight, DAY_MS } from '../domain/clock.ts';
import { CashierError, type Text } from '../domain/errors.ts';
import type { ProviderId } from '../domain/order.ts';
import { walletOf } from '../providers/registry.ts';

/** Days that something may have been on its way over midnight, and its bills be looked into. */
const MAX_DAYS = 8;

/**
 * Whether today's bill may be asked for. A real gateway makes a bill on the next morning, and answers an earlier
 * question with the words it has for a day without trades: every payment would look missing there. So live and sandbox
 * refuse it here. A simulated gateway has its bill at any time.
 */
export type Today = 'refused' | 'allowed';

/** The latest day (`YYYY-MM-DD`, Asia/Shanghai) that can have a bill at `now` (ms). */
export function lastDay(now: number, today: Today): string {
  return beijingDate(now - (today === 'allowed' ? 0 : DAY_MS));
}

/** When (ms) the bill of a day should be there. */
export function billOutAt(provider: ProviderId, date: string): number {
  return (beijingMidnight(date) ?? 0) + DAY_MS + walletOf(provider).billOutMs;
}

/** The days that a span of time (ms, both inclusive) touches, oldest first; not more than a week and a day. */
export function daysOf(from: number, to: number): string[] {
  const days = new Set<string>();
  for (let at = from; at < to && days.size < MAX_DAYS; at += DAY_MS) days.add(beijingDate(at));
  if (days.size < MAX_DAYS) days.add(beijingDate(to));
  return [...days];
}

/** Midnight in Shanghai (ms). Throws INVALID_ARGUMENT for what is no date, or later than `last`. */
export function startOf(date: string, last: string, today: Today): number {
  const start = beijingMidnight(date);
  if (start === undefined) {
    throw invalidDate({
      zh: 'date 必须是 YYYY-MM-DD 形式的日期（北京时间）。',
      en: 'date must be a date such as 2026-11-21 (Asia/Shanghai).',
    });
  }
  if (date <= last) return start;
  throw invalidDate(
    today === 'allowed'
      ? { zh: 'date 还没有到。', en: 'date is in the future.' }
      : {
          zh: '这一天还没有账单：支付平台在次日上午约 10 点生成前一天的账单。',
          en: 'There is no bill of this day yet: gateways make it at about 10:00 on the next morning (Asia/Shanghai).',
        },
  );
}

function invalidDate(text: Text): CashierError {
  return new CashierError('INVALID_ARGUMENT', {
    ...text,
    next: { zh: '换成昨天或更早的日期。', en: 'Ask for yesterday or earlier.' },
    details: { argument: 'date' },
  });
}
