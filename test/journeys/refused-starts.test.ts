import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandHere } from '../support/command-here.ts';
import { type CommandResult, type Env, runCommand, Transcript } from '../support/server-process.ts';
import { SimulatorProcess } from '../support/simulator-client.ts';
import { cleanEnv, makeHome, secretsIn } from './shop.ts';

const home = makeHome();
const transcript = new Transcript();
/** A complete live configuration for both wallets, with keys of nobody. */
let live: Env;
beforeAll(async () => {
  const simulator = await SimulatorProcess.start(cleanEnv(home), join(home, 'cwd'));
  live = { ...simulator.env, CASHIER_MODE: 'live' };
  await simulator.close();
});
afterAll(() => {
  rmSync(home, { recursive: true, force: true });
  expect(transcript.size).toBeGreaterThan(0);
  expect(transcript.leaks(secretsIn(live))).toEqual([]);
});

function start(env: Env): Promise<CommandResult> {
  return commandHere([], { env: { ...cleanEnv(home), ...env }, cwd: join(home, 'cwd'), transcript });
}

function without(env: Env, ...names: string[]): Env {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));
}

/** Exit code 1, silence on stdout, and one sentence with its remedy in each language that names the variable. */
async function isRefused(env: Env, variable: string): Promise<string> {
  const { code, stdout, stderr } = await start(env);
  expect(stderr.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^mcp-cashier: .*[\u4e00-\u9fff].*。$/),
    expect.stringMatching(/^mcp-cashier: [^\u4e00-\u9fff]*\.$/),
  ]);
  for (const line of stderr.trimEnd().split('\n')) expect(line).toContain(variable);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  return stderr;
}

