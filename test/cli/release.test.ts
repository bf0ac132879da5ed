import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createPayment } from '../../src/payments/create-payment.ts';
import { queryPayment } from '../../src/payments/query-payment.ts';
import { refundPayment } from '../../src/payments/refund-payment.ts';
import type { Till } from '../../src/payments/till.ts';
import { CALL, payment, refund, World } from '../support/world.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
let world: World;
let till: Till;

beforeEach(async () => {
  world = new World();
  till = await world.process();
});
afterEach(() => world.end());

function release(...numbers: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [MAIN, 'orders', 'release', ...numbers, '--ledger', world.ledgerPath, '--json'],
    { env: { PATH: process.env.PATH, HOME: world.ledgerPath.slice(0, -10) }, encoding: 'utf8' },
  );
  return { status, stderr, told: status === 0 ? JSON.parse(stdout) : undefined };
}

it('a person ends an order that nobody has a code of, and no other', async () => {
  world.bank.fault = (op) => (op === 'create' ? 'lost-before' : 'none');
  const lost = await createPayment(till, CALL, payment());
  world.bank.fault = () => 'none';
  const given = await createPayment(till, CALL, payment());
  expect(release(lost.order.outTradeNo)).toMatchObject({ status: 0, told: { state: 'CLOSED' } });
  const refused = release(given.order.outTradeNo);
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(/close-payment/);
  expect(release('NO_SUCH_ORDER').status).toBe(1);
});

it('a person frees the sum of a refund in doubt', async () => {
  const { outTradeNo } = (await createPayment(till, CALL, payment())).order;
  world.bank.pay(outTradeNo);
  await queryPayment(till, CALL, { outTradeNo, waitSeconds: 0 });
  world.bank.fault = (op) => (op === 'refund' ? 'lost-before' : 'none');
  await refundPayment(till, CALL, refund({ outTradeNo, outRefundNo: 'R1' }));
  expect(release(outTradeNo, 'R1')).toMatchObject({
    status: 0,
    told: { outTradeNo, outRefundNo: 'R1', state: 'CLOSED' },
  });
});
