import { describe, expect, it } from 'vitest';
import type { Scene } from '../../../src/domain/order.ts';
import { readAlipayConfig } from '../../../src/providers/alipay/index.ts';
import { GatewayDeclined, isHome, type PaymentProvider } from '../../../src/providers/contract.ts';
import { closeAt } from '../../support/close.ts';
import { CERTIFICATES } from './certificate-world.ts';
import {
  ACCOUNT,
  ENV,
  forged,
  GATEWAY_URL,
  order,
  readSigned,
  refund,
  rejection,
  setUp,
} from './fake-gateway.ts';
import { encode, meaningOf, PAYMENT, REFUND, reasonFor, SELLER_ID, signedForm } from './notification.ts';

/* An ISV's app collects for merchants who have authorised it: its key signs, their account is paid. */

const TOKEN = '202611BB0123456789abcdef0123456789abcdX01';
const REISSUED = '202611BBfedcba9876543210fedcba98765432X01';
const MERCHANT = { AP_INVOKE_AUTH_TOKEN: TOKEN, AP_SELLER_ID: SELLER_ID };
const MERCHANT_APP = '2021004100009999';
const OTHER_SELLER = '2088000000000002';

const CALLS: Readonly<Record<string, (provider: PaymentProvider) => Promise<unknown>>> = {
  create: (provider) => provider.sendPayment(order(), provider.planPayment(order())),
  query: (provider) => provider.queryTrade('ORDER_0001'),
  close: (provider) => closeAt(provider, 'ORDER_0001'),
  refund: (provider) => provider.sendRefund(refund(), provider.planRefund(refund())),
  'query-refund': (provider) => provider.queryRefund('ORDER_0001', 'REFUND_1'),
  bill: (provider) => provider.downloadBill('2026-11-20'),
  'self-test': (provider) => provider.checkCredentials?.() ?? Promise.resolve(),
};

describe('the token of an authorising merchant', () => {
  it.each(Object.entries(CALLS))('goes with %s, signed', async (_name, call) => {
    const { provider, gateway } = setUp(MERCHANT);
    gateway.answer('{}');
    await rejection(call(provider));
    // The gateway of these tests takes nothing that the signature does not cover.
    expect(gateway.call.parameters.get('app_auth_token')).toBe(TOKEN);
    expect(gateway.call.parameters.get('app_id')).toBe(ENV.AP_APP_ID);
  });

  it.each<Scene>(['web', 'h5', 'app'])('stands in what is signed for %s', async (scene) => {
    const { provider, gateway } = setUp(MERCHANT);
    const terms = order({ scene });
    const { payUrl, orderString } = await provider.sendPayment(terms, provider.planPayment(terms));
    const signed = payUrl?.slice(GATEWAY_URL.length + 1) ?? orderString ?? '';
    expect(readSigned(signed).get('app_auth_token')).toBe(TOKEN);
    expect(gateway.calls).toEqual([]);
  });

  it("is left out of the one call that is the app's own", async () => {
    const { provider, gateway } = setUp({
      ...{ ...MERCHANT, ...CERTIFICATES, AP_PUB_KEY: '' },
    });
    const answer = forged('alipay.trade.query', { code: '10000' });
    gateway.answer(`${answer.slice(0, -1)},"alipay_cert_sn":"0123456789abcdef0123456789abcdef"}`);
    await rejection(provider.queryTrade('ORDER_0001'));
    const asked = gateway.calls.map(({ parameters }) => [
      parameters.get('method'),
      parameters.get('app_auth_token'),
    ]);
    expect(asked).toEqual([
      ['alipay.trade.query', TOKEN],
      ['alipay.open.app.alipaycert.download', undefined],
    ]);
  });

  it('is in nothing that is stored: neither account nor plans', () => {
    const { provider } = setUp(MERCHANT);
    const scenes: readonly Scene[] = ['qr', 'web', 'h5', 'app'];
    const stored = [
      provider.account,
      provider.planRefund(refund()),
      ...scenes.map((scene) => provider.planPayment(order({ scene }))),
    ];
    for (const text of stored) expect(text).not.toContain(TOKEN);
  });

  it.each(['aop.invalid-app-auth-token', 'aop.app-auth-token-time-out', 'aop.invalid-app-auth-token-no-api'])(
    'that Alipay does not take (%s) says nothing of an order, and is not told',
    async (sub_code) => {
      const { provider, gateway } = setUp(MERCHANT);
      const node = { code: '20001', msg: 'Insufficient Token Permissions', sub_code };
      gateway.answer(JSON.stringify({ alipay_trade_query_response: node }));
      const error = await rejection(provider.queryTrade('ORDER_0001'));
      expect(error).toBeInstanceOf(GatewayDeclined);
      expect(error).toMatchObject({ reason: 'credentials', proven: false });
      expect(JSON.stringify(error) + String(error)).not.toContain(TOKEN);
    },
  );
});

