import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Shop } from '../journeys/shop.ts';
import { localServers } from '../support/local-servers.ts';
import { checkSeller } from '../support/seller-check.ts';
import { GateProcess } from './gate-process.ts';

/* The gate at a gateway that plays Alipay's sandbox, whose buyers make their proofs up. */

const { listen } = localServers();
let shop: Shop;
let gate: GateProcess;
let executed = 0;
beforeAll(async () => {
  shop = await Shop.open();
  const upstream = await listen(
    createServer((request, response) => {
      executed += 1;
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ resource_id: request.url, content: 'sunny' }));
    }),
  );
  const prices = `version: 1
http:
  - upstream: http://127.0.0.1:${upstream}
    prices: { "GET /paid/weather": { yuan: "0.10", title: 天气查询 } }
`;
  const { AP_A2M_SERVICE_ID: _, ...env } = shop.simulator.env;
  const sandbox = { ...env, AP_CURRENT_ENV: 'sandbox', CASHIER_LOG_LEVEL: 'trace' };
  gate = await GateProcess.start(shop, prices, { env: sandbox });
});
afterAll(async () => {
  await gate.kill('SIGTERM');
  await shop.close();
});

it('sells for a proof of a paid trade, and neither says nor keeps a secret of it', async () => {
  const { bill, proof } = await checkSeller({
    ...{ url: `${gate.origin}/paid/weather`, method: 'GET', buyer: '2088111122223333' },
    cashier: `${shop.simulator.origin}/openclawpay/agent/v1/pay`,
    now: () => Date.now(),
  });
  expect([bill.method.service_id, executed]).toEqual(['api_mock_service_id', 1]);
  const { protocol, method } = JSON.parse(Buffer.from(proof, 'base64').toString());
  const secrets = [proof, protocol.payment_proof, method.client_session];
  for (const secret of secrets) expect(gate.said).not.toContain(secret);
  const files = readdirSync(shop.home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('simulator.db'))
    .map((entry) => join(entry.parentPath, entry.name));
  expect(files.some((path) => path.endsWith('ledger.db'))).toBe(true);
  for (const path of files) {
    const bytes = readFileSync(path);
    expect(
      secrets.filter((secret) => bytes.includes(secret)),
      path,
    ).toEqual([]);
  }
});
