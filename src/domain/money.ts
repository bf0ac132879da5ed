import { invalidArgument } from './errors.ts';

/** An amount of money: an integer number of fen (1 yuan = 100 fen). Never a float, never yuan. */
export type Fen = number & { readonly __unit: 'fen' };

/** The largest amount either gateway takes: 100,000,000.00 yuan, in fen. */
export const MAX_FEN = 10_000_000_000 as Fen;

/** `9`, `9.9`, `9.90`: no sign, no exponent, no leading zero, at most two decimals. */
const YUAN = /^(0|[1-9]\d{0,8})(?:\.(\d{1,2}))?$/;

/** Takes a whole number of fen as such. Throws a RangeError on anything that is not a safe non-negative integer. */
export function fen(value: number): Fen {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError('not a whole number of fen');
  return value as Fen;
}

/** Reads a decimal yuan string exactly; undefined when it is not one. Digits only, no float is involved. */
export function fenFromYuan(yuan: string): Fen | undefined {
  const match = YUAN.exec(yuan);
  if (!match) return undefined;
  return fen(Number(`${match[1]}${(match[2] ?? '').padEnd(2, '0')}`));
}

/**
 * Reads an amount as an agent writes it: a decimal string `"9.90"`, or a number whose shortest decimal form has at
 * most two decimals. Throws `INVALID_ARGUMENT` for anything else and for amounts outside 0.01–100000000.00 yuan.
 */
export function parseAmount(value: string | number, argument: string): Fen {
  const amount = fenFromYuan(String(value));
  if (amount === undefined || amount < 1 || amount > MAX_FEN) {
    throw invalidArgument(
      argument,
      {
        zh: `${argument} 必须是 0.01 到 100000000.00 之间、最多两位小数的人民币元金额，例如 "9.90"。`,
        en: `${argument} must be an amount in yuan from 0.01 to 100000000.00 with at most two decimals, such as "9.90".`,
      },
      { zh: '改正金额后重试。', en: 'Correct the amount and call again.' },
    );
  }
  return amount;
}

/** Writes fen as a decimal yuan string with two decimals: 990 → `"9.90"`. */
export function toYuan(amount: Fen): string {
  const digits = String(amount).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** As {@link toYuan}, for people: 123456789 → `"1,234,567.89"`. */
export function groupedYuan(amount: Fen): string {
  return toYuan(amount).replace(/\B(?=(?:\d{3})+\.)/g, ',');
}

/**
 * Reads a cell of a bill, where money that goes back stands with a minus: `-1.00`, `0.00`. A signed whole number of
 * fen; undefined when it is not one.
 */
export function signedFenFromYuan(yuan: string): number | undefined {
  const negative = yuan.startsWith('-');
  const amount = fenFromYuan(negative ? yuan.slice(1) : yuan);
  // Never minus zero.
  return negative && amount ? -amount : amount;
}

/** As {@link toYuan} for a signed number of fen, such as a fee that was given back: -60 → `"-0.60"`. */
export function toSignedYuan(signedFen: number): string {
  return signedFen < 0 ? `-${toYuan(fen(-signedFen))}` : toYuan(fen(signedFen));
}
