import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Env, Place, Role } from '../../src/config.ts';
import { CashierError } from '../../src/domain/errors.ts';
import { readConfigs, readOneConfig } from '../../src/read-configs.ts';

const KEY = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC-not-to-be-seen';
let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'merchants-'));
  mkdirSync(join(home, 'keys'));
  writeFileSync(join(home, 'keys', 'tea.pem'), KEY);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const TEA = `version: 1
merchants:
  tea-shop:
    name: 茶铺
    policy: tea-shop.policy.yaml
    env:
      AP_APP_ID: "2021000000000001"
      AP_APP_KEY_FILE: keys/tea.pem
      AP_PUB_KEY: "${KEY}"
  noodle-bar:
    env: { AP_APP_ID: "2021000000000002", AP_APP_KEY: "${KEY}", AP_PUB_KEY: "${KEY}" }
`;
function environment(text: string, env: Env = {}): Env {
  const file = join(home, 'merchants.yaml');
  writeFileSync(file, text);
  return { CASHIER_HOME: home, CASHIER_MERCHANTS: file, ...env };
}
const read = (text: string, env: Env = {}, role: Role = 'server', place: Place = {}) =>
  readConfigs(environment(text, env), home, role, place);
async function refusal(work: Promise<unknown>): Promise<CashierError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CashierError)) throw error ?? new Error('not refused');
  const { text, next, details } = error;
  expect(JSON.stringify([text, next, details])).not.toContain('not-to-be-seen');
  return error;
}

describe('each merchant has', () => {
  it('its own wallets, payee, policy and ledger, with paths from where the file lies', async () => {
    const [tea, noodle] = await read(TEA);
    expect(tea).toMatchObject({
      ...{ merchant: 'tea-shop', merchants: ['tea-shop', 'noodle-bar'], merchantName: '茶铺' },
      policyFile: join(home, 'tea-shop.policy.yaml'),
      ledger: join(home, 'live', 'tea-shop', 'ledger.db'),
    });
    expect(tea.env).toMatchObject({ AP_APP_ID: '2021000000000001', AP_APP_KEY: KEY });
    expect(noodle).toMatchObject({
      ...{ merchant: 'noodle-bar', merchantName: undefined, policyFile: undefined },
      ledger: join(home, 'live', 'noodle-bar', 'ledger.db'),
    });
  });

  it.each([
    ['/books/shop.db', '/books/tea-shop/shop.db'],
    ['postgres://u:p@db/till', 'postgres://u:p@db/till?schema=cashier_tea_shop'],
    [
      'postgres://u:p@db/till?sslmode=require',
      'postgres://u:p@db/till?sslmode=require&schema=cashier_tea_shop',
    ],
  ])('its own place in a ledger at %s', async (CASHIER_LEDGER, own) => {
    const [{ ledger }] = await read(TEA, { CASHIER_LEDGER });
    expect(ledger).toBe(own);
    const file = join(home, 'address');
    writeFileSync(file, CASHIER_LEDGER);
    expect((await read(TEA, { CASHIER_LEDGER_FILE: file }))[0].ledger).toBe(own);
  });

  it('its own address for notifications, unless it names one', async () => {
    const [tea] = await read(TEA, { CASHIER_PUBLIC_URL: 'https://pay.example/till/' });
    expect(tea.env.AP_NOTIFY_URL).toBe('https://pay.example/till/notify/alipay/tea-shop');
    expect(tea.env.WXPAY_NOTIFY_URL).toBeUndefined();
    const named = TEA.replace('AP_PUB_KEY', 'AP_NOTIFY_URL: https://own.example/n\n      AP_PUB_KEY');
    expect((await read(named))[0].env.AP_NOTIFY_URL).toBe('https://own.example/n');
  });

  it('what the environment says, where its entry says nothing', async () => {
    const policy = join(home, 'policy.yaml');
    const all = await read(TEA, { CASHIER_POLICY: policy, CASHIER_MERCHANT_NAME: 'Food Court' });
    expect(all.map(({ merchantName }) => merchantName)).toEqual(['茶铺', 'Food Court']);
    expect(all[1]?.policyFile).toBe(policy);
  });
});

it('the default merchant keeps its ledger and address', async () => {
  const [one] = await read(
    TEA.replace('noodle-bar', 'default'),
    { CASHIER_PUBLIC_URL: 'https://pay.example' },
    'server',
    {
      merchant: 'default',
    },
  );
  expect(one).toMatchObject({ merchant: 'default', ledger: join(home, 'live', 'ledger.db') });
  expect(one.env.AP_NOTIFY_URL).toBe('https://pay.example/notify/alipay');
});

