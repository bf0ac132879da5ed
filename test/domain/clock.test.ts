import { expect, it } from 'vitest';
import { beijingDateTime, beijingIso, parseBeijingDateTime, wholeSecond } from '../../src/domain/clock.ts';

const INSTANT = Date.parse('2026-12-31T16:00:00Z');

it('says every instant in Beijing time, whatever the zone of the machine', () => {
  expect(beijingIso(INSTANT)).toBe('2027-01-01T00:00:00+08:00');
  expect(beijingDateTime(INSTANT)).toBe('2027-01-01 00:00:00');
  expect(parseBeijingDateTime('2027-01-01 00:00:00')).toBe(INSTANT);
});

it('takes nothing else for a time', () => {
  for (const text of [
    '',
    '2027-01-01',
    '2027-13-01 00:00:00',
    '2027-01-01T00:00:00',
    '2027-01-01 25:00:00',
  ]) {
    expect(parseBeijingDateTime(text)).toBeUndefined();
  }
});

it('cuts to the whole second', () => {
  expect(wholeSecond(1999)).toBe(1000);
});
