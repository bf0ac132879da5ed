import { createHmac, sign, verify } from 'node:crypto';
import type { OAuthCallers } from '../../../src/auth/callers.ts';
import { issuerKeys, NoKeys } from '../../../src/auth/issuer-keys.ts';
import { oauthCallers } from '../../../src/auth/oauth-callers.ts';
import type { Identity } from '../../../src/policy/identity.ts';
import type { Dice } from '../../support/dice.ts';
import { pairOf } from '../../support/named-keys.ts';
import { pem } from '../../support/pem.ts';
import { HARD_TEXTS, mutatedBytes, mutatedJson, mutatedText, pumped } from '../mutate.ts';
import { Fault, insistOnSilence, nameOf, type Target, type Verdict } from '../target.ts';

const ISSUER = 'https://id.example.com';
const AUDIENCE = 'https://pay.example.com/mcp';
/** The SDK looks at the clock of the machine as well, and must find every token young. */
const NOW = Date.parse('2099-11-21T14:30:05+08:00');
const LEEWAY_S = 30;
const MOST = 65_536;

const own = pairOf('issuer-2048');
const nobody = pairOf('nobody-2048');
const JWK = { ...own.publicKey.export({ format: 'jwk' }), kid: 'first', use: 'sig', alg: 'RS256' };
const HEADER = { alg: 'RS256', typ: 'at+jwt', kid: 'first' };
const CLAIMS = {
  ...{ iss: ISSUER, aud: AUDIENCE, sub: 'user-1', client_id: 'agent', scope: 'cashier:read cashier:pay' },
  ...{ iat: NOW / 1_000, exp: NOW / 1_000 + 600 },
};
const WORDS = [
  'none',
  'HS256',
  'PS256',
  'JWT',
  'id+jwt',
  'first',
  'agent',
  'boss',
  ISSUER,
  AUDIENCE,
  'cashier:refund',
];

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Callers of an issuer whose servers answer so. */
function callers(answer: () => Buffer): Promise<OAuthCallers> {
  return oauthCallers({
    ...{
      settings: { issuer: ISSUER, audience: AUDIENCE, jwks: undefined },
      resource: new URL(AUDIENCE),
      name: 'shop',
    },
    ...{ http: answering(answer), clock: { now: () => NOW, sleep: async () => undefined }, log },
  });
}

