import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

/** For whom its tokens are, unless one says otherwise. */
export const AUDIENCE = 'https://pay.example/mcp';

interface Key {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
}

/** An authorization server of our own on loopback, as far as a resource server sees one: keys, metadata and tokens. */
export class Issuer {
  readonly #server: Server;
  /** What it publishes. */
  keys: JWK[] = [];
  /** How it answers instead, while something is wrong with it. */
  fault: 'none' | 'refuses' | 'silent' | { readonly status: number; readonly body: string } = 'none';
  /** How often its keys were asked for. */
  asked = 0;
  #signing: Key | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Issuer> {
    const server = createServer();
    const issuer = new Issuer(server);
    server.on('request', ({ url }, response) => {
      if (url === '/jwks') issuer.asked += 1;
      const { fault } = issuer;
      if (fault === 'refuses') return void response.destroy();
      if (fault === 'silent') return;
      if (fault !== 'none') return void response.writeHead(fault.status).end(fault.body);
      const known: Readonly<Record<string, object>> = {
        '/jwks': { keys: issuer.keys },
        '/.well-known/openid-configuration': { issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` },
      };
      const found = known[url ?? ''];
      response
        .writeHead(found ? 200 : 404, { 'content-type': 'application/json' })
        .end(JSON.stringify(found ?? {}));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await issuer.rotate('first');
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Publishes one more key, with which it signs from now on. */
  async rotate(kid: string, alg = 'ES256'): Promise<Key> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    this.keys.push({ ...(await exportJWK(publicKey)), kid, alg, use: 'sig' });
    this.#signing = { kid, alg, privateKey };
    return this.#signing;
  }

  /** A good token, but for what is said: a claim that is undefined is left out. */
  async token(
    claims: Readonly<Record<string, unknown>> = {},
    header: Readonly<Record<string, unknown>> = {},
    key: { readonly kid?: string; readonly alg: string; readonly privateKey: CryptoKey | Uint8Array } = this
      .signing,
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    const payload = {
      ...{ iss: this.url, aud: AUDIENCE, sub: 'user-1', client_id: 'agent', iat: now, exp: now + 600 },
      ...{ scope: 'cashier:read cashier:pay cashier:refund' },
      ...claims,
    };
    const { kid, alg } = key;
    return new SignJWT(payload as JWTPayload)
      .setProtectedHeader({ typ: 'at+jwt', alg, ...(kid === undefined ? {} : { kid }), ...header })
      .sign(key.privateKey, { crit: { x: true } });
  }

  get signing(): Key {
    if (!this.#signing) throw new Error('no key yet');
    return this.#signing;
  }
}
