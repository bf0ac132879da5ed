import { generateKeyPairSync } from 'node:crypto';
import { type KeyPair, PAIRS, pem } from '../support/rsa.ts';
import { secret } from './patient.ts';

/** None of them the simulator's. */
export const [, , , , , , , app, alipay, merchant, wechatpay] = PAIRS;
export const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
export const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' });

export const pkcs8 = ({ privateKey }: KeyPair) => secret(pem(privateKey));
export const pkcs1 = ({ privateKey }: KeyPair) =>
  secret(String(privateKey.export({ type: 'pkcs1', format: 'pem' })));
export const spki = ({ publicKey }: KeyPair) => secret(pem(publicKey));
export const bare = (pem: string) => secret(pem.replace(/-----[^-]+-----|\s/g, ''));

export const API_V3_KEY = secret('Q7vXoZt2LrKp9SwB4nYcM1dHgE6uJf8T');

export const ALIPAY = {
  AP_APP_ID: '2021004100000001',
  AP_APP_KEY: pkcs8(app),
  AP_PUB_KEY: spki(alipay),
};
export const WECHATPAY = {
  WXPAY_APP_ID: 'wxd678efa567ab6787',
  WXPAY_MCH_ID: '1900000109',
  WXPAY_MCH_KEY: pkcs8(merchant),
  WXPAY_MCH_SERIAL: '1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C',
  WXPAY_API_V3_KEY: API_V3_KEY,
  WXPAY_PUB_KEY: spki(wechatpay),
  WXPAY_PUB_KEY_ID: 'PUB_KEY_ID_0114232134912410000000000001',
  WXPAY_NOTIFY_URL: 'https://pay.shop.cn/hook',
};
