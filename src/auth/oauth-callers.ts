import {
  type AuthInfo,
  bearerAuthChallengeResponse,
  getOAuthProtectedResourceMetadataUrl,
  OAuthError,
  OAuthErrorCode,
  type OAuthMetadata,
  oauthMetadataResponse,
  verifyBearerToken,
} from '@modelcontextprotocol/server';
import type { JWTPayload, JWTVerifyResult } from 'jose';
import type { Clock } from '../domain/clock.ts';
import type { Log } from '../domain/ports.ts';
import { type Identity, SCOPES, type Scope } from '../policy/identity.ts';
import type { GatewayHttp } from '../providers/gateway-http.ts';
import { credentialOf, type OAuthCallers } from './callers.ts';
import { issuerKeys, type OAuthSettings } from './issuer-keys.ts';
import { KeySet, KeysUnavailable } from './key-set.ts';

/** So far (s) the issuer's clock and ours may be apart. */
const LEEWAY = 30;
/** Whoever holds the public key can sign with any other. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
/** Longer than any access token: more is not looked at. */
const MAX_TOKEN_LENGTH = 12_000;
/** What a client may be called: it becomes part of the caller's name in rules and records. */
const CLIENT = /^[\x21-\x7e]{1,200}$/;
/** Callers that are remembered at a time, each with its streams. */
const MAX_CALLERS = 1_000;

export interface OAuthDeps {
  readonly settings: OAuthSettings;
  /** The address of `/mcp` as clients know it. */
  readonly resource: URL;
  /** Whom to say that it is. */
  readonly name: string;
  readonly http: GatewayHttp;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Callers by the access tokens (JWT) of one issuer: an OAuth 2.1 resource server. A caller is a client of that issuer;
 * it sees and moves only its own orders, with the tools that its scopes allow.
 * @see https://www.rfc-editor.org/rfc/rfc9068 and https://www.rfc-editor.org/rfc/rfc9728
 */
export async function oauthCallers(deps: OAuthDeps): Promise<OAuthCallers> {
  const { settings, resource, name, clock, log } = deps;
  const { issuer, audience } = settings;
  const jose = await import('jose');
  const keys = new KeySet(jose, () => issuerKeys(deps.http, settings), clock, log);
  const resourceMetadataUrl = getOAuthProtectedResourceMetadataUrl(resource);
  const known = new KnownCallers(issuer, clock);

  async function verified(token: string): Promise<JWTVerifyResult> {
    try {
      return await jose.jwtVerify(token, keys.find, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        clockTolerance: LEEWAY,
        requiredClaims: ['exp'],
        currentDate: new Date(clock.now()),
      });
    } catch (error) {
      if (error instanceof KeysUnavailable) throw error;
      if (error instanceof jose.errors.JWTExpired) throw invalid('the token has expired');
      if (error instanceof jose.errors.JWTClaimValidationFailed)
        throw invalid(`${error.claim} is not as it must be`);
      // What is no error of jose's is one of the key's: too short, or not what it says.
      if (!(error instanceof jose.errors.JOSEError)) log.warn('OAuth token', { error: String(error) });
      throw invalid('not a token of the issuer');
    }
  }
  async function verifyAccessToken(token: string): Promise<AuthInfo> {
    if (token.length > MAX_TOKEN_LENGTH) throw invalid('too long for a token');
    const { payload, protectedHeader } = await verified(token);
    if (!/^(application\/)?(at\+)?jwt$/i.test(protectedHeader.typ ?? '') || !isForAccess(payload)) {
      throw invalid('not an access token');
    }
    const clientId = [payload.client_id, payload.azp, payload.sub].find((claim) => claim !== undefined);
    if (typeof clientId !== 'string' || !CLIENT.test(clientId)) throw invalid('no client_id, azp or sub');
    // The SDK compares with the system's clock, and knows of no leeway.
    const expiresAt = Number(payload.exp) + LEEWAY;
    return {
      token,
      clientId,
      scopes: scopesOf(payload),
      expiresAt,
      extra: { merchant: merchantIn(payload) },
    };
  }
  function refusal(error: unknown, scopes: readonly Scope[] = SCOPES): Response {
    const response =
      error instanceof KeysUnavailable
        ? Response.json(
            { error: 'temporarily_unavailable', error_description: error.message },
            { status: 503, headers: { 'retry-after': String(error.retryAfterSeconds) } },
          )
        : bearerAuthChallengeResponse(error, { requiredScopes: [...scopes], resourceMetadataUrl });
    response.headers.set('cache-control', 'no-store');
    return response;
  }

