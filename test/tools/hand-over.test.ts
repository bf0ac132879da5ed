import { describe, expect, it } from 'vitest';
import type { Credential } from '../../src/domain/order.ts';
import { handOver } from '../../src/tools/present/hand-over.ts';

const THINGS = {
  zh: {
    qrCode: /二维码|付款码/,
    payUrl: /链接/,
    jsapiParams: /jsapiParams/,
    appParams: /appParams/,
    orderString: /orderString/,
  },
  en: {
    qrCode: /code/,
    payUrl: /link/,
    jsapiParams: /jsapiParams/,
    appParams: /appParams/,
    orderString: /orderString/,
  },
} as const;
type Thing = keyof typeof THINGS.zh;

const CREDENTIALS: readonly (readonly [Thing | 'nothing', Credential])[] = [
  ['qrCode', { qrCode: 'weixin://wxpay/bizpayurl?pr=x' }],
  ['payUrl', { payUrl: 'https://wx.tenpay.com/x' }],
  ['payUrl', { handOffUrl: 'https://wx.tenpay.com/x' }],
  ['payUrl', { handOffForm: { action: 'https://gateway.example/pay', fields: {} } }],
  ['jsapiParams', { jsapiParams: { appId: 'wx1' } }],
  ['appParams', { appParams: { appId: 'wx1' } }],
  ['orderString', { orderString: 'app_id=1' }],
  ['nothing', {}],
];

describe('what to do with a payment that waits', () => {
  it.each(CREDENTIALS)('speaks of %s and of nothing that is not there', (there, credential) => {
    const text = handOver(credential);
    for (const language of ['zh', 'en'] as const) {
      const named = (Object.keys(THINGS[language]) as Thing[]).filter((thing) =>
        THINGS[language][thing].test(text[language]),
      );
      expect(named).toEqual(there === 'nothing' ? [] : [there]);
      expect(text[language]).toContain('PAID');
    }
  });
});
