import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Env, readConfig, secretsOf } from '../src/config.ts';

let home: string;
let cwd: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'home-'));
  cwd = mkdtempSync(join(tmpdir(), 'cwd-'));
});
afterEach(() => {
  for (const folder of [home, cwd]) rmSync(folder, { recursive: true, force: true });
});
const read = (env: Env = {}) => readConfig({ CASHIER_HOME: home, ...env }, cwd);
const refused = (variable: string) => ({ code: 'CONFIGURATION', details: { variable } });
const AP = { AP_APP_ID: '2021000000000000' };

describe('the realm', () => {
  it('is the simulator only when no credential is set at all', async () => {
    expect(await read()).toMatchObject({ realm: 'simulator', embeddedSimulator: true });
    expect(await read(AP)).toMatchObject({ realm: 'live', embeddedSimulator: false });
    expect(await read({ WXPAY_MCH_ID: '1900000000' })).toMatchObject({ realm: 'live' });
    expect(await read({ ...AP, AP_CURRENT_ENV: 'sandbox' })).toMatchObject({ realm: 'sandbox' });
    expect(await read({ AP_APP_ID: '' })).toMatchObject({ realm: 'simulator' });
  });

  it('is never the simulator because a key is missing in live', async () => {
    await expect(read({ CASHIER_MODE: 'live' })).rejects.toMatchObject(refused('CASHIER_MODE'));
  });

  it('is none where nothing but blanks stands for a key', async () => {
    await expect(read({ AP_APP_KEY: ' ' })).rejects.toMatchObject(refused('AP_APP_KEY'));
    const file = join(home, 'empty');
    writeFileSync(file, '\n');
    await expect(read({ WXPAY_MCH_KEY_FILE: file })).rejects.toMatchObject(refused('WXPAY_MCH_KEY_FILE'));
    await expect(read({ AP_APP_ID: '2021000000000000', AP_APP_KEY: ' ' })).resolves.toMatchObject({
      realm: 'live',
    });
  });

  it('is not entered by accident where a live ledger lies', async () => {
    mkdirSync(join(home, 'live'));
    writeFileSync(join(home, 'live', 'ledger.db'), '');
    await expect(read()).rejects.toMatchObject(refused('CASHIER_MODE'));
    expect(await read({ CASHIER_MODE: 'simulator' })).toMatchObject({ realm: 'simulator' });
  });

  it('is not entered by accident where the trial edition has taken real money', async () => {
    mkdirSync(join(home, 'trial'));
    writeFileSync(join(home, 'trial', 'ledger.db'), '');
    await expect(read()).rejects.toMatchObject(refused('CASHIER_MODE'));
  });

  it('keeps real keys out of the simulator, and a far gateway too', async () => {
    expect(await read({ ...AP, CASHIER_MODE: 'simulator' })).toMatchObject({ embeddedSimulator: true });
    const elsewhere = { ...AP, CASHIER_MODE: 'simulator', AP_GATEWAY: 'http://127.0.0.1:4000/gateway.do' };
    expect(await read(elsewhere)).toMatchObject({ realm: 'simulator', embeddedSimulator: false });
    await expect(
      read({ ...elsewhere, AP_GATEWAY: 'https://openapi.alipay.com/gateway.do' }),
    ).rejects.toMatchObject(refused('AP_GATEWAY'));
  });

  it('is that of the trial edition only on a live merchant, and where it is asked for', async () => {
    const trial = { CASHIER_TRIAL: 'true' };
    expect(await read({ ...AP, ...trial })).toMatchObject({ realm: 'trial', trialMaxFen: 100 });
    expect(await read({ ...AP, ...trial })).toMatchObject({ ledger: join(home, 'trial', 'ledger.db') });
    expect(await read({ ...AP, CASHIER_TRIAL: 'false' })).toMatchObject({ realm: 'live' });
    expect((await read(AP)).trialMaxFen).toBeUndefined();
    for (const env of [
      trial,
      { ...AP, ...trial, AP_CURRENT_ENV: 'sandbox' },
      { ...AP, CASHIER_TRIAL: 'yes' },
    ])
      await expect(read(env)).rejects.toMatchObject(refused('CASHIER_TRIAL'));
    const operators = (env: Env) => readConfig({ CASHIER_HOME: home, ...env }, cwd, 'operator');
    expect(await operators({ ...AP, ...trial })).toMatchObject({ realm: 'trial', realmIsStated: true });
    expect(await operators({ ...AP, CASHIER_TRIAL: 'yes' })).toMatchObject({ realm: 'live' });
  });

  it.each([
    ['0.01', 1],
    ['10', 1000],
    ['10.00', 1000],
    ['10.01', undefined],
    ['0', undefined],
    ['-1', undefined],
    ['1e1', undefined],
    ['all', undefined],
  ])('of the trial edition takes at most %s yuan', async (yuan, max) => {
    const made = read({ ...AP, CASHIER_TRIAL: 'true', CASHIER_TRIAL_MAX_YUAN: yuan });
    if (max !== undefined) expect((await made).trialMaxFen).toBe(max);
    else await expect(made).rejects.toMatchObject(refused('CASHIER_TRIAL_MAX_YUAN'));
  });

  it('never mixes the sandbox with WeChat Pay, which has none', async () => {
    await expect(read({ ...AP, AP_CURRENT_ENV: 'sandbox', WXPAY_MCH_ID: '1' })).rejects.toMatchObject(
      refused('AP_CURRENT_ENV'),
    );
  });
});

