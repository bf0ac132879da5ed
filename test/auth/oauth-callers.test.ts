import { createHmac } from 'node:crypto';
import {
  CompactEncrypt,
  type CryptoKey,
  exportSPKI,
  generateKeyPair,
  importJWK,
  type JWK,
  UnsecuredJWT,
} from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withOAuth } from '../../src/auth/callers.ts';
import { oauthCallers } from '../../src/auth/oauth-callers.ts';
import { systemClock } from '../../src/platform/system.ts';
import { gatewayHttp } from '../../src/providers/gateway-http.ts';
import { VirtualClock } from '../support/virtual-time.ts';
import { AUDIENCE, Issuer } from './issuer.ts';

let issuer: Issuer;
let other: Issuer;
beforeAll(async () => {
  [issuer, other] = await Promise.all([Issuer.start(), Issuer.start()]);
});
afterAll(() => Promise.all([issuer.close(), other.close()]));

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const METADATA = 'https://pay.example/.well-known/oauth-protected-resource/mcp';
async function callersOf(clock = systemClock) {
  const settings = { issuer: issuer.url, audience: AUDIENCE, jwks: `${issuer.url}/jwks` };
  const deps = { settings, resource: new URL('https://pay.example/mcp'), name: 'shop', http: gatewayHttp() };
  return withOAuth(undefined, await oauthCallers({ ...deps, clock, log }));
}
const bearer = (token: string) => `Bearer ${token}`;
const seconds = () => Math.floor(Date.now() / 1_000);
/** What a caller is answered; its identity where it is let in. */
async function answerTo(token: string) {
  const found = await (await callersOf()).identify(bearer(token));
  if (!(found instanceof Response)) return found;
  const challenge = found.headers.get('www-authenticate') ?? '';
  return { status: found.status, error: /error="(\w+)"/.exec(challenge)?.[1], challenge };
}

type Claims = Readonly<Record<string, unknown>>;
const GOOD: readonly (readonly [what: string, claims: () => Claims, header: Claims, caller: string])[] = [
  ['as RFC 9068 has it', () => ({}), {}, 'oauth:agent'],
  ['of the long type', () => ({}), { typ: 'application/at+jwt' }, 'oauth:agent'],
  ['that is only called a JWT', () => ({}), { typ: 'JWT' }, 'oauth:agent'],
  ['of Keycloak, which says what it is for', () => ({ typ: 'Bearer' }), { typ: 'JWT' }, 'oauth:agent'],
  ['of a client in azp', () => ({ client_id: undefined, azp: 'party' }), {}, 'oauth:party'],
  ['of nobody but a subject', () => ({ client_id: undefined }), {}, 'oauth:user-1'],
  ['for several, us among them', () => ({ aud: ['https://other.example', AUDIENCE] }), {}, 'oauth:agent'],
  ['whose clock is a little ahead', () => ({ nbf: seconds() + 15 }), {}, 'oauth:agent'],
  ['that has just expired', () => ({ exp: seconds() - 10 }), {}, 'oauth:agent'],
  ['whose scopes stand in scp', () => ({ scope: undefined, scp: ['cashier:read', 'x'] }), {}, 'oauth:agent'],
];
describe('an access token', () => {
  it.each(GOOD)('%s lets its client in', async (_, claims, header, caller) => {
    expect(await answerTo(await issuer.token(claims(), header))).toMatchObject({
      ...{ caller, named: true, ownOrdersOnly: true },
    });
  });

  it('gives the rights that its scopes say, and no others', async () => {
    const answer = await answerTo(await issuer.token({ scope: 'openid cashier:pay cashier:all' }));
    expect(answer).toMatchObject({ scopes: new Set(['cashier:pay']) });
    expect(answer).not.toHaveProperty('tools');
  });
});

