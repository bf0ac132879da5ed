import type { JSONWebKeySet } from 'jose';
import { isOwnAddress } from '../domain/names.ts';
import type { GatewayHttp } from '../providers/gateway-http.ts';

/** Far above any set of keys (bytes). */
const MAX_BYTES = 256 * 1024;
const TIMEOUT_MS = 5_000;

/** Who issues access tokens, and for whom, as the merchant has configured it. */
export interface OAuthSettings {
  /** As it stands in `iss`, character for character. */
  readonly issuer: string;
  /** As it stands in `aud`. */
  readonly audience: string;
  /** Where its keys are; undefined: where its metadata says. */
  readonly jwks: string | undefined;
}

/** Why there are no keys, in words of ours. */
export class NoKeys extends Error {}

/**
 * The issuer's public keys, from where they are configured, else from where its metadata says. Over https, or http on
 * this machine; no redirects, bounded in size and time. Throws {@link NoKeys}.
 * @see https://www.rfc-editor.org/rfc/rfc8414#section-3
 */
export async function issuerKeys(
  http: GatewayHttp,
  { issuer, jwks }: Pick<OAuthSettings, 'issuer' | 'jwks'>,
): Promise<JSONWebKeySet> {
  const { keys } = await json(http, jwks ?? (await discovered(http, issuer)));
  if (!Array.isArray(keys) || keys.some((key) => typeof key !== 'object' || key === null)) {
    throw new NoKeys('no set of keys');
  }
  return { keys };
}

async function discovered(http: GatewayHttp, issuer: string): Promise<string> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const found = await json(http, `${origin}/.well-known/oauth-authorization-server${path}`).catch(() =>
    json(http, `${origin}${path}/.well-known/openid-configuration`),
  );
  // Metadata that speaks for another issuer are a mix-up, or an attempt at one.
  if (found.issuer !== issuer) throw new NoKeys('metadata of another issuer');
  if (typeof found.jwks_uri !== 'string' || !isOwnAddress(found.jwks_uri)) throw new NoKeys('no jwks_uri');
  return found.jwks_uri;
}

async function json(http: GatewayHttp, url: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const { status, body } = await http.send({
      method: 'GET',
      url,
      headers: { accept: 'application/json' },
      maxBodyBytes: MAX_BYTES,
      timeoutMs: TIMEOUT_MS,
    });
    if (status !== 200) throw new NoKeys(`status ${status}`);
    const said: unknown = JSON.parse(body.toString('utf8'));
    if (typeof said !== 'object' || said === null) throw new NoKeys('no object');
    return said as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (error instanceof NoKeys) throw error;
    throw new NoKeys(
      error instanceof SyntaxError ? 'no JSON' : String(error instanceof Error && error.message),
    );
  }
}
