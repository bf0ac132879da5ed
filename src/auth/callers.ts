import { merchantOf } from '../domain/merchant.ts';
import type { Identity, Scope } from '../policy/identity.ts';

/** Nobody said who they are, what they said is nobody's, or it cannot be known at the moment. */
export type Refused = 'missing' | 'wrong' | 'unavailable';

/** Who may call over HTTP. */
export interface Callers {
  /**
   * The caller of a request by its `Authorization` header; the same object for as long as its rights are the same.
   * A response is what a caller that is refused is answered.
   */
  identify(
    authorization: string | undefined,
  ): Identity | Refused | Response | Promise<Identity | Refused | Response>;
  /** Those of today: a new set whenever anybody's rights have changed. undefined: everyone there ever was. */
  current(): ReadonlySet<Identity> | undefined;
  /** What is answered to a call beyond a caller's scopes, where callers have any. */
  insufficient?(scopes: readonly Scope[]): Response;
  /** The protected resource's metadata, where OAuth is configured; undefined for another address. */
  metadata?(request: Request): Response | undefined;
}

/** Callers by OAuth, who are refused in its words. */
export interface OAuthCallers extends Required<Callers> {
  /** What is answered to who comes without a token, or with what is none. */
  unknown(why: string): Response;
}

/** Without tokens everyone who reaches this machine is the one merchant. */
export function anyoneAs(caller: string): Callers {
  const identity: Identity = { caller };
  return { identify: () => identity, current: () => undefined };
}

/** The token that an `Authorization` header shows; undefined where there is none, or it is none. */
export function bearerIn(authorization: string | undefined): string | undefined {
  return /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? '')?.[1];
}

/** Tells scanners of leaked secrets what they have found, and our tokens from others. */
export const PREFIX = 'mcpc_';

/** Callers of both kinds: who shows a token of ours is looked up, whoever shows another is asked for its issuer's word. */
export function withOAuth(tokens: Callers | undefined, oauth: OAuthCallers): Callers {
  let parts: readonly unknown[] = [];
  let all: ReadonlySet<Identity> = new Set();
  return {
    ...oauth,
    async identify(authorization) {
      const token = bearerIn(authorization);
      if (token === undefined)
        return oauth.unknown(
          authorization === undefined ? 'Missing Authorization header' : 'not a bearer token',
        );
      if (!token.startsWith(PREFIX)) return oauth.identify(`Bearer ${token}`);
      const known = (await tokens?.identify(authorization)) ?? 'wrong';
      return known === 'wrong' || known === 'missing' ? oauth.unknown('not a token of this service') : known;
    },
    current() {
      const now = [tokens?.current(), oauth.current()];
      if (now.some((part, i) => part !== parts[i])) {
        parts = now;
        all = new Set(now.flatMap((part) => [...(part ?? [])]));
      }
      return all;
    },
  };
}

/**
 * The callers of these merchants and of no other: whoever's token belongs to none of them is refused, and told how that
 * is mended; never, who there is.
 */
export function ofMerchants(callers: Callers, merchants: readonly string[]): Callers {
  return {
    ...callers,
    async identify(authorization) {
      const found = await callers.identify(authorization);
      if (typeof found === 'string' || found instanceof Response) return found;
      return merchantOf(found, merchants) === undefined ? ofNobody(found) : found;
    },
  };
}

function ofNobody({ scopes }: Identity): Response {
  const said =
    scopes === undefined
      ? 'the token belongs to no merchant of this service: mcp-cashier tokens add NAME --merchant MERCHANT'
      : 'the access token belongs to no merchant of this service: its issuer is to name one in the claim "merchant"';
  return new Response(said, {
    status: 403,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  });
}

/** What an approval that an OAuth caller has asked for is carried out by: an issuer that is trusted still. */
export function credentialOf(issuer: string): string {
  return `oauth:${issuer}`;
}
