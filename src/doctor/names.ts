import { nearest } from '../domain/nearest.ts';
import { WALLETS } from '../providers/registry.ts';
import { OURS, SECRETS, SETTINGS } from '../settings.ts';

/** Every variable that means something. */
export const KNOWN_NAMES: readonly string[] = [
  ...SETTINGS.map(({ name }) => name),
  ...SECRETS.map((name) => `${name}_FILE`),
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
