import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fen,
  fenFromYuan,
  MAX_FEN,
  parseAmount,
  signedFenFromYuan,
  toSignedYuan,
  toYuan,
} from '../../src/domain/money.ts';

describe('an amount as an agent writes it', () => {
  it.each([
    [0.1, 10],
    ['0.10', 10],
    ['0.1', 10],
    [9.9, 990],
    ['9.90', 990],
    [0.01, 1],
    [1, 100],
    ['5000', 500_000],
    [1e3, 100_000],
    [99999999.99, 9_999_999_999],
    ['99999999.99', 9_999_999_999],
    ['100000000.00', 10_000_000_000],
    [1.1, 110],
    [4.35, 435],
    [1.005e2, 10_050],
  ])('%j is %i fen', (given, expected) => {
    expect(parseAmount(given, 'amountYuan')).toBe(expected);
  });

  it.each([
    '1e3',
    '-1',
    -1,
    0,
    '0',
    '0.00',
    '0.001',
    0.001,
    'NaN',
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '',
    ' ',
    ' 1',
    '1 ',
    '+1',
    '01',
    '1.',
    '.5',
    '1,000',
    '１',
    '٣',
    '1.234',
    0.1 + 0.2,
    '100000000.01',
    1e21,
    1e-7,
    '0x10',
    '1_000',
    '¥9.90',
    '9.90元',
    '9．90',
    '999999999999',
    '\n1',
    '1\n',
  ])('%j is refused, and the error names the argument', (given) => {
    expect(() => parseAmount(given, 'amountYuan')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { argument: 'amountYuan' } }),
    );
  });

  it('survives the way there and back for every amount there is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MAX_FEN }), (amount) => {
        expect(fenFromYuan(toYuan(fen(amount)))).toBe(amount);
        expect(toYuan(fen(amount))).toMatch(/^\d+\.\d\d$/);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes the number whose shortest form is the amount', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MAX_FEN }), (amount) => {
        expect(parseAmount(Number(toYuan(fen(amount))), 'a')).toBe(amount);
      }),
      { numRuns: 2000 },
    );
  });

  it('lets no other number of fen be made', () => {
    for (const bad of [-1, 0.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY])
      expect(() => fen(bad)).toThrow(RangeError);
  });
});

describe('a signed amount', () => {
  it.each([
    ['-1.00', -100],
    ['0.00', 0],
    ['-0.00', 0],
    ['-0.01', -1],
    ['12.3', 1230],
    ['-999999999.99', -99_999_999_999],
  ])('%s is %i fen, to the digit and never minus zero', (text, signedFen) => {
    expect(Object.is(signedFenFromYuan(text), signedFen)).toBe(true);
    expect(signedFenFromYuan(toSignedYuan(signedFen))).toBe(signedFen);
  });

  it.each(['--1.00', '-', '+1.00', '- 1.00', '1e2', '-1.001', '', '1.00-'])('%j is none', (text) => {
    expect(signedFenFromYuan(text)).toBeUndefined();
  });

  it('is written with two decimals and its sign', () => {
    expect([0, -0, 5, -60, -123_456].map(toSignedYuan)).toEqual([
      '0.00',
      '0.00',
      '0.05',
      '-0.60',
      '-1234.56',
    ]);
  });
});
