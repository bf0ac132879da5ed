import type { Name } from './certificate.ts';
import type { Identity } from './state/identity.ts';

/** A certificate with the number that its users go by. */
export interface Numbered {
  readonly pem: string;
  readonly sn: string;
}

/** ms */
export const VALID = { from: Date.parse('2020-01-01T00:00:00Z'), until: Date.parse('2049-12-31T00:00:00Z') };

export function nameOf(name: string, organisation: string): Name {
  return [
    ['C', 'CN'],
    ['O', organisation],
    ['CN', name],
  ];
}

/** What is made of an identity, once, when it is first asked for. */
export function whenAsked<T>(make: (identity: Identity) => T): (identity: Identity) => T {
  const made = new WeakMap<Identity, T>();
  return (identity) => {
    const known = made.get(identity) ?? make(identity);
    made.set(identity, known);
    return known;
  };
}
