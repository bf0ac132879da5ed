import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { secret } from './patient.ts';

interface Pair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}
const rsa = (bits: number): Promise<Pair> => promisify(generateKeyPair)('rsa', { modulusLength: bits });

export const [app, alipay, merchant, wechatpay, short, curve] = await Promise.all([
  rsa(2048),
  rsa(2048),
  rsa(2048),
  rsa(2048),
  rsa(1024),
  promisify(generateKeyPair)('ec', { namedCurve: 'P-256' }) as Promise<Pair>,
]);

export const pkcs8 = ({ privateKey }: Pair) =>
  secret(String(privateKey.export({ type: 'pkcs8', format: 'pem' })));
export const pkcs1 = ({ privateKey }: Pair) =>
  secret(String(privateKey.export({ type: 'pkcs1', format: 'pem' })));
export const spki = ({ publicKey }: Pair) =>
  secret(String(publicKey.export({ type: 'spki', format: 'pem' })));
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
