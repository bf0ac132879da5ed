import { describe, expect, it } from 'vitest';
import type { Env } from '../../src/config.ts';
import { insistOnOwnAccounts } from '../../src/open-apps.ts';
import { ENV as ALIPAY } from '../providers/alipay/fake-gateway.ts';
import { ENV as WECHATPAY } from '../providers/wechatpay/merchant.ts';

/* Two merchants of one service must not be one at a gateway, however their settings differ. */

const SUB = { ...WECHATPAY, WXPAY_SUB_MCH_ID: '1900000211' };
const ISV = { ...ALIPAY, AP_INVOKE_AUTH_TOKEN: 'TOKEN_1', AP_SELLER_ID: '2088000000000001' };
const served = (one: Env, two: Env, embeddedSimulator = false) =>
  insistOnOwnAccounts([
    { merchant: 'one', env: one, embeddedSimulator },
    { merchant: 'two', env: two, embeddedSimulator },
  ]);

describe('merchants of one service', () => {
  it.each<[string, Env, Env]>([
    ['the same merchant with another AppID', WECHATPAY, { ...WECHATPAY, WXPAY_APP_ID: 'wx0000000000000009' }],
    ['the same sub-merchant with an app of its own', SUB, { ...SUB, WXPAY_SUB_APP_ID: 'wx5555666677778888' }],
    ['the same seller by a token granted anew', ISV, { ...ISV, AP_INVOKE_AUTH_TOKEN: 'TOKEN_2' }],
    ['the same app beside other wallets', ALIPAY, { ...ALIPAY, ...WECHATPAY }],
  ])('are not %s', async (_what, one, two) => {
    await expect(served(one, two)).rejects.toMatchObject({ code: 'CONFIGURATION' });
    await expect(served(two, one)).rejects.toThrow(/one and two|one 与 two/);
    await expect(served(one, two, true)).resolves.toBeUndefined();
  });

  it.each<[string, Env, Env]>([
    ['two sub-merchants of one service provider', SUB, { ...SUB, WXPAY_SUB_MCH_ID: '1900000212' }],
    [
      'two sellers of one ISV',
      ISV,
      { ...ISV, AP_INVOKE_AUTH_TOKEN: 'TOKEN_2', AP_SELLER_ID: '2088000000000002' },
    ],
    ['two merchants', WECHATPAY, { ...WECHATPAY, WXPAY_MCH_ID: '1900000110' }],
    ['one at each wallet', WECHATPAY, ALIPAY],
  ])('may be %s', async (_what, one, two) => {
    await expect(served(one, two)).resolves.toBeUndefined();
  });
});
