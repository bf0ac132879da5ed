import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openApp } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';
import { fen } from '../../src/domain/money.ts';
import { type Priced, quoteCall } from '../../src/payments/paid-calls/quote.ts';
import { systemPorts } from '../../src/platform/system.ts';

const PRICED: Priced = {
  ...{ face: 'mcp', upstream: 'posters', priced: 'render-poster', amountFen: fen(199), title: 'poster' },
  ...{ repeatable: false, refundAfterMs: 1 },
};

it('a server that nobody has called wakes for a call that is paid for and left alone', async () => {
  const home = mkdtempSync(join(tmpdir(), 'wakes-'));
  const config = await readConfig({ CASHIER_HOME: home, CASHIER_MODE: 'simulator' }, home);
  const app = await openApp(config, systemPorts);
  expect(await app.hasBackgroundWork()).toBe(false);
  const call = await quoteCall(await app.till(), PRICED, 'ab'.repeat(32));
  expect(await app.hasBackgroundWork()).toBe(false);
  await app.ledger.write((book) => book.paidCalls.pay(call, call.pageNo, app.clock.now()));
  expect(await app.hasBackgroundWork()).toBe(true);
  await app.close();
});