const WRONG: readonly (readonly [what: string, claims: () => Claims, header?: Claims])[] = [
  ['of another issuer', () => ({ iss: other.url })],
  ['of an issuer that is called nearly so', () => ({ iss: `${issuer.url}/` })],
  ['of no issuer', () => ({ iss: undefined })],
  ['for another audience', () => ({ aud: 'https://other.example/mcp' })],
  ['for an audience that begins so', () => ({ aud: `${AUDIENCE}/` })],
  ['for nobody', () => ({ aud: [] })],
  ['without an audience', () => ({ aud: undefined })],
  ['that has expired', () => ({ exp: seconds() - 40 })],
  ['that never expires', () => ({ exp: undefined })],
  ['whose end is no time', () => ({ exp: '9999999999' })],
  ['that is not good yet', () => ({ nbf: seconds() + 60 })],
  ['whose beginning is no time', () => ({ nbf: 'now' })],
  ['without a type', () => ({}), { typ: undefined }],
  ['of an ID token', () => ({}), { typ: 'id+jwt' }],
  ['of a logout token', () => ({}), { typ: 'logout+jwt' }],
  ['of a proof of possession', () => ({}), { typ: 'dpop+jwt' }],
  ['that is an ID token by its own word (Keycloak)', () => ({ typ: 'ID' }), { typ: 'JWT' }],
  ['that is for a refresh (Keycloak)', () => ({ typ: 'Refresh' }), { typ: 'JWT' }],
  ['that is an ID token by its own word (Cognito)', () => ({ token_use: 'id' }), { typ: 'JWT' }],
  ['that is bound to an access token, as ID tokens are', () => ({ at_hash: 'x' }), { typ: 'JWT' }],
  ['of a client without a name', () => ({ client_id: '' })],
  ['of a client that is a number', () => ({ client_id: 7 })],
  ['of a client that is null', () => ({ client_id: null })],
  ['of a client whose name has two lines', () => ({ client_id: 'agent\nboss' })],
  ['of a client with a long name', () => ({ client_id: 'a'.repeat(201) })],
  ['of nobody', () => ({ client_id: undefined, sub: undefined })],
  ['with a critical extension', () => ({}), { crit: ['x'], x: 1 }],
  ['that is too long', () => ({ fill: 'x'.repeat(12_000) })],
];
const publicJwk = () => issuer.keys[0] as JWK;
const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
/** What others have made, or made of a good one. */
const FORGED: readonly (readonly [what: string, make: () => Promise<string>])[] = [
  ['that nobody signed', async () => new UnsecuredJWT(await payload()).encode()],
  [
    'that nobody signed, by another spelling',
    async () => `${encoded({ alg: 'nOnE', typ: 'at+jwt' })}.${encoded(await payload())}.`,
  ],
  [
    'signed with the public key as a secret',
    async () => {
      const key = await importJWK(publicJwk(), 'ES256');
      return signedWith(await exportSPKI(key as CryptoKey));
    },
  ],
  ['signed with the published key as a secret', async () => signedWith(JSON.stringify(publicJwk()))],
  [
    'signed by another issuer under the name of our key',
    async () => issuer.token({}, {}, { ...other.signing, kid: 'first' }),
  ],
  ['signed by another issuer', async () => issuer.token({}, {}, { ...other.signing, kid: 'elsewhere' })],
  [
    'that brings its own key',
    async () => {
      const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
      const { exportJWK } = await import('jose');
      return issuer.token({}, { jwk: await exportJWK(publicKey) }, { alg: 'ES256', privateKey });
    },
  ],
  [
    'that says where its keys are',
    async () => issuer.token({}, { jku: `${other.url}/jwks` }, { ...other.signing, kid: 'first' }),
  ],
  [
    'under another algorithm',
    async () => {
      const [, ...rest] = (await issuer.token()).split('.');
      return [encoded({ alg: 'ES384', kid: 'first', typ: 'at+jwt' }), ...rest].join('.');
    },
  ],
  [
    'with other claims',
    async () => {
      const [head, , signature] = (await issuer.token()).split('.');
      return [head, encoded({ ...(await payload()), client_id: 'boss' }), signature].join('.');
    },
  ],
  ['without its signature', async () => (await issuer.token()).replace(/[^.]+$/, '')],
  ['cut short', async () => (await issuer.token()).slice(0, -1)],
  [
    'encrypted',
    async () => {
      const { publicKey } = await generateKeyPair('ECDH-ES', { extractable: true });
      return new CompactEncrypt(Buffer.from(JSON.stringify(await payload())))
        .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', typ: 'at+jwt' })
        .encrypt(publicKey);
    },
  ],
  ['that is none', async () => 'opaque-token'],
  ['shaped as ours, where there are none', async () => `mcpc_${'a'.repeat(43)}`],
];
const payload = async () =>
  JSON.parse(Buffer.from((await issuer.token()).split('.')[1] ?? '', 'base64url').toString()) as Claims;
