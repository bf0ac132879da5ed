import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ofMerchants, withOAuth } from '../../src/auth/callers.ts';
import { holdersIn } from '../../src/auth/holders.ts';
import { oauthCallers } from '../../src/auth/oauth-callers.ts';
import { newToken, tokenCallers } from '../../src/auth/token-callers.ts';
import { systemClock, systemRandom } from '../../src/platform/system.ts';
import type { Identity } from '../../src/policy/identity.ts';
import { gatewayHttp } from '../../src/providers/gateway-http.ts';
import { AUDIENCE, Issuer } from '../auth/issuer.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
let folder: string;
let issuer: Issuer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'merchants-'));
  issuer = await Issuer.start();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await issuer.close();
});

const TWO = ['tea-shop', 'noodle-bar'];
/** What a token says of whose it is, who is served, and whether it is let in. */
const ROWS: readonly (readonly [said: unknown, served: readonly string[], isIn: boolean])[] = [
  ['tea-shop', TWO, true],
  ['noodle-bar', TWO, true],
  ['tea-shop', ['tea-shop'], true],
  [undefined, ['tea-shop'], true],
  [undefined, ['default'], true],
  [undefined, ['tea-shop', 'default'], true],
  ['default', ['tea-shop', 'default'], true],
  [undefined, TWO, false],
  ['default', TWO, false],
  ['gone-away', TWO, false],
  ['tea-shop', ['noodle-bar'], false],
  ['tea-shop', ['default'], false],
];
/** What only an issuer can say. */
const ODD: readonly unknown[] = [
  '',
  'Tea-Shop',
  'tea-shop ',
  'constructor',
  7,
  null,
  true,
  ['tea-shop'],
  { id: 'tea-shop' },
];

async function verdict(found: unknown): Promise<boolean> {
  if (!(found instanceof Response)) return typeof found === 'object';
  const said = await found.text();
  expect(found.status).toBe(403);
  expect(said).toMatch(/--merchant MERCHANT|claim "merchant"/);
  for (const merchant of TWO) expect(said).not.toContain(merchant);
  return false;
}

describe('a token', () => {
  it.each(ROWS)('of %j, where %j are served, is let in: %s', async (merchant, served, isIn) => {
    const { token, sha256 } = newToken(systemRandom);
    const file = join(folder, 'tokens.json');
    writeFileSync(file, JSON.stringify({ version: 1, tokens: [{ name: 'agent', sha256, merchant }] }), {
      mode: 0o600,
    });
    const callers = ofMerchants(tokenCallers(file, log), served);
    expect(await verdict(await callers.identify(`Bearer ${token}`))).toBe(isIn);
  });

  it('of one merchant carries nothing out for another', async () => {
    const { sha256 } = newToken(systemRandom);
    const file = join(folder, 'tokens.json');
    const tokens = [{ name: 'agent', sha256, merchant: 'tea-shop' }];
    writeFileSync(file, JSON.stringify({ version: 1, tokens }), { mode: 0o600 });
    const holder = async (merchant: string) =>
      (await holdersIn({ tokensFile: file, oauth: undefined, merchant, merchants: TWO }, true, log))(
        sha256.slice(0, 32),
      );
    expect(await holder('tea-shop')).toMatchObject({ caller: 'agent' });
    expect(await holder('noodle-bar')).toBe('revoked');
  });

  it('may have a name that another merchant’s has, and no name twice', () => {
    const file = join(folder, 'tokens.json');
    const write = (...merchants: (string | undefined)[]) => {
      const tokens = merchants.map((merchant) => ({
        name: 'agent',
        sha256: newToken(systemRandom).sha256,
        merchant,
      }));
      writeFileSync(file, JSON.stringify({ version: 1, tokens }), { mode: 0o600 });
      return () => tokenCallers(file, log);
    };
    expect(write('tea-shop', 'noodle-bar', undefined)).not.toThrow();
    expect(write('tea-shop', 'tea-shop')).toThrow(/stands twice/);
    expect(write('default', undefined)).toThrow(/stands twice/);
  });
});

describe('an access token', () => {
  const callersOf = async (served: readonly string[]) => {
    const settings = { issuer: issuer.url, audience: AUDIENCE, jwks: `${issuer.url}/jwks` };
    const deps = { settings, resource: new URL(AUDIENCE), name: 'shop', http: gatewayHttp() };
    const oauth = await oauthCallers({ ...deps, clock: systemClock, log });
    return ofMerchants(withOAuth(undefined, oauth), served);
  };
  const identify = async (merchant: unknown, served: readonly string[]) =>
    (await callersOf(served)).identify(`Bearer ${await issuer.token({ merchant })}`);

  it.each([...ROWS, ...ODD.map((said) => [said, TWO, false] as const)])(
    'with the claim %j, where %j are served, is let in: %s',
    async (merchant, served, isIn) => {
      expect(await verdict(await identify(merchant, served))).toBe(isIn);
    },
  );

  it('that says something odd is not taken for one that says nothing', async () => {
    for (const said of ODD)
      expect(await verdict(await identify(said, ['tea-shop'])), String(said)).toBe(false);
  });

  it('of one client for two merchants makes two callers of it', async () => {
    const callers = await callersOf(TWO);
    const found = await Promise.all(
      TWO.map(async (merchant) => callers.identify(`Bearer ${await issuer.token({ merchant })}`)),
    );
    expect(found.map((one) => (one as Identity).merchant)).toEqual(TWO);
    expect(found[0]).not.toBe(found[1]);
  });
});
