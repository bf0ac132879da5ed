import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { KNOWN_NAMES } from '../../src/doctor/names.ts';
import { CashierError } from '../../src/domain/errors.ts';
import { openLedger } from '../../src/open-ledger.ts';
import { setOperatorSecret } from '../../src/persons/secret.ts';
import { systemRandom } from '../../src/platform/system.ts';
import { freeze, holdToPolicy } from '../../src/policy/decisions.ts';
import { readPolicy } from '../../src/policy/read-policy-file.ts';
import { GatewayUnavailable } from '../../src/providers/contract.ts';
import type { GatewayHttp } from '../../src/providers/gateway-http.ts';
import { WALLETS } from '../../src/providers/registry.ts';
import { POSIX } from '../support/skipped.ts';
import { ALIPAY, app, pkcs8, WECHATPAY } from './merchants.ts';
import { complaints, cwd, diagnose, file, home, machine, secret } from './patient.ts';

const NO_SECRET = 'warning ledger.operator-secret';
const without = (found: readonly string[], ...ids: string[]) => found.filter((one) => !ids.includes(one));

describe('the environment', () => {
  it('without anything is the simulator, and fine', async () => {
    const findings = await diagnose({});
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([]);
    expect(findings.find(({ id }) => id === 'configuration.realm')?.message.en).toContain('no real money');
    expect(existsSync(join(home, 'none'))).toBe(false);
  });

  it('says which realm it is, and why', async () => {
    const realm = async (env: Readonly<Record<string, string>>) =>
      (await diagnose(env)).find(({ id }) => id === 'configuration.realm')?.message.en;
    expect(await realm(ALIPAY)).toBe('Live: real money moves, because AP_APP_ID is set.');
    expect(await realm({ ...ALIPAY, AP_CURRENT_ENV: 'sandbox' })).toContain('sandbox');
    expect(await realm({ CASHIER_MODE: 'simulator' })).toContain('because CASHIER_MODE=simulator');
    expect(await complaints({ ...ALIPAY, CASHIER_MODE: 'simulator' })).toEqual([
      'warning configuration.simulator-with-keys CASHIER_MODE',
    ]);
  });

  it.each([
    [{ CASHIER_MODE: 'live' }, ['error configuration.live-without-credentials CASHIER_MODE', NO_SECRET]],
    [{ CASHIER_MODE: 'production' }, ['error configuration.cashier-mode CASHIER_MODE']],
    [
      { CASHIER_LANG: 'fr', CASHIER_HTTP_PORT: '0' },
      [
        'error configuration.cashier-lang CASHIER_LANG',
        'error configuration.cashier-http-port CASHIER_HTTP_PORT',
      ],
    ],
    [{ CASHIER_LEDGER: 'postgres://x' }, ['error configuration.cashier-ledger CASHIER_LEDGER']],
    [{ CASHIER_PUBLIC_URL: 'pay.shop.cn' }, ['error configuration.cashier-public-url CASHIER_PUBLIC_URL']],
    [
      { ...ALIPAY, ...WECHATPAY, AP_CURRENT_ENV: 'sandbox' },
      ['error configuration.sandbox-with-wechatpay AP_CURRENT_ENV', NO_SECRET],
    ],
    [{ CASHIER_LANG: '"en"' }, ['error configuration.quoted-value CASHIER_LANG']],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as a client that expands nothing passes it on
    [{ CASHIER_CALLER: '${input:caller}' }, ['error configuration.unexpanded CASHIER_CALLER']],
    [{ CASHIER_CALLER: 'shop\u200b' }, ['warning configuration.invisible-characters CASHIER_CALLER']],
    [{ CASHIER_MOD: 'live' }, ['warning configuration.unknown-name CASHIER_MOD']],
    [
      { AP_SELECT_TOOLS: 'unifed,create-payment,create-alipay-payment-agent' },
      ['error service.unknown-tool AP_SELECT_TOOLS', 'warning service.tool-not-served AP_SELECT_TOOLS'],
    ],
  ])('%j', async (env, expected) => {
    expect(await complaints(env)).toEqual(expected);
  });

  it.each([
    ['AP_APPID', 'AP_APP_ID'],
    ['ap_app_id', 'AP_APP_ID'],
    ['ALIPAY_APP_ID', 'AP_APP_ID'],
    ['WX_MCH_ID', 'WXPAY_MCH_ID'],
    ['WXPAY_APIV3_KEY', 'WXPAY_API_V3_KEY'],
    ['WXPAY_MCH_SERIAL_NO', 'WXPAY_MCH_SERIAL'],
    ['CASHIER_OPERATOR_SECRT', 'CASHIER_OPERATOR_SECRET'],
    ['CASHER_MODE', 'CASHIER_MODE'],
    ['AP_APP_KEY_FIEL', 'AP_APP_KEY_FILE'],
  ])('%s is taken for %s', async (name, meant) => {
    const found = (await diagnose({ [name]: 'x' })).filter(({ id }) => id === 'configuration.unknown-name');
    expect(found.map(({ variable, remedy }) => [variable, remedy.en])).toEqual([
      [name, `Did you mean ${meant}?`],
    ]);
  });

  it('leaves other programs their variables', async () => {
    const env = { WX_HOME: 'x', APPDATA: 'x', ALIPAY_HOME: 'x', APP_ID: 'x', HTTP_PORT: '1', PATH: 'x' };
    expect(await complaints(env)).toEqual([]);
  });

  it('knows every name that the code reads and the example explains', () => {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.startsWith('doctor'))
      .map((name) => readFileSync(join(root, 'src', name), 'utf8'));
    const text = [...sources, readFileSync(join(root, '.env.example'), 'utf8')].join('\n');
    const prefixes = [...WALLETS.map(({ prefix }) => prefix), 'CASHIER'].join('|');
    const names = new Set(text.match(new RegExp(`\\b(${prefixes})_[A-Z0-9_]*[A-Z0-9]\\b`, 'g')));
    expect([...names].filter((name) => !KNOWN_NAMES.includes(name))).toEqual([]);
  });
});

