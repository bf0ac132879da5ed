import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { cleanEnv, makeHome } from '../journeys/shop.ts';
import { runCommand, Transcript } from '../support/server-process.ts';

const home = makeHome();
afterAll(() => rmSync(home, { recursive: true, force: true }));

it('the demo of the gate sells to an agent with either wallet, and to one without, and shows the books', async () => {
  const env = { ...cleanEnv(home), CASHIER_LANG: 'en' };
  const { code, stdout } = await runCommand(['demo', '--gate'], {
    ...{ env, cwd: join(home, 'cwd'), transcript: new Transcript() },
  });
  expect(stdout).toContain('everything held');
  for (const shown of [
    'Payment-Proof → 200',
    'WeixinPay-Required + X-Out-Trade-No → 200',
    'X-Out-Trade-No → 200',
  ])
    expect(stdout).toContain(shown);
  expect(stdout.match(/outTradeNo → /g)).toHaveLength(3);
  expect(stdout).toContain('paid 6.27 yuan');
  expect(code).toBe(0);
});
