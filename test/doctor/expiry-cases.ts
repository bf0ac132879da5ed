import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/platform/system.ts';
import { CERTIFICATES, DAY, make, second } from '../providers/alipay/certificate-world.ts';
import { appKeys } from '../providers/alipay/fake-gateway.ts';
import { ALIPAY, pkcs8, WECHATPAY } from './merchants.ts';
import { aboutWallets, diagnose } from './patient.ts';

describe('a certificate that runs out', () => {
  const env = { ...ALIPAY, AP_APP_KEY: pkcs8(appKeys), ...CERTIFICATES };
  /** Both of the merchant's are in force for 300 days. */
  const daysLater = (days: number, more = {}) =>
    aboutWallets(
      { ...env, ...more },
      { ports: { clock: { ...systemClock, now: () => second + days * DAY } } },
    );

  it.each<[days: number, expected: readonly string[]]>([
    [0, []],
    [269, []],
    [
      271,
      ['warning alipay.certificate-expires AP_APP_CERT', 'warning alipay.certificate-expires AP_ALIPAY_CERT'],
    ],
    [
      301,
      ['error alipay.certificate-expired AP_APP_CERT', 'error alipay.certificate-expired AP_ALIPAY_CERT'],
    ],
  ])('is spoken of in time: after %i days', async (days, expected) => {
    expect(await daysLater(days)).toEqual(expected);
  });

  it('is named by itself where only one does', async () => {
    const lasting = make({ until: second + 3000 * DAY });
    expect(await daysLater(290, { AP_ALIPAY_CERT: lasting })).toEqual([
      'warning alipay.certificate-expires AP_APP_CERT',
    ]);
  });
});

describe('WeChat h5 without a public page', () => {
  const said = async (more: object) =>
    (await diagnose({ ...WECHATPAY, ...more })).some(({ id }) => id === 'wechatpay.h5-without-page');

  it('is told, and what follows', async () => {
    expect(await said({})).toBe(true);
    expect(await said({ WXPAY_H5_ORIGIN: 'https://h5.shop.example' })).toBe(false);
    expect(await said({ CASHIER_PUBLIC_URL: 'https://shop.example' })).toBe(false);
  });
});
