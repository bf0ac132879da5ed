const SHARES: Readonly<Record<string, number>> = { long: 1, short: 1 / 16 };

/**
 * Storms last a quarter as long as they may, so that nobody is kept from running all tests; `STORMS=long` runs them
 * whole, `STORMS=short` a sixteenth, where the same have been run otherwise.
 */
export const SHARE = SHARES[process.env.STORMS ?? ''] ?? 1 / 4;

/** As many seeds of these as this run plays. */
export function seeds(count: number): number[] {
  return Array.from({ length: Math.ceil(count * SHARE) }, (_, seed) => seed);
}