const WRONG: readonly (readonly [what: string, text: string, said: string])[] = [
  ['no version', 'merchants: { a: {} }', 'must be version: 1'],
  ['another version', 'version: 2\nmerchants: { a: {} }', 'must be version: 1'],
  ['nobody', 'version: 1', 'names at least one'],
  ['a list', 'version: 1\nmerchants: [a]', 'must be a map'],
  ['a name twice', 'version: 1\nmerchants:\n  a: {}\n  a: {}', 'the same name stands here twice'],
  ['a slip at the top', 'version: 1\nmerchant: { a: {} }', 'did you mean merchants?'],
  ['a slip in an entry', 'version: 1\nmerchants:\n  a: { polcy: x }', 'did you mean policy?'],
  [
    'a slip in a variable',
    'version: 1\nmerchants:\n  a: { env: { AP_APPID: x } }',
    'did you mean AP_APP_ID?',
  ],
  ['the service’s variable', 'version: 1\nmerchants:\n  a: { env: { CASHIER_HOME: x } }', "whole service's"],
  [
    'no file form',
    'version: 1\nmerchants:\n  a: { env: { AP_APP_ID_FILE: x } }',
    'no _FILE form: write AP_APP_ID itself',
  ],
  ['a number', 'version: 1\nmerchants:\n  a: { env: { AP_APP_ID: 2021000000000001 } }', 'put it in quotes'],
  ['a capital', 'version: 1\nmerchants:\n  Tea: {}', 'lower-case letters'],
  ['a path for a name', 'version: 1\nmerchants:\n  "../a": {}', 'lower-case letters'],
  ['a long name', `version: 1\nmerchants:\n  ${'a'.repeat(33)}: {}`, 'lower-case letters'],
  ['an alias', 'version: 1\nmerchants:\n  a: &x {}\n  b: *x', 'aliases'],
  ['a key in place of a map', `version: 1\nmerchants:\n  a: { env: "${KEY}" }`, 'must be a map'],
];
it.each(WRONG)('%s is refused by the place, and nothing of a key is shown', async (_, text, said) => {
  const error = await refusal(read(text));
  expect(error.text.en).toContain(said);
  expect(error.text.en).toMatch(/merchants file .+ line \d+/);
  expect(error.details.variable).toBe('CASHIER_MERCHANTS');
});

it('a file that is not there is refused', async () => {
  const error = await refusal(
    readConfigs({ CASHIER_HOME: home, CASHIER_MERCHANTS: join(home, 'no.yaml') }, home),
  );
  expect(error.text.en).toContain('cannot be read');
});

describe('what belongs to one merchant is refused in its name', () => {
  it.each([
    [
      'both forms of a key',
      TEA.replace('AP_PUB_KEY', 'AP_APP_KEY: x\n      AP_PUB_KEY'),
      'tea-shop',
      'AP_APP_KEY',
    ],
    ['a key that is not there', TEA.replace('keys/tea.pem', 'keys/no.pem'), 'tea-shop', 'AP_APP_KEY_FILE'],
    ['no wallet beside others', `${TEA}  empty: {}\n`, 'empty', 'CASHIER_MODE'],
    [
      'a payee that no page has room for',
      TEA.replace('茶铺', '茶'.repeat(50)),
      'tea-shop',
      'CASHIER_MERCHANT_NAME',
    ],
  ])('%s', async (_, text, merchant, variable) => {
    const { text: said, details } = await refusal(read(text));
    expect(said.en).toContain(`Merchant ${merchant}: `);
    expect(said.zh).toContain(`商户 ${merchant}：`);
    expect(details).toMatchObject({ merchant, variable });
  });
});

it('a wallet in the environment, which would be everybody’s, is refused', async () => {
  const { text } = await refusal(read(TEA, { WXPAY_MCH_ID: '1900000001' }));
  expect(text.en).toContain('WXPAY_MCH_ID');
});

it('real and sandbox merchants are not served together', async () => {
  const { text } = await refusal(read(TEA.replace('env: {', 'env: { AP_CURRENT_ENV: sandbox,')));
  expect(text.en).toContain('noodle-bar of sandbox');
});

describe('one of several', () => {
  it('must be named', async () => {
    for (const role of ['server', 'operator', 'drop-in'] as const) {
      const { text } = await refusal(readOneConfig(environment(TEA), home, role));
      expect(text.en).toContain('--merchant: tea-shop, noodle-bar');
      expect(await readOneConfig(environment(TEA), home, role, { merchant: 'noodle-bar' })).toMatchObject({
        merchant: 'noodle-bar',
      });
    }
  });

  it('must be there', async () => {
    const { text, next } = await refusal(read(TEA, {}, 'operator', { merchant: 'tea-shp' }));
    expect([text.en, next.en]).toEqual(['There is no merchant called tea-shp.', 'Did you mean tea-shop?']);
    const none = await refusal(
      readConfigs({ CASHIER_HOME: home }, home, 'operator', { merchant: 'tea-shop' }),
    );
    expect(none.next.en).toContain('CASHIER_MERCHANTS');
  });

  it('is the only one of a file with one', async () => {
    const one = 'version: 1\nmerchants:\n  alone: {}\n';
    expect(await readOneConfig(environment(one), home)).toMatchObject({
      merchant: 'alone',
      realm: 'simulator',
    });
  });
});

it('an operator needs no key of anybody’s', async () => {
  const [tea] = await read(TEA.replace('keys/tea.pem', 'no'), {}, 'operator', { merchant: 'tea-shop' });
  expect(tea).toMatchObject({ realm: 'live', ledger: join(home, 'live', 'tea-shop', 'ledger.db') });
  expect(tea.env.AP_APP_ID).toBeUndefined();
});
