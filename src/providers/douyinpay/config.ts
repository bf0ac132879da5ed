import type { KeyObject } from 'node:crypto';
import { readGateway, readNotifyUrl } from '../v3/addresses.ts';
import { missing, readKey } from '../v3/keys.ts';
import { matching, readApiKey } from '../v3/settings.ts';

/** A merchant of Douyin Pay. Secrets are KeyObjects, which neither print nor serialise. */
export interface DouyinpayConfig {
  readonly appId: string;
  readonly mchId: string;
  readonly merchantKey: KeyObject;
  /** Of the certificate that goes with `merchantKey`. */
  readonly merchantSerial: string;
  /** Opens notifications and platform certificates. */
  readonly apiKey: KeyObject;
  readonly notifyUrl: string;
  /** Such as `https://api.douyinpay.com`. */
  readonly origin: string;
}

export const NAME = { zh: '抖音支付', en: 'Douyin Pay' };
/** All of them or none. */
export const CREDENTIALS = [
  'DYPAY_APP_ID',
  'DYPAY_MCH_ID',
  'DYPAY_MCH_KEY',
  'DYPAY_MCH_SERIAL',
  'DYPAY_API_KEY',
] as const;

const ORIGIN = 'https://api.douyinpay.com';
const MERCHANT_KEY = {
  zh: '商户 API 证书的私钥（生成证书时得到的 PEM 文件的内容）',
  en: "the merchant API certificate's private key (the content of the PEM file that was made with it)",
};

/**
 * Reads the `DYPAY_*` part of an environment; undefined when no credential is set at all. Anything half or wrong is a
 * CONFIGURATION error that names the variable and the remedy.
 * @see https://github.com/douyinpay/douyinpay-python (what each is)
 */
export function readDouyinpayConfig(
  env: Readonly<Record<string, string | undefined>>,
): DouyinpayConfig | undefined {
  const get = (name: string): string | undefined => env[name]?.trim() || undefined;
  if (CREDENTIALS.every((name) => get(name) === undefined)) return undefined;
  return {
    appId: matching(get, 'DYPAY_APP_ID', /^[A-Za-z0-9_-]{1,32}$/, {
      zh: '与商户号绑定的抖音开放平台应用 ID',
      en: 'the app id of the Douyin open platform that is bound to the merchant ID',
    }),
    mchId: matching(get, 'DYPAY_MCH_ID', /^\d{6,32}$/, {
      zh: '抖音支付商户号（纯数字）',
      en: 'the Douyin Pay merchant ID (digits only)',
    }),
    merchantKey: readMerchantKey(get('DYPAY_MCH_KEY')),
    merchantSerial: matching(get, 'DYPAY_MCH_SERIAL', /^[0-9A-Za-z]{6,64}$/, {
      zh: '商户 API 证书序列号（不带冒号）',
      en: 'the serial number of the merchant API certificate (without colons)',
    }),
    apiKey: readApiKey(get, 'DYPAY_API_KEY', {
      zh: '抖音支付商户平台上设置的 API 密钥',
      en: 'the API key set on the merchant platform of Douyin Pay',
    }),
    notifyUrl: readNotifyUrl({
      ...{ variable: 'DYPAY_NOTIFY_URL', given: get('DYPAY_NOTIFY_URL'), path: '/notify/douyinpay' },
      ...{ publicUrl: get('CASHIER_PUBLIC_URL'), gateway: NAME },
    }),
    origin: readGateway('DYPAY_GATEWAY', get('DYPAY_GATEWAY'), ORIGIN),
  };
}

function readMerchantKey(text: string | undefined): KeyObject {
  if (text === undefined) throw missing('DYPAY_MCH_KEY', MERCHANT_KEY.zh, MERCHANT_KEY.en);
  return readKey('DYPAY_MCH_KEY', text, 'private', MERCHANT_KEY);
}
