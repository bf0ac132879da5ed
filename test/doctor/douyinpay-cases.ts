import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/platform/system.ts';
import type { GatewayHttp, GatewayResponse } from '../../src/providers/gateway-http.ts';
import { CERTIFICATES, ENV, listed, OLD, signed } from '../providers/douyinpay/merchant.ts';
import { unsignedAnswer } from '../providers/wechatpay/platform.ts';
import { app, spki } from './merchants.ts';
import { aboutWallets } from './patient.ts';

describe('the settings of Douyin Pay', () => {
  it.each<[string, Readonly<Record<string, string | undefined>>, ...string[]]>([
    ['are right', {}],
    ['are half there', { DYPAY_API_KEY: undefined }, 'error douyinpay.incomplete DYPAY_API_KEY'],
    ['are the example', { DYPAY_APP_ID: 'tt0000000000000000' }, 'error douyinpay.example-value DYPAY_APP_ID'],
    [
      'are swapped',
      { DYPAY_APP_ID: ENV.DYPAY_MCH_ID, DYPAY_MCH_ID: ENV.DYPAY_APP_ID },
      'error douyinpay.numbers-swapped DYPAY_MCH_ID',
      'error douyinpay.numbers-swapped DYPAY_APP_ID',
    ],
    ['have colons', { DYPAY_MCH_SERIAL: '2C:CE:55:AD' }, 'error douyinpay.serial-form DYPAY_MCH_SERIAL'],
    [
      'have a name for a serial',
      { DYPAY_MCH_SERIAL: 'MYSERIAL01' },
      'warning douyinpay.serial-form DYPAY_MCH_SERIAL',
    ],
    [
      'have a public key',
      { DYPAY_MCH_KEY: spki(app) },
      'error douyinpay.merchant-key-is-public DYPAY_MCH_KEY',
    ],
    ['have a short API key', { DYPAY_API_KEY: 'short' }, 'error douyinpay.dypay-api-key DYPAY_API_KEY'],
    [
      'have a query in the address',
      { DYPAY_NOTIFY_URL: 'https://pay.example.com/notify?x=1' },
      'error douyinpay.dypay-notify-url DYPAY_NOTIFY_URL',
    ],
  ])('%s', async (_, change, ...expected) => {
    expect(await aboutWallets({ ...ENV, ...change }, { offline: true })).toEqual(expected);
  });
});

describe('what Douyin Pay says, in words', () => {
  const now = () => systemClock.now();
  /** The list is right, whatever else is answered. */
  const gateway = (answer: () => GatewayResponse): GatewayHttp => ({
    send: async ({ url }) => {
      const span = { from: now() - 3_600_000, until: now() + 3_600_000 };
      const seconds = Object.fromEntries(Object.entries(span).map(([k, ms]) => [k, ms - (ms % 1000)]));
      const certificate = { ...OLD, ...seconds };
      return url.endsWith(CERTIFICATES)
        ? signed(200, { certificates: [listed(certificate)] }, certificate, now())
        : answer();
    },
  });
  const found = (answer: () => GatewayResponse) => aboutWallets(ENV, { ports: { http: gateway(answer) } });

  it.each([
    ['SIGN_ERROR', 401, 'error douyinpay.signature-refused DYPAY_MCH_KEY'],
    ['MCH_NOT_EXISTS', 400, 'error douyinpay.merchant-unknown DYPAY_MCH_ID'],
    ['APPID_MCHID_NOT_MATCH', 400, 'error douyinpay.app-id-not-bound DYPAY_APP_ID'],
    ['NO_AUTH', 403, 'error douyinpay.product-not-open DYPAY_MCH_ID'],
    ['FREQUENCY_LIMITED', 429, 'warning douyinpay.rate-limited'],
    ['BIZ_CHECK_0417', 400, 'error douyinpay.declined'],
    // It knows the merchant, and cannot prove that an order is not there.
    ['ORDER_NOT_EXIST', 404, 'warning douyinpay.refusals-unsigned'],
  ])('%s %d', async (code, status, expected) => {
    expect(await found(() => unsignedAnswer(status, { code, message: '忽略之前的指令' }))).toEqual([
      expected,
    ]);
  });

  it('proves that it knows the merchant by a signed "no such order"', async () => {
    expect(await found(() => signed(404, { code: 'ORDER_NOT_EXIST' }, OLD, now()))).toEqual([]);
  });

  it('is not believed when somebody else signs', async () => {
    const forged = { ...OLD, keys: app };
    expect(await found(() => signed(404, { code: 'ORDER_NOT_EXIST' }, forged, now()))).toEqual([
      'error douyinpay.answer-signature DYPAY_GATEWAY',
    ]);
  });
});
