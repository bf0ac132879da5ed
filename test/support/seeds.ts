/** Storms last a quarter as long as they may, so that nobody is kept from running all tests; `STORMS=long` runs them whole. */
export const SHARE = process.env.STORMS === 'long' ? 1 : 0.25;

/** As many seeds of these as this run plays. */
export function seeds(count: number): number[] {
  return Array.from({ length: Math.ceil(count * SHARE) }, (_, seed) => seed);
}
