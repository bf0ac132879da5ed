import type { Sections } from './policy.ts';

/** What an OAuth token may be good for; every tool needs one of them. */
export const SCOPES = ['cashier:read', 'cashier:pay', 'cashier:refund'] as const;
export type Scope = (typeof SCOPES)[number];

/** Who calls, and what they may do: one object from the token to the rules. */
export interface Identity {
  /** For scopes, limits and the record. */
  readonly caller: string;
  /** Whose caller it is, where its token says so. */
  readonly merchant?: string | undefined;
  /** The merchant gave the caller its name; else it only says how the call came. */
  readonly named?: boolean | undefined;
  /** Tells its token from every other, also a later one of the same name; it does not open anything. */
  readonly credential?: string | undefined;
  /** Names of the tools that exist for it; undefined: all that the server offers. */
  readonly tools?: ReadonlySet<string> | undefined;
  /** It may read `/metrics`. */
  readonly metrics?: boolean | undefined;
  /** What its token is good for; undefined: whatever its tools do. */
  readonly scopes?: ReadonlySet<Scope> | undefined;
  /** Orders of other callers do not exist for it. */
  readonly ownOrdersOnly?: boolean | undefined;
  /** Rules that stand with its token; only stricter ones, for no person has accepted them. */
  readonly token?: Partial<Sections> | undefined;
}

/** Whether a tool exists for a caller. */
export function mayUse(
  { tools, scopes }: Identity,
  tool: { readonly name: string; readonly scope: Scope },
): boolean {
  return (tools?.has(tool.name) ?? true) && (scopes?.has(tool.scope) ?? true);
}
