import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configOf } from '../../src/config.ts';
import { commandHere } from '../support/command-here.ts';
import { lendKeys } from '../support/lent-keys.ts';
import { localServers } from '../support/local-servers.ts';
import { PAIRS, pem } from '../support/rsa.ts';
import { type Env, Transcript } from '../support/server-process.ts';

const { listen } = localServers();
let home: string;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'gate-command-'));
  await lendKeys(home);
  writeFileSync(
    join(home, 'prices.yaml'),
    'version: 1\nhttp:\n  - upstream: http://localhost:3921\n    prices: { "GET /a": { yuan: "1", title: a } }\n',
  );
  writeFileSync(
    join(home, 'tools.yaml'),
    'version: 1\nmcp:\n  - command: [none]\n    prices: { draw: { yuan: "1", title: a, a2mServiceId: API_1 } }\n',
  );
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function refusal(args: readonly string[], env: Env = {}): Promise<string> {
  const at = { env: { HOME: home, CASHIER_HOME: home, CASHIER_LANG: 'en', ...env }, cwd: home };
  const { code, stdout, stderr } = await commandHere(['gate', ...args], {
    ...at,
    transcript: new Transcript(),
  });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).not.toContain('    at ');
  return stderr;
}
const PRICED = ['--prices', 'prices.yaml', '--port', '3999'];
const SHARED = 'https://shop.example';

describe('mcp-cashier gate', () => {
  it.each<[string, readonly string[], Env, RegExp]>([
    ['without prices', [], {}, /prices\.yaml[\s\S]*upstream: /],
    ['with a file that is not there', ['--prices', 'none.yaml'], {}, /--prices: the price file .*none\.yaml/],
    ['before itself', ['--prices', 'prices.yaml'], {}, /own port.*--port/s],
    ['at no port', [...PRICED.slice(0, 3), '0'], {}, /--port/],
    [
      'under a path',
      PRICED,
      { CASHIER_GATE_URL: `${SHARED}/api` },
      /ends with the host and port, https:\/\/shop\.example:/,
    ],
    [
      'under the name of the operator’s pages',
      PRICED,
      { CASHIER_GATE_URL: SHARED, CASHIER_PUBLIC_URL: `${SHARED}:8443` },
      /CASHIER_GATE_URL and CASHIER_PUBLIC_URL have the same host name/,
    ],
    [
      'under the name of other pages of operators',
      PRICED,
      { CASHIER_GATE_URL: SHARED, CASHIER_OPERATOR_URL: `${SHARED}/desk` },
      /CASHIER_OPERATOR_URL/,
    ],
  ])('does not start %s', async (_what, args, env, said) => {
    expect(await refusal(args, env)).toMatch(said);
  });

  it.each([
    ['on stdio', ['--stdio', '--prices', 'tools.yaml']],
    ['on its port', ['--prices', 'tools.yaml', '--port', '3999']],
  ])('does not start %s for a tool that nobody could pay as its price says', async (where, args) => {
    const [app, alipay] = PAIRS;
    const wallet = {
      AP_APP_ID: '2021004100000001',
      AP_APP_KEY: pem(app.privateKey),
      AP_PUB_KEY: pem(alipay.publicKey),
    };
    const live = { ...wallet, CASHIER_HOME: join(home, where) };
    expect(await refusal(args, live)).toMatch(/The price draw names a2mServiceId[\s\S]*AP_SELLER_ID/);
  });

  it('does not start at a port that is taken', async () => {
    const port = await listen(createServer());
    expect(await refusal([...PRICED.slice(0, 3), String(port)])).toContain(`Port ${port} is taken`);
  });

  it('is where gateways and buyers come where nothing else is public', () => {
    const env = { CASHIER_HOME: home, CASHIER_GATE_URL: 'https://api.example/' };
    expect(configOf(env, 'gate')).toMatchObject({
      ...{ gateUrl: 'https://api.example', publicUrl: 'https://api.example/_cashier' },
    });
    expect(configOf(env, 'server').publicUrl).toBeUndefined();
    const both = { ...env, CASHIER_PUBLIC_URL: 'https://pay.example' };
    expect(configOf(both, 'gate').publicUrl).toBe('https://pay.example');
  });
});
