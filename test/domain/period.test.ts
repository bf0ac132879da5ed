import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayOfMonth, nthDay, parsePeriod, plusDays } from '../../src/domain/period.ts';

describe('a period', () => {
  it.each([
    ['P7D', 'day', 7],
    ['P366D', 'day', 366],
    ['P1W', 'day', 7],
    ['P52W', 'day', 364],
    ['P1M', 'month', 1],
    ['P12M', 'month', 12],
    ['P1Y', 'month', 12],
  ])('%s', (text, unit, count) => {
    expect(parsePeriod(text)).toEqual({ unit, count });
  });

  it.each(['P6D', 'P367D', 'P53W', 'P13M', 'P2Y', 'P0M', 'P07D', 'P1M1D', 'PT24H', 'p1m', '1M', '', 'P1.5M'])(
    'is not %s',
    (text) => {
      expect(parsePeriod(text)).toBeUndefined();
    },
  );
});

describe('the nth day', () => {
  const month = { unit: 'month', count: 1 } as const;

  it('is the last of a month that is too short, and moves no later one', () => {
    const days = Array.from({ length: 7 }, (_, i) => nthDay('2027-10-31', month, i + 1));
    expect(days).toEqual([
      ...['2027-10-31', '2027-11-30', '2027-12-31', '2028-01-31', '2028-02-29', '2028-03-31', '2028-04-30'],
    ]);
  });

  it('of a year that begins on a leap day is the 28th but every fourth time', () => {
    const year = { unit: 'month', count: 12 } as const;
    expect([1, 2, 3, 4, 5].map((n) => nthDay('2028-02-29', year, n))).toEqual([
      ...['2028-02-29', '2029-02-28', '2030-02-28', '2031-02-28', '2032-02-29'],
    ]);
  });

  it('keeps its day for ever, whatever lies between', () => {
    const days = fc.integer({ min: 0, max: 20_000 }).map((n) => plusDays('2000-01-01', n));
    const count = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(days, count, fc.integer({ min: 1, max: 200 }), (first, each, n) => {
        const day = nthDay(first, { unit: 'month', count: each }, n);
        const [year = 0, at = 0] = day.split('-').map(Number);
        const last = new Date(Date.UTC(year, at, 0)).getUTCDate();
        expect(dayOfMonth(day)).toBe(Math.min(dayOfMonth(first), last));
        const months = (text: string) => Number(text.slice(0, 4)) * 12 + Number(text.slice(5, 7));
        expect(months(day) - months(first)).toBe(each * (n - 1));
        expect(nthDay(first, { unit: 'month', count: each }, n + 1) > day).toBe(true);
      }),
    );
  });

  it('of days is a multiple of them', () => {
    expect(nthDay('2026-12-28', { unit: 'day', count: 7 }, 3)).toBe('2027-01-11');
    expect(plusDays('2027-03-01', -1)).toBe('2027-02-28');
  });
});
