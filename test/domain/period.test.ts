import { describe, expect, it } from 'vitest';
import { parsePeriod } from '../../src/domain/period.ts';

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