describe('files with keys in them', () => {
  const { AP_APP_KEY: _, ...rest } = ALIPAY;
  const found = async (path: string, more = {}) =>
    without(await complaints({ ...rest, AP_APP_KEY_FILE: path, ...more }), NO_SECRET);

  it.skipIf(process.platform === 'win32')(`are fine when only their owner reads them ${POSIX}`, async () => {
    expect(await found(file('good.pem', pkcs8(app)))).toEqual([]);
    chmodSync(join(home, 'good.pem'), 0o644);
    expect(await found(join(home, 'good.pem'))).toEqual(['warning configuration.file-mode AP_APP_KEY_FILE']);
  });

  it('are named when they are not there, empty, a folder, or given twice', async () => {
    expect(await found(join(home, 'no.pem'))).toEqual([
      'error configuration.file-unreadable AP_APP_KEY_FILE',
    ]);
    expect(await found(home)).toEqual(['error configuration.file-unreadable AP_APP_KEY_FILE']);
    expect(await found(file('empty.pem', ' \n'))).toEqual(['error configuration.file-empty AP_APP_KEY_FILE']);
    expect(await found(file('again.pem', pkcs8(app)), ALIPAY)).toEqual([
      'error configuration.file-and-value AP_APP_KEY',
    ]);
  });

  it('are found below ~, and may be binary', async () => {
    file('home.pem', pkcs8(app));
    vi.stubEnv(process.platform === 'win32' ? 'USERPROFILE' : 'HOME', home);
    expect(await found('~/home.pem')).toEqual([]);
    vi.unstubAllEnvs();
    const der = app.privateKey.export({ type: 'pkcs8', format: 'der' });
    expect(await found(file('app.der', der))).toEqual([]);
  });

  it('are named when nobody could read them as they are written', async () => {
    const bytes = Buffer.concat([Buffer.from(pkcs8(app)), Buffer.from('d6d0cec4', 'hex')]);
    expect(await found(file('gbk.pem', bytes))).toEqual([
      'error configuration.file-encoding AP_APP_KEY_FILE',
    ]);
  });

  it('that are not there are credentials all the same: the realm stays the real one', async () => {
    const findings = await diagnose({ AP_APP_KEY_FILE: join(home, 'no.pem') });
    expect(findings.find(({ id }) => id === 'configuration.realm')?.message.en).toContain('Live');
  });

  it('are not quoted when the key itself stands where the path belongs', async () => {
    const { WXPAY_API_V3_KEY, ...others } = WECHATPAY;
    secret(WXPAY_API_V3_KEY);
    expect(await complaints({ ...others, WXPAY_API_V3_KEY_FILE: WXPAY_API_V3_KEY })).toContain(
      'error configuration.file-unreadable WXPAY_API_V3_KEY_FILE',
    );
    expect(await found(pkcs8(app))).toEqual(['error configuration.file-unreadable AP_APP_KEY_FILE']);
  });
});

