import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Aes } from 'wechatpay-axios-plugin';
import { fen } from '../../../src/domain/money.ts';
import type { PaymentProvider, RawNotify } from '../../../src/providers/contract.ts';
import { createWechatpayProvider } from '../../../src/providers/wechatpay/index.ts';
import { FAKES } from '../../../src/simulator/fakes.ts';
import { SimulatorDatabase } from '../../../src/simulator/state/database.ts';
import type { Delivery } from '../../../src/simulator/state/deliveries.ts';
import { loadIdentity } from '../../../src/simulator/state/identity.ts';
import type { Refund, Trade } from '../../../src/simulator/state/trades.ts';
import { wechatPayMessage } from '../../../src/simulator/wechatpay/notify.ts';
import { createWorld, type World } from '../../../src/simulator/world.ts';
import { configOf, fakeGateway, NOW, OUT_REFUND_NO, OUT_TRADE_NO, TestClock } from './merchant.ts';
import { verdictOf } from './notifier.ts';
import { unsignedAnswer } from './platform.ts';

/** The simulator was written from the documents by itself: what it sends is an independent idea of a notification. */

const ORIGIN = 'http://127.0.0.1:4000';
const clock = new TestClock();
let folder: string;
let database: SimulatorDatabase;
let simulator: World;
let provider: PaymentProvider;

const REFUND: Refund = {
  outRefundNo: OUT_REFUND_NO,
  refundId: '50300001234202611210123456789',
  amountFen: fen(330),
  fingerprint: '',
  createdAt: NOW,
  settlesAt: NOW,
  outcome: 'SUCCESS',
};
const TRADE: Trade = {
  provider: 'wechatpay',
  outTradeNo: OUT_TRADE_NO,
  scene: 'qr',
  amountFen: fen(990),
  title: '咨询服务',
  fingerprint: '',
  payer: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
  cashierToken: 'cashier-token',
  createdAt: NOW - 60_000,
  expiresAt: NOW + 60_000,
  tradeNo: '4200001234202611210123456789',
  paidAt: Math.floor(NOW / 1000) * 1000,
  refunds: [REFUND],
};
const DELIVERY: Delivery = {
  id: 'delivery',
  provider: 'wechatpay',
  kind: 'payment',
  outTradeNo: OUT_TRADE_NO,
  url: 'http://127.0.0.1:1/notify/wechatpay',
  notifyId: 'EV-2026112114300500001',
  dueAt: null,
  attempts: [],
  copiesLeft: 1,
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'notify-'));
  database = await SimulatorDatabase.open(folder, clock, randomBytes);
  const identity = await loadIdentity(database, randomBytes, FAKES);
  simulator = createWorld({ clock, randomBytes }, database, identity, ORIGIN, FAKES);
  await database.write(() => simulator.trades.save(TRADE));
  const { merchant, wechatpay } = identity.keys;
  const config = configOf({
    WXPAY_APP_ID: identity.wechatAppId,
    WXPAY_MCH_ID: identity.mchId,
    WXPAY_MCH_SERIAL: identity.mchSerial,
    WXPAY_MCH_KEY: String(merchant.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    WXPAY_API_V3_KEY: identity.apiV3Key,
    WXPAY_PUB_KEY: String(wechatpay.publicKey.export({ type: 'spki', format: 'pem' })),
    WXPAY_PUB_KEY_ID: identity.publicKeyId,
    WXPAY_GATEWAY: ORIGIN,
  });
  const { http } = fakeGateway(() => unsignedAnswer(500, ''));
  provider = createWechatpayProvider(config, { clock, http, randomBytes });
});

afterAll(async () => {
  database.close();
  await rm(folder, { recursive: true, force: true });
});

async function sent(change: Partial<Delivery> = {}): Promise<RawNotify> {
  const message = await database.read(() => wechatPayMessage(simulator, { ...DELIVERY, ...change }));
  // As a server hands them over: names in lower case.
  const headers = Object.fromEntries(Object.entries(message.headers).map(([k, v]) => [k.toLowerCase(), v]));
  return { headers, body: Buffer.from(message.body) };
}
const receive = async (change: Partial<Delivery> = {}) => provider.parseNotify(await sent(change), NOW);

describe("the simulator's notification", () => {
  it('of a payment', async () => {
    expect(await receive()).toEqual({
      kind: 'trade',
      id: DELIVERY.notifyId,
      trade: {
        exists: true,
        account: provider.account,
        outTradeNo: OUT_TRADE_NO,
        state: 'PAID',
        gatewayState: 'SUCCESS',
        gatewayTradeNo: TRADE.tradeNo,
        amountFen: 990,
        paidAt: TRADE.paidAt,
      },
    });
  });

  it('of a refund', async () => {
    expect(await receive({ kind: 'refund', outRefundNo: OUT_REFUND_NO })).toEqual({
      kind: 'refund',
      id: DELIVERY.notifyId,
      refund: {
        exists: true,
        outTradeNo: OUT_TRADE_NO,
        outRefundNo: OUT_REFUND_NO,
        state: 'SUCCESS',
        gatewayState: 'SUCCESS',
        gatewayRefundNo: REFUND.refundId,
        refundFen: 330,
      },
    });
  });

  it('of a self-test', async () => {
    expect(await receive({ kind: 'echo', echo: 'hello' })).toEqual({
      kind: 'other',
      id: DELIVERY.notifyId,
      type: 'SECURITY_ECHO.SUCCESS',
    });
  });

  it('that lies', async () => {
    expect(await verdictOf(receive({ forged: TRADE }))).toBe('bad-signature');
    expect(await receive({ wrongAmount: true })).toMatchObject({ trade: { amountFen: 991 } });
    expect(await receive({ wrongAccount: true })).not.toMatchObject({ trade: { account: provider.account } });
    const refund = { kind: 'refund', outRefundNo: OUT_REFUND_NO, wrongAccount: true } as const;
    expect(await verdictOf(receive(refund))).toBe('other-account');
  });

  it('opens with the oracle', async () => {
    const { body } = await sent();
    const { ciphertext, nonce, associated_data } = JSON.parse(body.toString()).resource;
    const opened = Aes.AesGcm.decrypt(ciphertext, simulator.identity.apiV3Key, nonce, associated_data);
    expect(JSON.parse(opened)).toMatchObject({ trade_state: 'SUCCESS', amount: { total: 990 } });
  });
});
