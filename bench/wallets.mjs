// The merchant that the benchmarks play, at gateways of their own (gateway.mjs).
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Part of every order's account, so that a ledger filled before still is this merchant's. */
export const GATEWAY_PORT = Number(process.env.BENCH_GATEWAY_PORT ?? 39_417);
const origin = `http://127.0.0.1:${GATEWAY_PORT}`;

const pem = (key) => key.export({ type: key.type === 'private' ? 'pkcs8' : 'spki', format: 'pem' });

/** Made once and kept: they guard nothing. */
function keys() {
  const file = join(tmpdir(), 'cashier-bench', 'keys.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file));
  const made = ['app', 'alipay', 'merchant', 'wechatpay'].map((name) => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return [name, { privateKey: pem(privateKey), publicKey: pem(publicKey) }];
  });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(Object.fromEntries(made)), { mode: 0o600 });
  return keys();
}

/** `env` is a server's, `gateway` what gateway.mjs signs with. */
export function wallets() {
  const { app, alipay, merchant, wechatpay } = keys();
  const env = {
    CASHIER_MODE: 'simulator',
    AP_APP_ID: '2021000000000001',
    AP_APP_KEY: app.privateKey,
    AP_PUB_KEY: alipay.publicKey,
    AP_GATEWAY: `${origin}/gateway.do`,
    WXPAY_APP_ID: 'wx0000000000000001',
    WXPAY_MCH_ID: '1900000001',
    WXPAY_MCH_KEY: merchant.privateKey,
    WXPAY_MCH_SERIAL: '0123456789ABCDEF0123456789ABCDEF01234567',
    WXPAY_API_V3_KEY: '0123456789abcdef0123456789abcdef',
    WXPAY_PUB_KEY: wechatpay.publicKey,
    WXPAY_PUB_KEY_ID: 'PUB_KEY_ID_0119000000012026000000000000000001',
    WXPAY_NOTIFY_URL: 'https://shop.example.com/notify/wechatpay',
    WXPAY_GATEWAY: origin,
  };
  const gateway = {
    port: GATEWAY_PORT,
    alipayKey: alipay.privateKey,
    wechatpayKey: wechatpay.privateKey,
    ids: {
      appId: env.WXPAY_APP_ID,
      mchId: env.WXPAY_MCH_ID,
      keyId: env.WXPAY_PUB_KEY_ID,
    },
  };
  return { env, gateway };
}
