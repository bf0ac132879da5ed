import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { beijingDate, beijingIso, DAY_MS } from '../../src/domain/clock.ts';
import { dayOfMonth, parsePeriod, plusDays } from '../../src/domain/period.ts';
import { firstPlannedDay, spanOf } from '../../src/payments/agreements/calendar.ts';
import { BANK_RULES } from '../support/bank-agreements.ts';

const HOUR_MS = 3_600_000;
const at = (text: string) => Date.parse(`${text}+08:00`);
const day = (ms: number) => beijingDate(ms);

describe('a period of a subscription', () => {
  it('that is reminded of is due on its day, and has three more', () => {
    const calendar = { mode: 'reminded', firstDay: '2027-01-31', graceDays: 3, period: 'P1M' } as const;
    const due = [1, 2, 3, 4, 5].map((n) => beijingIso(spanOf(calendar, n).dueAt).slice(0, 16));
    expect(due).toEqual([
      ...['2027-01-31T00:00', '2027-02-28T08:00', '2027-03-31T08:00', '2027-04-30T08:00', '2027-05-31T08:00'],
    ]);
    expect(beijingIso(spanOf(calendar, 2).untilAt)).toBe('2027-03-03T23:30:00+08:00');
  });

  it('that is charged ends with the day for which the gateway expects it', () => {
    const calendar = { mode: 'auto', firstDay: '2027-01-24', graceDays: 3, period: 'P1M' } as const;
    expect(beijingIso(spanOf(calendar, 2).dueAt)).toBe('2027-02-21T08:00:00+08:00');
    expect(beijingIso(spanOf(calendar, 2).untilAt)).toBe('2027-02-24T23:30:00+08:00');
  });

  it('never reaches into the next', () => {
    const periods = fc.constantFrom('P7D', 'P8D', 'P1W', 'P30D', 'P1M', 'P2M', 'P1Y');
    const days = fc.integer({ min: 0, max: 3_000 }).map((n) => plusDays('2026-01-01', n));
    const modes = fc.constantFrom('auto' as const, 'reminded' as const);
    fc.assert(
      fc.property(periods, days, modes, fc.integer({ min: 1, max: 60 }), (period, firstDay, mode, n) => {
        const calendar = { mode, firstDay, graceDays: 3, period };
        const [one, next] = [spanOf(calendar, n), spanOf(calendar, n + 1)];
        expect(one.dueAt).toBeLessThan(one.untilAt);
        expect(one.untilAt).toBeLessThan(next.dueAt);
      }),
    );
  });
});

describe('the first day that is planned for', () => {
  it.each([
    ['2026-11-21T14:30:05', '2026-11-24'],
    ['2026-11-25T09:00:00', '2026-11-28'],
    ['2026-11-26T09:00:00', '2026-11-28'],
    ['2026-11-27T23:59:59', '2026-11-28'],
    ['2026-11-28T00:00:00', '2026-12-01'],
    ['2026-12-28T12:00:00', '2027-01-01'],
    ['2026-11-30T12:00:00', '2026-12-03'],
    ['2027-02-28T12:00:00', '2027-03-03'],
  ])('of months, agreed to at %s, is %s', (now, planned) => {
    expect(firstPlannedDay(BANK_RULES, { unit: 'month', count: 1 }, at(now))).toBe(planned);
  });

  it('leaves a day to sign, and soon opens', () => {
    const instants = fc.integer({ min: at('2026-01-01T00:00:00'), max: at('2030-01-01T00:00:00') });
    fc.assert(
      fc.property(instants, fc.constantFrom('P7D', 'P1M', 'P1Y'), (now, text) => {
        const period = parsePeriod(text);
        if (!period) throw new Error(text);
        const firstDay = firstPlannedDay(BANK_RULES, period, now);
        if (period.unit === 'month') expect(dayOfMonth(firstDay)).toBeLessThanOrEqual(28);
        expect(firstDay > day(now)).toBe(true);
        const { dueAt, untilAt } = spanOf({ mode: 'auto', firstDay, graceDays: 3, period: text }, 1);
        expect(dueAt).toBeLessThanOrEqual(now + DAY_MS + HOUR_MS);
        expect(untilAt - now).toBeGreaterThan(23 * HOUR_MS);
      }),
    );
  });
});
