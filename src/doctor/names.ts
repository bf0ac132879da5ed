import { WALLETS } from '../providers/registry.ts';
import { OURS, SECRETS, SETTINGS } from '../settings.ts';

/** Other versions know them. */
const ELSEWHERE = ['CASHIER_OAUTH_ISSUER', 'CASHIER_OAUTH_AUDIENCE'];

/** Every variable that means something. */
export const KNOWN_NAMES: readonly string[] = [
  ...SETTINGS.map(({ name }) => name),
  ...SECRETS.map((name) => `${name}_FILE`),
  ...ELSEWHERE,
];

/** Prefixes that people use for ours, from other servers and other habits. */
const FOREIGN_PREFIXES: readonly (readonly [RegExp, string])[] = [
  ...WALLETS.map(
    ({ prefix, otherPrefixes }) => [new RegExp(`^(${otherPrefixes.join('|')})_`), `${prefix}_`] as const,
  ),
  [/^(MCP_CASHIER)_/, 'CASHIER_'],
];

/** A name that is not one of ours but was surely meant to be; undefined when it is known or nobody's. */
export function misspelt(name: string): { readonly nearest: string | undefined } | undefined {
  if (KNOWN_NAMES.includes(name)) return undefined;
  if (KNOWN_NAMES.includes(name.toUpperCase())) return { nearest: name.toUpperCase() };
  if (OURS.test(name)) return { nearest: nearest(name, KNOWN_NAMES) };
  const foreign = FOREIGN_PREFIXES.find(([prefix]) => prefix.test(name));
  if (!foreign) {
    // One wrong letter in the prefix; more could be anybody's variable.
    const close = nearest(name, KNOWN_NAMES, 1);
    return close === undefined ? undefined : { nearest: close };
  }
  // `ALIPAY_HOME` is none of our business, `ALIPAY_APP_ID` is.
  const ours = name.replace(foreign[0], foreign[1]);
  const meant = nearest(ours, KNOWN_NAMES, 2);
  return meant === undefined ? undefined : { nearest: meant };
}

/** The candidate that differs least, within `most` typing errors (default: a third of its letters). */
export function nearest(word: string, candidates: readonly string[], most?: number): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, far: distance(word.toUpperCase(), candidate.toUpperCase()) }))
    .sort((a, b) => a.far - b.far);
  const [best] = ranked;
  return best && best.far <= (most ?? Math.floor(best.candidate.length / 3)) ? best.candidate : undefined;
}

/** Letters to add, drop or change to get from one word to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