/** For an examination whose home is the tester's own. */
const notHere = () =>
  Promise.reject(
    new CashierError('CONFIGURATION', { zh: '不用。', en: 'Not this one.', next: { zh: '无', en: 'None' } }),
  );

describe('a .env', () => {
  it.each([
    ['GBK', Buffer.concat([Buffer.from('AP_APP_ID=1\nCASHIER_CALLER='), Buffer.from('d6d0cec4', 'hex')])],
    ['UTF-16', Buffer.from('AP_APP_ID=1', 'utf16le')],
  ])('in %s is named', async (encoding, bytes) => {
    const folder = join(home, `dotenv-${encoding}`);
    mkdirSync(folder);
    writeFileSync(join(folder, '.env'), bytes);
    const ports = { openLedger: notHere, readPolicy: notHere };
    const findings = await diagnose({}, { cwd: folder, ports });
    const named = findings.find(({ id }) => id === 'configuration.env-file-encoding');
    expect(named).toMatchObject({ level: 'error', message: { en: expect.stringContaining(encoding) } });
  });

  it('in UTF-16 with its mark is read', async () => {
    const folder = join(home, 'dotenv-mark');
    mkdirSync(folder);
    const text = `\uFEFFCASHIER_HOME=${join(home, 'none')}\r\nAP_APP_ID=2088123412341234\r\n`;
    writeFileSync(join(folder, '.env'), Buffer.from(text, 'utf16le'), { mode: 0o600 });
    const ids = (await diagnose({}, { cwd: folder })).map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['configuration.env-file-read', 'alipay.incomplete']));
  });

  it('is read when nothing else speaks to us, and said to be ignored when something does', async () => {
    const folder = join(home, 'dotenv');
    mkdirSync(folder);
    writeFileSync(
      join(folder, '.env'),
      `CASHIER_HOME=${join(home, 'none')}\nAP_APP_ID=2088123412341234\nCASHIER_OPERATOR_SECRET=hunter2hunter2\n`,
      {
        mode: 0o600,
      },
    );
    const ids = async (env: Readonly<Record<string, string>>) =>
      (await diagnose(env, { cwd: folder })).map(({ id }) => id);
    expect(await ids({})).toEqual(
      expect.arrayContaining([
        'configuration.env-file-read',
        'alipay.incomplete',
        'configuration.operator-secret-in-env-file',
      ]),
    );
    const ignored = await ids({ CASHIER_HOME: join(home, 'none') });
    expect(ignored).toContain('configuration.env-file-ignored');
    expect(ignored).not.toContain('alipay.incomplete');
    const odd = join(home, 'odd');
    mkdirSync(join(odd, '.env'), { recursive: true });
    const unreadable = await diagnose({}, { cwd: odd, ports: { openLedger: notHere } });
    expect(unreadable[0]?.id).toBe('configuration.env-file-unreadable');
  });
});