describe('the folder it is started in', () => {
  it('may hold a .env only where the environment says nothing to us', async () => {
    writeFileSync(join(cwd, '.env'), 'CASHIER_LANG=en\nAP_APP_ID=evil\nPATH=/evil\n');
    const alone = await readConfig({ HOME: home }, cwd);
    expect(alone).toMatchObject({ language: 'en', realm: 'live' });
    expect(alone.env.PATH).toBeUndefined();
    expect(await read()).toMatchObject({ language: 'zh', realm: 'simulator' });
  });
});

it("holds the operator's secret for a person's command only", async () => {
  const env = { CASHIER_HOME: home, CASHIER_OPERATOR_SECRET: 'correct horse' };
  expect((await readConfig(env, cwd, 'operator')).operatorSecret).toBe('correct horse');
  const server = await readConfig(env, cwd);
  expect(JSON.stringify(server)).not.toContain('correct horse');
});

it('lets nothing that is wrong with a wallet stand in the way of an operator', async () => {
  const env = {
    CASHIER_HOME: home,
    AP_CURRENT_ENV: 'dev',
    AP_APP_KEY_FILE: join(home, 'no'),
    WXPAY_H5_ORIGIN: 'x',
  };
  expect(await readConfig(env, cwd, 'operator')).toMatchObject({ realm: 'live' });
  await expect(readConfig(env, cwd)).rejects.toMatchObject({ code: 'CONFIGURATION' });
});

describe('secrets', () => {
  it('may come from files, but not twice', async () => {
    const file = join(home, 'key');
    writeFileSync(file, 'SECRET\n');
    const config = await read({ ...AP, AP_APP_KEY_FILE: file });
    expect(config.env.AP_APP_KEY).toBe('SECRET');
    expect(secretsOf(config.env)).toEqual(['SECRET']);
    for (const name of ['CASHIER_LEDGER', 'CASHIER_LEDGER_LISTEN']) {
      expect(secretsOf({ [name]: 'postgres://shop:p%40ss@db/ledger' })).toEqual(['p%40ss', 'p@ss']);
    }
    await expect(read({ AP_APP_KEY_FILE: file, AP_APP_KEY: 'x' })).rejects.toMatchObject(
      refused('AP_APP_KEY'),
    );
    await expect(read({ AP_APP_KEY_FILE: join(home, 'no') })).rejects.toMatchObject(
      refused('AP_APP_KEY_FILE'),
    );
  });
});

it('has the defaults of the contract', async () => {
  expect(await read()).toMatchObject({
    ledger: join(home, 'simulator', 'ledger.db'),
    logFile: join(home, 'cashier.log'),
    logLevel: 'info',
    language: 'zh',
    policyFile: undefined,
  });
  writeFileSync(join(home, 'policy.yaml'), 'version: 1');
  expect(await read({ AP_LOG_ENABLED: 'false' })).toMatchObject({
    policyFile: join(home, 'policy.yaml'),
    logFile: undefined,
  });
});

it.each([
  ['CASHIER_MODE', 'test'],
  ['CASHIER_LANG', 'fr'],
  ['CASHIER_LOG_LEVEL', 'loud'],
  ['AP_CURRENT_ENV', 'dev'],
  ['AP_LOG_ENABLED', 'yes'],
  ['CASHIER_LEDGER', 'postgres://db'],
  ['CASHIER_LEDGER', 'postgres://shop:a%@#@/ledger'],
  ['CASHIER_LEDGER', 'mysql://db/ledger'],
  ['CASHIER_LEDGER_LISTEN', 'ledger.db'],
  ['CASHIER_LEDGER_LISTEN', 'postgres://db'],
])('refuses %s=%s by name', async (name, value) => {
  await expect(read({ [name]: value })).rejects.toMatchObject(refused(name));
});