  return {
    async identify(authorization) {
      try {
        const auth = await verifyBearerToken(authorization, { verifier: { verifyAccessToken } });
        const scopes = SCOPES.filter((scope) => auth.scopes.includes(scope));
        if (scopes.length === 0) {
          log.info('mcp request refused', { caller: `oauth:${auth.clientId}`, error: 'no scope of ours' });
          return refusal(insufficient());
        }
        const merchant = auth.extra?.merchant as string | undefined;
        return known.of({ client: auth.clientId, merchant, scopes }, Number(auth.expiresAt) * 1_000);
      } catch (error) {
        return refusal(error);
      }
    },
    current: () => known.current(),
    unknown: (why) => refusal(invalid(why)),
    insufficient: (scopes) => refusal(insufficient(), scopes),
    metadata: (request) =>
      new URL(request.url).pathname.startsWith('/.well-known/oauth-protected-resource')
        ? oauthMetadataResponse(request, {
            // Of the issuer no more is said than where it is: what it can do, it says itself.
            oauthMetadata: { issuer } as OAuthMetadata,
            resourceServerUrl: resource,
            scopesSupported: [...SCOPES],
            resourceName: name,
            // Where it may be, the configuration has decided.
            dangerouslyAllowInsecureIssuerUrl: true,
          })
        : undefined,
  };
}

/** Issuers that call all of their tokens `JWT` say in them what each is for. */
function isForAccess(payload: JWTPayload): boolean {
  const { typ = 'Bearer', token_use: use = 'access', at_hash, c_hash, events } = payload;
  return (
    typ === 'Bearer' && use === 'access' && [at_hash, c_hash, events].every((claim) => claim === undefined)
  );
}

/** A list with spaces, or an array; some issuers call it `scp`. */
function scopesOf({ scope, scp }: JWTPayload): string[] {
  const said = scope ?? scp;
  if (typeof said === 'string') return said.split(' ');
  return Array.isArray(said) ? said.filter((one) => typeof one === 'string') : [];
}

/** What is no name is nobody's, and not as if nothing had been said. */
function merchantIn({ merchant }: JWTPayload): string | undefined {
  return merchant === undefined || typeof merchant === 'string' ? merchant : '';
}

function invalid(why: string): OAuthError {
  return new OAuthError(OAuthErrorCode.InvalidToken, why);
}

function insufficient(): OAuthError {
  return new OAuthError(OAuthErrorCode.InsufficientScope, 'Insufficient scope');
}

interface Rights {
  readonly client: string;
  readonly merchant: string | undefined;
  readonly scopes: readonly Scope[];
}

/** One object for each caller with the same rights, until the last of its tokens ends. */
class KnownCallers {
  readonly #issuer: string;
  readonly #clock: Clock;
  /** The longest unused first. */
  readonly #byRights = new Map<string, { readonly identity: Identity; until: number }>();
  #current: ReadonlySet<Identity> = new Set();
  #nextEnd = Number.POSITIVE_INFINITY;

  constructor(issuer: string, clock: Clock) {
    this.#issuer = issuer;
    this.#clock = clock;
  }

  /** @param until when (ms) its token ends */
  of({ client, merchant, scopes }: Rights, until: number): Identity {
    const rights = JSON.stringify([client, merchant, scopes]);
    const found = this.#byRights.get(rights);
    const identity = found?.identity ?? {
      caller: `oauth:${client}`,
      merchant,
      named: true,
      credential: credentialOf(this.#issuer),
      scopes: new Set(scopes),
      ownOrdersOnly: true,
    };
    this.#byRights.delete(rights);
    this.#byRights.set(rights, { identity, until: Math.max(until, found?.until ?? 0) });
    this.#nextEnd = Math.min(this.#nextEnd, until);
    const [longestUnused] = this.#byRights.keys();
    if (longestUnused !== undefined && this.#byRights.size > MAX_CALLERS)
      this.#byRights.delete(longestUnused);
    if (!found) this.#renew();
    return identity;
  }

  current(): ReadonlySet<Identity> {
    const now = this.#clock.now();
    if (now < this.#nextEnd) return this.#current;
    for (const [rights, { until }] of this.#byRights) if (until <= now) this.#byRights.delete(rights);
    this.#renew();
    return this.#current;
  }

  #renew(): void {
    const known = [...this.#byRights.values()];
    this.#current = new Set(known.map(({ identity }) => identity));
    this.#nextEnd = Math.min(...known.map(({ until }) => until));
  }
}
