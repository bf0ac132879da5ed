import type { Identity } from '../policy/identity.ts';

/** Nobody said who they are, what they said is nobody's, or it cannot be known at the moment. */
export type Refused = 'missing' | 'wrong' | 'unavailable';

/** Who may call over HTTP. */
export interface Callers {
  /** The caller of a request by its `Authorization` header; the same object for as long as its rights are the same. */
  identify(authorization: string | undefined): Identity | Refused;
  /** Those of today: a new set whenever anybody's rights have changed. undefined: everyone there ever was. */
  current(): ReadonlySet<Identity> | undefined;
}

/** Without tokens everyone who reaches this machine is the one merchant. */
export function anyoneAs(caller: string): Callers {
  const identity: Identity = { caller };
  return { identify: () => identity, current: () => undefined };
}