describe('the account', () => {
  const { provider } = setUp(MERCHANT);
  const accountWith = (change: Record<string, string>) => setUp({ ...MERCHANT, ...change }).provider.account;

  it('is the authorising merchant of an app, whatever token it has granted last', () => {
    expect(provider.account).toBe(`${ACCOUNT} ${SELLER_ID}`);
    expect(accountWith({ AP_INVOKE_AUTH_TOKEN: REISSUED })).toBe(provider.account);
  });

  it('is no other merchant of the app, nor the app itself', () => {
    const others = [
      accountWith({ AP_SELLER_ID: OTHER_SELLER }),
      setUp({ AP_SELLER_ID: SELLER_ID }).provider.account,
    ];
    for (const other of others) expect(isHome(provider, other), other).toBe(false);
    const { provider: itself } = setUp();
    expect(itself.account).toBe(ACCOUNT);
    expect(isHome(itself, provider.account)).toBe(false);
  });

  it('must be known: without its seller nothing is started', () => {
    expect(() => readAlipayConfig({ ...ENV, AP_INVOKE_AUTH_TOKEN: TOKEN })).toThrow(
      expect.objectContaining({ code: 'CONFIGURATION', details: { variable: 'AP_SELLER_ID' } }),
    );
  });
});

describe('a notification', () => {
  const { provider } = setUp(MERCHANT);
  const own = { auth_app_id: MERCHANT_APP };

  it('names the calling app, the app of the merchant and who is paid', async () => {
    expect(await meaningOf(provider, signedForm({ ...PAYMENT, ...own }))).toMatchObject({
      kind: 'trade',
      trade: { account: provider.account, state: 'PAID' },
    });
  });

  it.each<[string, Record<string, string>, string]>([
    ['another merchant of the app', { seller_id: OTHER_SELLER }, 'other-seller'],
    [
      'another merchant of the app, by an app of its own',
      { seller_id: OTHER_SELLER, auth_app_id: '2021004100008888' },
      'other-seller',
    ],
    ['nobody', { seller_id: '' }, 'other-seller'],
    ['another calling app', { app_id: '2021004100000002' }, 'other-app'],
    ["the merchant's app as the calling one", { app_id: MERCHANT_APP }, 'other-app'],
  ])('about %s is refused', async (_what, change, reason) => {
    for (const base of [PAYMENT, REFUND]) {
      expect(await reasonFor(provider, signedForm({ ...base, ...own, ...change }))).toBe(reason);
    }
  });

  it("is not the app's own where another merchant is named beside it", async () => {
    const { provider: itself } = setUp();
    expect(await reasonFor(itself, signedForm({ ...PAYMENT, ...own }))).toBe('other-app');
    for (const ours of [PAYMENT, { ...PAYMENT, auth_app_id: '' }])
      expect(await meaningOf(itself, signedForm(ours))).toBeDefined();
  });

  it('cannot be cut anew so that the app beside it disappears', async () => {
    const { provider: itself } = setUp();
    const parameters = { ...PAYMENT, ...own, app_ie: '1' };
    // `app_ie=1&auth_app_id=…` read as one parameter has the same signed text.
    const sign = new URLSearchParams(signedForm(parameters)).get('sign') ?? '';
    const { auth_app_id: hidden, ...rest } = parameters;
    const recut = { ...rest, app_ie: `1&auth_app_id=${hidden}`, sign };
    expect(await reasonFor(itself, encode(Object.entries(recut)))).toBe('ambiguous');
  });
});