async function signedWith(secret: string): Promise<string> {
  const signed = `${encoded({ alg: 'HS256', kid: 'first', typ: 'at+jwt' })}.${encoded(await payload())}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

describe('a token', () => {
  const refused = { status: 401, error: 'invalid_token' };
  const wrong = WRONG.map(([what, claims, header = {}]) => [what, claims, header] as const);
  it.each(wrong)('%s is refused', async (_, claims, header) => {
    const answer = await answerTo(await issuer.token(claims(), header));
    expect(answer).toMatchObject(refused);
    expect(answer).toHaveProperty('challenge', expect.stringContaining(`resource_metadata="${METADATA}"`));
  });
  it.each(FORGED)('%s is refused', async (_, make) => {
    expect(await answerTo(await make())).toMatchObject(refused);
  });

  it.each([undefined, '', 'openid', 'cashier', 'CASHIER:READ', 'cashier:read,cashier:pay', ['x'], { a: 1 }])(
    'for nothing that there is here (%s) is not enough',
    async (scope) => {
      const answer = await answerTo(await issuer.token({ scope }));
      expect(answer).toMatchObject({ status: 403, error: 'insufficient_scope' });
      expect(answer).toHaveProperty(
        'challenge',
        expect.stringContaining('scope="cashier:read cashier:pay cashier:refund"'),
      );
    },
  );

  it.each([undefined, '', 'Bearer', 'Basic YTpi', 'Bearer a b', 'Bearer a,b c'])(
    'is what it takes: %s is none',
    async (header) => {
      const found = await (await callersOf()).identify(header);
      expect(found).toMatchObject({ status: 401 });
    },
  );
});

describe('keys that are weak or for something else', () => {
  it('verify nothing', async () => {
    const strange = await Issuer.start();
    const callers = await oauthCallers({
      settings: { issuer: strange.url, audience: AUDIENCE, jwks: undefined },
      ...{ resource: new URL(AUDIENCE), name: 'shop', http: gatewayHttp(), clock: systemClock, log },
    });
    // Found by the metadata of the issuer.
    const good = await strange.token();
    expect(await callers.identify(bearer(good))).toMatchObject({ caller: 'oauth:agent' });
    strange.keys = [{ kty: 'oct', k: Buffer.from('secret').toString('base64url'), kid: 'oct', alg: 'HS256' }];
    const symmetric = { kid: 'oct', alg: 'HS256', privateKey: Buffer.from('secret'.repeat(8)) };
    expect(await callers.identify(bearer(await strange.token({}, {}, symmetric)))).toMatchObject({
      status: 401,
    });
    await strange.rotate('enc');
    strange.keys = strange.keys.map((key) => ({ ...key, use: 'enc' }));
    expect(await callers.identify(bearer(await strange.token()))).toMatchObject({ status: 401 });
    await strange.close();
  });
});

describe('a caller', () => {
  it('is one for the same rights, until the last of its tokens ends', async () => {
    const clock = new VirtualClock(Date.now());
    const callers = await callersOf(clock);
    const identify = async (claims: Claims) => callers.identify(bearer(await issuer.token(claims)));
    const first = await identify({ exp: seconds() + 100 });
    expect(await identify({ exp: seconds() + 200, sub: 'user-2' })).toBe(first);
    const less = await identify({ scope: 'cashier:read' });
    expect(less).not.toBe(first);
    const has = (who: unknown) => [...(callers.current() ?? [])].includes(who as never);
    expect([has(first), has(less)]).toEqual([true, true]);
    const before = callers.current();
    expect(callers.current()).toBe(before);
    clock.advance(150_000);
    expect([has(first), has(less)]).toEqual([true, true]);
    clock.advance(81_000);
    expect([has(first), has(less)]).toEqual([false, true]);
    expect(callers.current()).not.toBe(before);
  });

  it('is forgotten when there are too many, the longest unused first', async () => {
    const callers = await callersOf();
    const token = await issuer.token({ client_id: 'oldest' });
    const oldest = await callers.identify(bearer(token));
    const names = Array.from({ length: 1_000 }, (_, i) => `client-${i}`);
    for (const client_id of names) await callers.identify(bearer(await issuer.token({ client_id })));
    expect(callers.current()?.size).toBe(1_000);
    expect([...(callers.current() ?? [])]).not.toContain(oldest);
    expect(await callers.identify(bearer(token))).not.toBe(oldest);
  });
});

it('says where its issuer is, and what there is to ask for', async () => {
  const callers = await callersOf();
  const answer = callers.metadata?.(new Request(METADATA));
  expect(await answer?.json()).toEqual({
    ...{ resource: AUDIENCE, authorization_servers: [issuer.url], resource_name: 'shop' },
    scopes_supported: ['cashier:read', 'cashier:pay', 'cashier:refund'],
  });
  expect(
    callers.metadata?.(new Request('https://pay.example/.well-known/oauth-protected-resource')),
  ).toBeUndefined();
  expect(
    callers.metadata?.(new Request('https://pay.example/.well-known/oauth-authorization-server')),
  ).toBeUndefined();
});