describe.concurrent('a start with a wrong setting', () => {
  it('is refused for a tool that does not exist, listing those that do', async () => {
    const said = await isRefused({ AP_SELECT_TOOLS: 'unified,create-paymnet' }, 'AP_SELECT_TOOLS');
    for (const name of ['create-paymnet', 'create-payment', 'list-payments', 'unified'])
      expect(said).toContain(name);
  });

  it.each([
    ['CASHIER_MODE', 'production'],
    ['CASHIER_LANG', 'fr'],
    ['CASHIER_LOG_LEVEL', 'loud'],
    ['AP_CURRENT_ENV', 'staging'],
  ])('is refused for a %s of %s', async (variable, value) => {
    await isRefused({ [variable]: value }, variable);
  });

  it('is refused for live without any credential: the simulator never stands in', async () => {
    expect(await isRefused({ CASHIER_MODE: 'live' }, 'CASHIER_MODE')).toContain('AP_*');
  });

  it.each([
    'AP_APP_ID',
    'AP_APP_KEY',
    'AP_PUB_KEY',
    'WXPAY_APP_ID',
    'WXPAY_MCH_ID',
    'WXPAY_MCH_KEY',
    'WXPAY_MCH_SERIAL',
    'WXPAY_API_V3_KEY',
    'WXPAY_PUB_KEY',
    'WXPAY_PUB_KEY_ID',
    'WXPAY_NOTIFY_URL',
  ])('is refused when of a provider only %s is missing', async (variable) => {
    await isRefused(without(live, variable), variable);
  });

  it('is refused for half a provider also without CASHIER_MODE', async () => {
    await isRefused({ AP_APP_ID: live.AP_APP_ID ?? '' }, 'AP_APP_KEY');
  });

  it('is refused for a public key in AP_APP_KEY', async () => {
    await isRefused({ ...live, AP_APP_KEY: live.AP_PUB_KEY ?? '' }, 'AP_APP_KEY');
  });

  it("is refused for the app's own public key in AP_PUB_KEY", async () => {
    const key = Buffer.from(live.AP_APP_KEY ?? '', 'base64');
    const own = createPublicKey(createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
    const spki = own.export({ format: 'der', type: 'spki' }).toString('base64');
    await isRefused({ ...live, AP_PUB_KEY: spki }, 'AP_PUB_KEY');
  });

  it("is refused for the merchant's own public key in WXPAY_PUB_KEY", async () => {
    const own = createPublicKey(live.WXPAY_MCH_KEY ?? '').export({ format: 'pem', type: 'spki' });
    await isRefused({ ...live, WXPAY_PUB_KEY: String(own) }, 'WXPAY_PUB_KEY');
  });

  it.each([
    ['AP_APP_KEY', 'not a key'],
    ['AP_PUB_KEY', 'MIIB'],
    ['AP_APP_ID', '2088123412341234'],
    ['WXPAY_MCH_KEY', 'not a key'],
    ['WXPAY_API_V3_KEY', 'too short'],
    ['WXPAY_PUB_KEY_ID', '0123456789'],
    ['WXPAY_MCH_SERIAL', 'PUB_KEY_ID_0123'],
    ['WXPAY_NOTIFY_URL', 'https://example.com/notify?a=1'],
    ['WXPAY_GATEWAY', 'http://example.com'],
    ['AP_GATEWAY', 'http://example.com/gateway.do'],
  ])('is refused for a %s of %j', async (variable, value) => {
    await isRefused({ ...live, [variable]: value }, variable);
  });

  it('is refused when a …_FILE cannot be read, or the value is given twice', async () => {
    const file = { AP_APP_KEY_FILE: join(home, 'no-such-key.pem') };
    await isRefused({ ...without(live, 'AP_APP_KEY'), ...file }, 'AP_APP_KEY_FILE');
    await isRefused({ ...live, ...file }, 'AP_APP_KEY');
  });

  it('is refused for WeChat Pay in the sandbox, which would move real money', async () => {
    await isRefused({ ...live, AP_CURRENT_ENV: 'sandbox' }, 'AP_CURRENT_ENV');
  });

  it('is refused for a simulator whose gateway is not on this machine', async () => {
    const remote = {
      ...live,
      CASHIER_MODE: 'simulator',
      AP_GATEWAY: 'https://openapi.alipay.com/gateway.do',
    };
    await isRefused(remote, 'AP_GATEWAY');
  });
});

describe.concurrent('a start with a wrong policy file', () => {
  it.each([
    ['that is no YAML', 'version: 1\n  payments: ['],
    ['with a rule that does not exist', 'version: 1\npayments: { maxYaun: "1" }'],
    ['with an amount that is none', 'version: 1\npayments: { maxYuan: "1e3" }'],
    ['of another version', 'version: 2'],
    ['that says a thing twice', 'version: 1\nrefunds: { maxYuan: "1" }\nrefunds: { maxYuan: "2" }'],
    ['that is empty', ''],
  ])('%s is refused', async (what, text) => {
    const path = join(home, `${what.replaceAll(' ', '-')}.yaml`);
    writeFileSync(path, text);
    expect(await isRefused({ CASHIER_POLICY: path }, 'CASHIER_POLICY')).toContain(path);
  });

  it('that is not there is refused', async () => {
    await isRefused({ CASHIER_POLICY: join(home, 'no-policy.yaml') }, 'CASHIER_POLICY');
  });
});

describe('a home with a live ledger', () => {
  it('is not opened as a simulator just because the keys are missing', async () => {
    const home2 = join(home, 'once-live');
    mkdirSync(join(home2, 'live'), { recursive: true });
    writeFileSync(join(home2, 'live', 'ledger.db'), '');
    const said = await isRefused({ CASHIER_HOME: home2 }, 'CASHIER_MODE');
    expect(said).toContain('CASHIER_MODE=simulator');
  });
});

describe('a .env in the working folder', () => {
  it('is read when the environment says nothing to us, and not trusted when it says anything', async () => {
    const cwd = join(home, 'with-dotenv');
    mkdirSync(cwd);
    writeFileSync(join(cwd, '.env'), '# mine\nAP_SELECT_TOOLS=nonsense\nPATH=/nowhere\n');
    const empty = { PATH: process.env.PATH ?? '', HOME: cwd };
    const refused = await runCommand([], { env: empty, cwd, transcript });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('AP_SELECT_TOOLS');
    const own = await runCommand([], { env: { ...empty, CASHIER_LANG: 'en' }, cwd, transcript });
    expect(own).toMatchObject({ code: 0, stdout: '' });
  });
});
