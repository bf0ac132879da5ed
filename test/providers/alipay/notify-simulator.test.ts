import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fen } from '../../../src/domain/money.ts';
import { systemRandom } from '../../../src/platform/system.ts';
import { createAlipayProvider, readAlipayConfig } from '../../../src/providers/alipay/index.ts';
import type { PaymentProvider } from '../../../src/providers/contract.ts';
import { ALIPAY } from '../../../src/simulator/alipay/fake.ts';
import { alipayMessage } from '../../../src/simulator/alipay/notify.ts';
import { FAKES } from '../../../src/simulator/fakes.ts';
import { SimulatorDatabase } from '../../../src/simulator/state/database.ts';
import type { Delivery } from '../../../src/simulator/state/deliveries.ts';
import { loadIdentity } from '../../../src/simulator/state/identity.ts';
import type { Trade } from '../../../src/simulator/state/trades.ts';
import { createWorld, type World } from '../../../src/simulator/world.ts';
import { FakeGateway, HandClock, NOW } from './fake-gateway.ts';
import { raw, reasonFor } from './notification.ts';

const ORIGIN = 'http://127.0.0.1:3921';
const TRADE: Trade = {
  provider: 'alipay',
  outTradeNo: 'ORDER_0001',
  scene: 'qr',
  amountFen: 990 as Fen,
  title: '100% 拿铁 + 糖',
  fingerprint: '',
  attach: 'a%3D1%26b%3D2',
  payer: '2088000000000009',
  cashierToken: 'cashier',
  createdAt: NOW - 60_000,
  expiresAt: NOW + 60_000,
  tradeNo: '2026112122001400000000000001',
  paidAt: NOW - 1_250,
  refunds: [],
};
const DELIVERY: Delivery = {
  id: 'delivery',
  provider: 'alipay',
  kind: 'payment',
  outTradeNo: TRADE.outTradeNo,
  url: `${ORIGIN}/notify`,
  notifyId: '0123456789abcdef',
  dueAt: NOW,
  attempts: [],
  copiesLeft: 1,
};

let folder: string;
let database: SimulatorDatabase;
let world: World;
let provider: PaymentProvider;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alipay-notify-'));
  const clock = new HandClock();
  database = await SimulatorDatabase.open(folder, clock, systemRandom);
  const identity = await loadIdentity(database, systemRandom, FAKES);
  world = createWorld({ clock, randomBytes: systemRandom }, database, identity, ORIGIN, FAKES);
  await database.write(() => world.trades.save(TRADE));
  const config = readAlipayConfig({
    ...ALIPAY.env(identity, ORIGIN),
    AP_GATEWAY: `${ORIGIN}/gateway.do`,
  });
  if (!config) throw new Error('not configured');
  provider = createAlipayProvider(config, { clock, http: new FakeGateway() });
});
afterAll(async () => {
  database.close();
  await rm(folder, { recursive: true });
});

describe('the simulator’s notification', () => {
  const message = (change: Partial<Delivery> = {}) => alipayMessage(world, { ...DELIVERY, ...change });

  it('is proven, and the reply is the one it takes', async () => {
    expect(await provider.parseNotify(raw(message().body), NOW)).toEqual({
      kind: 'trade',
      id: DELIVERY.notifyId,
      trade: {
        exists: true,
        opened: true,
        account: provider.account,
        outTradeNo: TRADE.outTradeNo,
        state: 'PAID',
        gatewayState: 'TRADE_SUCCESS',
        gatewayTradeNo: TRADE.tradeNo,
        amountFen: TRADE.amountFen,
        paidAt: Date.parse('2026-11-21T14:30:04+08:00'),
      },
    });
    const [taken, refused] = [provider.acknowledge(true), provider.acknowledge(false)];
    expect(message().accepts(taken.status, taken.body)).toBe(true);
    expect(message().accepts(refused.status, refused.body)).toBe(false);
  });

  it('keeps a wrong amount, refuses a wrong account and a forgery', async () => {
    expect(await provider.parseNotify(raw(message({ wrongAmount: true }).body), NOW)).toMatchObject({
      trade: { state: 'PAID', amountFen: 991 },
    });
    expect(await reasonFor(provider, message({ wrongAccount: true }).body)).toBe('other-app');
    expect(await reasonFor(provider, message({ forged: TRADE }).body)).toBe('bad-signature');
  });
});