describe('the ledger', () => {
  let count = 0;
  /** A ledger in a home of its own. */
  async function made(env: Readonly<Record<string, string>>) {
    count += 1;
    const CASHIER_HOME = join(home, `ledger-${count}`);
    const config = await readConfig({ ...env, CASHIER_HOME }, cwd);
    return { env: { ...env, CASHIER_HOME }, config, ledger: await openLedger(config) };
  }

  it('with a secret, its first rules and nothing else is fine', async () => {
    const { env, config, ledger } = await made(ALIPAY);
    await setOperatorSecret(ledger, { newSecret: 'long enough', oldSecret: undefined }, systemRandom);
    await ledger.write(async (book) => holdToPolicy(book, await readPolicy(config)));
    await ledger.close();
    expect(await complaints(env)).toEqual([]);
  });

  it('tells of a freeze, of rules that wait, and of a secret that is not set', async () => {
    const { env, config, ledger } = await made(ALIPAY);
    await ledger.write(async (book) => holdToPolicy(book, await readPolicy(config)));
    await ledger.write((book) => freeze(book, 'terminal', 'stocktaking'));
    await ledger.close();
    writeFileSync(join(config.home, 'policy.yaml'), 'version: 1\npayments: { maxYuan: "1" }\n');
    expect(await complaints(env)).toEqual([
      NO_SECRET,
      'warning policy.not-in-force CASHIER_POLICY',
      'warning policy.frozen',
    ]);
  });

  it('of another realm, damaged, or where nothing can be written, is refused', async () => {
    const { config, ledger } = await made({});
    await ledger.close();
    const live = { ...ALIPAY, CASHIER_LEDGER: config.ledger };
    expect(await complaints(live)).toEqual(['error ledger.unusable CASHIER_LEDGER']);
    const damaged = { CASHIER_LEDGER: file('damaged.db', 'no database'.repeat(200)) };
    expect(await complaints(damaged)).toEqual(['error ledger.unusable CASHIER_LEDGER']);
    const nowhere = { CASHIER_LEDGER: join(file('plain', ''), 'ledger.db') };
    expect(await complaints(nowhere)).toEqual(['error ledger.not-writable CASHIER_LEDGER']);
  });

  it('that is live is not left out of sight when the keys are gone', async () => {
    const { env, ledger } = await made(ALIPAY);
    await ledger.close();
    expect(await complaints({ CASHIER_HOME: env.CASHIER_HOME })).toEqual([
      'error configuration.live-ledger-present CASHIER_MODE',
      NO_SECRET,
    ]);
  });

  it.each([
    [100_000_000, ['warning ledger.disk-space CASHIER_LEDGER']],
    [1_000_000, ['error ledger.disk-space CASHIER_LEDGER']],
  ])('on a disk with %d bytes left', async (bytes, expected) => {
    expect(await complaints({}, { ports: { machine: { ...machine, freeBytes: () => bytes } } })).toEqual(
      expected,
    );
  });
});

describe('policy, tokens and port', () => {
  it('are named when they mean nothing', async () => {
    const env = {
      CASHIER_POLICY: file('policy.yaml', 'version: 1\npayments: { maxYaun: "1" }'),
      CASHIER_TOKENS_FILE: file('tokens.json', '{"version":2}'),
    };
    expect(await complaints(env)).toEqual([
      'error policy.invalid CASHIER_POLICY',
      'error service.tokens-file CASHIER_TOKENS_FILE',
    ]);
    expect(await complaints({ CASHIER_HTTP_HOST: '0.0.0.0' })).toEqual([
      'error service.open-to-all CASHIER_HTTP_HOST',
    ]);
  });

  it.each([
    [{ CASHIER_OPERATOR_URL: 'http://192.168.1.5:3920' }, 'CASHIER_OPERATOR_URL'],
    [{ CASHIER_PUBLIC_URL: 'http://pay.example' }, 'CASHIER_PUBLIC_URL'],
    [{ CASHIER_PUBLIC_URL: 'http://pay.example', CASHIER_OPERATOR_URL: 'https://op.example' }, undefined],
    [{ CASHIER_OPERATOR_URL: 'http://localhost:3920' }, undefined],
  ])('tell where operators would sign in in clear: %j', async (env, variable) => {
    const found = (await complaints(env)).filter((one) => one.includes('operators-in-clear'));
    expect(found).toEqual(variable === undefined ? [] : [`warning service.operators-in-clear ${variable}`]);
  });

  it.each([
    [
      'and its keys',
      200,
      { issuer: 'https://a.example', jwks_uri: 'https://a.example/jwks', keys: [{}] },
      [],
    ],
    [
      'without a key',
      200,
      { issuer: 'https://a.example', jwks_uri: 'https://a.example/jwks', keys: [] },
      ['warning service.oauth'],
    ],
    [
      'that speaks for another',
      200,
      { issuer: 'https://b.example', jwks_uri: 'https://a.example/jwks', keys: [{}] },
      ['error service.oauth-keys'],
    ],
    [
      'whose keys anybody could play',
      200,
      { issuer: 'https://a.example', jwks_uri: 'http://a.example/jwks', keys: [{}] },
      ['error service.oauth-keys'],
    ],
    ['that has none', 200, { issuer: 'https://a.example' }, ['error service.oauth-keys']],
    ['that is out', 500, {}, ['error service.oauth-keys']],
  ])('an OAuth issuer %s', async (_, status, said, expected) => {
    const http: GatewayHttp = {
      send: async () => ({ status, headers: {}, body: Buffer.from(JSON.stringify(said)) }),
    };
    const found = await complaints({ CASHIER_OAUTH_ISSUER: 'https://a.example' }, { ports: { http } });
    expect(found).toEqual(expected.map((one) => `${one} CASHIER_OAUTH_ISSUER`));
  });

  it.each([
    ['free', []],
    ['EADDRINUSE', ['warning service.port-taken CASHIER_HTTP_PORT']],
    ['EACCES', ['error service.cannot-listen CASHIER_HTTP_PORT']],
    ['EADDRNOTAVAIL', ['error service.cannot-listen CASHIER_HTTP_HOST']],
  ])('a port that is %s', async (state, expected) => {
    const ports = { machine: { ...machine, portState: async () => state } };
    expect(await complaints({ CASHIER_HTTP_PORT: '3920' }, { ports })).toEqual(expected);
  });

  it('tools of a wallet that is not there', async () => {
    expect(await complaints({ ...ALIPAY, AP_SELECT_TOOLS: 'wechatpay' })).toContain(
      'error service.tools-without-wallet AP_SELECT_TOOLS',
    );
  });
});