describe('what buyers see', () => {
  it('has the payee by name, if it can be shown', async () => {
    expect((await read()).merchantName).toBeUndefined();
    expect((await read({ CASHIER_MERCHANT_NAME: ' 茶铺 <b> ' })).merchantName).toBe('茶铺 <b>');
    for (const name of ['茶\u202e铺', '茶\u200b铺', '茶\n铺', '茶'.repeat(41)]) {
      await expect(read({ CASHIER_MERCHANT_NAME: name })).rejects.toMatchObject(
        refused('CASHIER_MERCHANT_NAME'),
      );
    }
  });

  it.each(['https://pay.example.com', 'https://pay.example.com/', 'http://127.0.0.1:3920'])(
    'may stand at %s for H5',
    async (origin) => {
      expect((await read({ WXPAY_H5_ORIGIN: origin })).h5Origin).toBe(new URL(origin).origin);
    },
  );

  it.each([
    'pay.example.com',
    'http://pay.example.com',
    'https://pay.example.com/pay',
    'https://a:b@c.example',
    'ftp://x',
  ])('never stands at %s', async (origin) => {
    await expect(read({ WXPAY_H5_ORIGIN: origin })).rejects.toMatchObject(refused('WXPAY_H5_ORIGIN'));
  });
});

describe('the key of receipts', () => {
  const privateKey = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey;
  const p256 = privateKey('P-256');
  const der = (key: KeyObject, type: 'pkcs8' | 'sec1') => key.export({ type, format: 'der' });
  const text = (key: KeyObject, type: 'pkcs8' | 'sec1') => String(key.export({ type, format: 'pem' }));

  it.each([
    ['PKCS #8', text(p256, 'pkcs8')],
    ['SEC1', text(p256, 'sec1')],
    [
      'SEC1 behind its parameters',
      `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${text(p256, 'sec1')}`,
    ],
    ['one line', text(p256, 'pkcs8').replaceAll('\n', '\\n')],
    ['base64 alone', der(p256, 'pkcs8').toString('base64')],
  ])('is read as %s', async (_form, value) => {
    expect((await read({ CASHIER_RECEIPT_KEY: value })).receiptKey?.equals(p256)).toBe(true);
  });

  it('is read from a file, in text or binary', async () => {
    for (const content of [text(p256, 'sec1'), der(p256, 'pkcs8')]) {
      writeFileSync(join(home, 'key.pem'), content);
      const { receiptKey } = await read({ CASHIER_RECEIPT_KEY_FILE: join(home, 'key.pem') });
      expect(receiptKey?.equals(p256)).toBe(true);
    }
  });

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  it.each([
    [
      'its public half',
      String(
        generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }),
      ),
      'public key',
    ],
    ['another curve', text(privateKey('secp256k1'), 'pkcs8'), 'secp256k1'],
    ['a longer curve', text(privateKey('P-384'), 'sec1'), 'secp384r1'],
    ['an RSA key', text(rsa.privateKey, 'pkcs8'), 'RSA'],
    [
      'a passphrase',
      String(p256.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })),
      'passphrase',
    ],
    ['a path', '/etc/keys/receipt.pem', 'path'],
    ['a word', 'secret', 'short'],
    ['half a key', text(p256, 'pkcs8').slice(0, 100), 'cannot be read'],
  ])('is not %s, and that is said with how to make one', async (_what, value, why) => {
    const error = await read({ CASHIER_RECEIPT_KEY: value }).catch((thrown) => thrown);
    expect(error).toMatchObject(refused('CASHIER_RECEIPT_KEY'));
    expect(error.text.en).toContain(why);
    expect(error.next.en).toContain('openssl ecparam -name prime256v1');
    expect(JSON.stringify([error.text, error.next])).not.toContain(value.slice(0, 60));
  });

  it('is nothing that an operator needs, unless receipts are what is asked for', async () => {
    const env = { CASHIER_HOME: home, CASHIER_RECEIPT_KEY: 'nonsense', CASHIER_PUBLIC_URL: 'nonsense' };
    expect(await readConfig(env, cwd, 'operator')).toMatchObject({
      receiptKey: undefined,
      publicUrl: undefined,
    });
    await expect(readConfig(env, cwd, 'issuer')).rejects.toMatchObject({ code: 'CONFIGURATION' });
  });

  it('is among what is never shown', async () => {
    const { env } = await read({ CASHIER_RECEIPT_KEY: text(p256, 'pkcs8') });
    expect(secretsOf(env)).toContain(text(p256, 'pkcs8'));
  });
});
