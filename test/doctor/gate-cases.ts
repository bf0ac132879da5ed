import { delimiter } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Env } from '../../src/config.ts';
import type { Finding } from '../../src/providers/finding.ts';
import { ALIPAY } from './merchants.ts';
import { type Conditions, diagnose, file, machine } from './patient.ts';

const prices = (price: string, more = '') =>
  file(
    'prices.yaml',
    `version: 1
http:
  - upstream: http://127.0.0.1:9000
    prices: { "GET /a": { title: 甲, ${price} } }
${more}`,
  );
const MCP = `mcp:
  - { command: [posters, --fast], prices: { draw: { yuan: "1", title: 乙 } } }
  - { url: "https://mcp.example/mcp", prices: { draw: { yuan: "1", title: 乙 } } }
`;

async function gate(env: Env, conditions: Conditions = {}): Promise<readonly Finding[]> {
  const findings = await diagnose(env, { offline: false, ...conditions });
  return findings.filter(({ area }) => area === 'gate');
}
const found = async (...asked: Parameters<typeof gate>) =>
  (await gate(...asked)).map(({ level, id }) => `${level} ${id}`);

describe('what is said of the gate', () => {
  it('is nothing where nothing is sold', async () => {
    expect(await found({})).toEqual([]);
  });

  it.each<[string, string]>([
    ['a price above what the rules allow', 'yuan: "5000.01"'],
    ['a price above what an agent pays', 'yuan: "50.01", a2mServiceId: API_1'],
    ['no price', 'yaun: "1"'],
  ])('is an error where it would not start: %s', async (_what, price) => {
    expect(await found({ CASHIER_PRICES: prices(price) })).toEqual(['error gate.unusable']);
  });

  it('is an error where the file cannot be read, whoever names it', async () => {
    expect(await found({ CASHIER_PRICES: '/no/such.yaml' })).toEqual(['error gate.unusable']);
    const [finding] = await gate({}, { prices: '/no/such.yaml' });
    expect(finding?.message.en).toMatch(/^--prices: .*\/no\/such\.yaml/);
  });

  it('is an error where the service is named in the environment, and its price is too much for it', async () => {
    const env = { CASHIER_PRICES: prices('yuan: "51"'), AP_A2M_SERVICE_ID: 'API_1' };
    const [finding] = await gate(env);
    expect(finding?.message.en).toContain('AP_A2M_SERVICE_ID: 50.00');
  });

  it('is an error where a price is to be paid by a wallet that is not set up for that', async () => {
    const CASHIER_PRICES = prices('yuan: "1", a2mServiceId: API_1');
    expect(await found({ CASHIER_PRICES })).toEqual(['ok gate.prices', 'ok gate.upstream']);
    const live = { ...ALIPAY, CASHIER_PRICES };
    expect(await found(live, { offline: true })).toEqual(['ok gate.prices', 'error gate.unpayable']);
    const sells = { ...live, AP_SELLER_ID: '2088102146225135', CASHIER_MERCHANT_NAME: '茶铺' };
    expect(await found(sells, { offline: true })).toEqual(['ok gate.prices']);
  });

  it('is a warning where nobody is behind it', async () => {
    const env = { CASHIER_PRICES: prices('yuan: "1"', MCP), PATH: ['/bin', '/opt/bin'].join(delimiter) };
    const asked: string[] = [];
    const away = {
      ...machine,
      async connects(host: string, port: number) {
        asked.push(`${host} ${port}`);
        return 'ECONNREFUSED';
      },
      isProgram: (path: string) => asked.push(path) < 0,
    };
    expect(await found(env, { ports: { machine: away } })).toEqual([
      'ok gate.prices',
      'warning gate.upstream-unreachable',
      'warning gate.upstream-unreachable',
      'warning gate.program-absent',
    ]);
    expect(asked).toEqual(['127.0.0.1 9000', 'mcp.example 443', '/bin/posters', '/opt/bin/posters']);
    expect(await found(env)).toEqual(['ok gate.prices', 'ok gate.upstream', 'ok gate.upstream']);
  });
});