describe('a notify address', () => {
  /** Alipay does not answer; the address does, with a status, or not at all. */
  const answering = (status: number | undefined): GatewayHttp => ({
    async send({ url }) {
      if (status === undefined || url.includes('alipay.com')) throw new GatewayUnavailable('ECONNREFUSED');
      return { status, headers: {}, body: Buffer.from('') };
    },
  });
  const notify = async (url: string, status?: number, addresses = ['203.0.113.7']) => {
    const ports = { http: answering(status), machine: { ...machine, resolve: async () => addresses } };
    const found = await complaints({ ...ALIPAY, AP_NOTIFY_URL: url }, { ports });
    return found.filter((one) => one.includes(' notify.'));
  };

  it.each([
    ['https://pay.shop.cn/hook', 401, []],
    ['https://pay.shop.cn/hook', 200, ['warning notify.accepts-anything AP_NOTIFY_URL']],
    ['https://pay.shop.cn/hook', 301, ['warning notify.redirects AP_NOTIFY_URL']],
    ['https://pay.shop.cn/hook', 403, ['warning notify.refused AP_NOTIFY_URL']],
    ['https://pay.shop.cn/hook', 404, ['warning notify.not-found AP_NOTIFY_URL']],
    ['https://pay.shop.cn/hook', 502, ['warning notify.failing AP_NOTIFY_URL']],
    ['https://pay.shop.cn/hook', undefined, ['warning notify.unreachable AP_NOTIFY_URL']],
    ['https://shop.example.com/hook', 400, ['warning notify.example-host AP_NOTIFY_URL']],
    ['https://pay.shop.cn:8443/hook', 400, ['warning notify.port AP_NOTIFY_URL']],
    ['http://pay.shop.cn/hook', 400, ['warning notify.not-https AP_NOTIFY_URL']],
    ['https://localhost/hook', 400, ['warning notify.not-public AP_NOTIFY_URL']],
    ['https://192.168.1.7/hook', 400, ['warning notify.not-public AP_NOTIFY_URL']],
    ['https://[::1]/hook', 400, ['warning notify.not-public AP_NOTIFY_URL']],
    ['https://pay.shop.cn/notify/wechatpay', 400, ['warning notify.other-wallets-path AP_NOTIFY_URL']],
    ['https://pay.shop.cn/notify/alipay', 400, ['warning notify.nobody-listens CASHIER_HTTP_PORT']],
  ])('%s that answers %s', async (url, status, expected) => {
    expect(await notify(url, status)).toEqual(expected);
  });

  it('whose name means nothing, or this network', async () => {
    expect(await notify('https://pay.shop.cn/hook', 400, [])).toEqual([
      'warning notify.unresolvable AP_NOTIFY_URL',
    ]);
    expect(await notify('https://pay.shop.cn/hook', 400, ['10.0.0.7'])).toEqual([
      'warning notify.not-public AP_NOTIFY_URL',
    ]);
  });

  it('is derived from the public address', async () => {
    const ports = { http: answering(400), randomBytes };
    const found = await complaints({ ...ALIPAY, CASHIER_PUBLIC_URL: 'http://10.1.1.1' }, { ports });
    expect(found).toContain('warning notify.not-public CASHIER_PUBLIC_URL');
  });
});
