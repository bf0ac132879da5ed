import type { Sections } from '../policy/policy.ts';

/** Who calls over HTTP, and what they may do. */
export interface Caller {
  /** For scopes, limits and the record. */
  readonly name: string;
  /** Tells its token from every other, also a later one of the same name; it does not open anything. */
  readonly credential?: string;
  /** Names of the tools that exist for it; undefined: all that the server offers. */
  readonly tools: ReadonlySet<string> | undefined;
  /** Orders of other callers do not exist for it. */
  readonly ownOrdersOnly: boolean;
  /** Rules on its payments and refunds besides the merchant's; they can only be stricter. */
  readonly rules?: Partial<Sections>;
}

/** Nobody said who they are, what they said is nobody's, or it cannot be known at the moment. */
export type Refused = 'missing' | 'wrong' | 'unavailable';

export interface Callers {
  /** Whether their names are given by the merchant, one to each. */
  readonly named?: boolean;
  /** The caller of a request by its `Authorization` header; the same object for as long as its rights are the same. */
  identify(authorization: string | undefined): Caller | Refused;
  /** Who has a credential now; undefined for nobody any more, `unavailable` when that cannot be known. */
  holderOf?(credential: string): Caller | 'unavailable' | undefined;
  /** Whether a caller that was identified once still is one. */
  isCurrent(caller: Caller): boolean;
}

/** Without tokens everyone who reaches this machine is the one merchant. */
export function anyoneAs(name: string): Callers {
  const caller: Caller = { name, tools: undefined, ownOrdersOnly: false };
  return { identify: () => caller, isCurrent: () => true };
}