const metadata = Buffer.from(JSON.stringify({ issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` }));
const answering = (answer: () => Buffer) => ({
  send: async ({ url }: { readonly url: string }) => ({
    ...{ status: 200, headers: {} },
    body: url.endsWith('/jwks') ? answer() : metadata,
  }),
});

const encoded = (text: string) => Buffer.from(text).toString('base64url');
const signed = (header: string, payload: string, key = own.privateKey): string => {
  const text = `${encoded(header)}.${encoded(payload)}`;
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
};
const GENUINE = signed(JSON.stringify(HEADER), JSON.stringify(CLAIMS));

function tokenOf(random: Dice): string {
  const header = random.chance(0.4) ? mutatedJson(HEADER, random, WORDS) : JSON.stringify(HEADER);
  const payload = random.chance(0.7) ? mutatedJson(CLAIMS, random, WORDS) : JSON.stringify(CLAIMS);
  return random.pick<() => string>([
    () => GENUINE,
    () => mutatedText(GENUINE, random),
    () => mutatedBytes(Buffer.from(GENUINE), random, { most: MOST }).toString('latin1'),
    () => pumped(Buffer.from(GENUINE), random, MOST).toString('latin1'),
    () => signed(header, payload),
    () => signed(header, payload),
    () => signed(header, payload, nobody.privateKey),
    () => `${encoded(header)}.${encoded(payload)}.${GENUINE.split('.')[2]}`,
    () => `${encoded(header.replace('RS256', random.pick(['none', 'None', 'nOnE'])))}.${encoded(payload)}.`,
    () => {
      const text = `${encoded(header.replace('RS256', 'HS256'))}.${encoded(payload)}`;
      const secret = random.pick([pem(own.publicKey), JSON.stringify(JWK), '']);
      return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    },
  ])();
}

/** Throws where a token lets somebody in whom the issuer's key does not vouch for, or with more than it says. */
function insistOnToken(token: string, { caller, scopes }: Identity): void {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const text = Buffer.from(`${header}.${payload}`);
  if (!verify('sha256', text, own.publicKey, Buffer.from(signature, 'base64url')))
    throw new Fault('a token is taken that the issuer has not signed');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Readonly<
    Record<string, unknown>
  >;
  const { iss, aud, exp, client_id, azp, sub, scope, scp } = claims;
  if (iss !== ISSUER) throw new Fault(`a token of ${String(iss)} is taken`);
  if (![aud].flat().includes(AUDIENCE)) throw new Fault(`a token for ${String(aud)} is taken`);
  if (typeof exp !== 'number' || exp < NOW / 1_000 - LEEWAY_S)
    throw new Fault(`a token is taken until ${String(exp)}`);
  const client = [client_id, azp, sub].find((claim) => claim !== undefined);
  if (caller !== `oauth:${String(client)}`) throw new Fault(`${caller} is let in as ${String(client)}`);
  const said = scope ?? scp;
  const given = typeof said === 'string' ? said.split(' ') : [said].flat();
  for (const one of scopes ?? []) if (!given.includes(one)) throw new Fault(`${one} is nowhere in the token`);
}

/** What a caller is answered; never an exception, nor how the code is made. */
async function answered(to: OAuthCallers, token: string): Promise<Verdict> {
  const found = await to.identify(`Bearer ${token}`);
  if (typeof found === 'string') throw new Fault(`nobody is told ${found}`);
  if (!(found instanceof Response)) {
    insistOnToken(token, found);
    return { accepted: true, seen: 'let in' };
  }
  const said = `${[...found.headers].join('\n')}\n${await found.text()}`;
  insistOnSilence(said, token.length > 200 ? [token] : []);
  if (![401, 403, 503].includes(found.status)) throw new Fault(`status ${found.status}`);
  return {
    accepted: false,
    seen: `${found.status} ${/error_description="([^"]*)"/.exec(said)?.[1] ?? ''}`.slice(0, 60),
  };
}

const TOKENS: Target = {
  ...{ name: 'access-tokens', cases: 100_000, few: 1_500 },
  async open() {
    const keys = Buffer.from(JSON.stringify({ keys: [JWK] }));
    const known = await callers(() => keys);
    return {
      async run({ random, input }) {
        const token = tokenOf(random);
        input('token', token);
        return answered(known, token);
      },
    };
  },
};

/** An issuer whose keys are spoilt on the way, or that has gone mad. */
const KEY_SETS: Target = {
  ...{ name: 'key-sets', cases: 50_000, few: 500 },
  async open() {
    const set = { keys: [{ ...nobody.publicKey.export({ format: 'jwk' }), kid: 'second' }, JWK] };
    return {
      async run({ random, input }) {
        const body = random.pick<() => Buffer>([
          () => Buffer.from(mutatedJson(set, random, [...WORDS, ...HARD_TEXTS])),
          () => Buffer.from(mutatedJson(set, random, WORDS)),
          () => mutatedBytes(Buffer.from(JSON.stringify(set)), random, { most: MOST }),
        ])();
        input('keys', body);
        await issuerKeys(
          answering(() => body),
          { issuer: ISSUER, jwks: undefined },
        ).catch((error: unknown) => {
          if (!(error instanceof NoKeys)) throw new Fault(`none of our errors: ${nameOf(error)}`);
        });
        return answered(await callers(() => body), GENUINE);
      },
    };
  },
};

export const CALLERS: readonly Target[] = [TOKENS, KEY_SETS];
