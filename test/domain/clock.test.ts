import { expect, it } from 'vitest';
import {
  beijingDateTime,
  beijingDay,
  beijingIso,
  parseBeijingDateTime,
  stillLasts,
  wholeSecond,
} from '../../src/domain/clock.ts';

const INSTANT = Date.parse('2026-12-31T16:00:00Z');

it('says every instant in Beijing time, whatever the zone of the machine', () => {
  expect(beijingIso(INSTANT)).toBe('2027-01-01T00:00:00+08:00');
  expect(beijingDateTime(INSTANT)).toBe('2027-01-01 00:00:00');
  expect(parseBeijingDateTime('2027-01-01 00:00:00')).toBe(INSTANT);
  expect(beijingDay(INSTANT - 1), 'the day before').toBe(beijingDay(INSTANT) - 1);
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

it('lets what was stored last its time, though clocks are a little apart, and no longer', () => {
  const now = 1_000_000;
  for (const apart of [-30_000, 0, 30_000]) {
    expect(stillLasts(now + apart + 100_000, now, 100_000)).toBe(true);
  }
  expect(stillLasts(now, now, 100_000)).toBe(false);
  expect(stillLasts(now + 161_000, now, 100_000)).toBe(false);
});
