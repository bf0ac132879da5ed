// The gateways' word that a sale of the benchmarks is paid, written from their documents.
import { createCipheriv, randomBytes, randomInt, sign } from 'node:crypto';

const signed = (key, text) => sign('RSA-SHA256', Buffer.from(text), key).toString('base64');
const beijing = (ms) => new Date(ms + 8 * 3_600_000).toISOString().slice(0, 19);
const digits = (count) => Array.from({ length: count }, () => randomInt(10)).join('');

/** @param env a server's @param key Alipay's */
export function alipayNotice(env, key, { outTradeNo, amountYuan, title }) {
  const now = beijing(Date.now()).replace('T', ' ');
  const fields = {
    ...{ notify_time: now, notify_type: 'trade_status_sync', notify_id: digits(34), charset: 'utf-8' },
    ...{ version: '1.0', sign_type: 'RSA2', app_id: env.AP_APP_ID, auth_app_id: env.AP_APP_ID },
    ...{ seller_id: '2088000000000001', trade_no: digits(28), out_trade_no: outTradeNo },
    ...{ trade_status: 'TRADE_SUCCESS', total_amount: amountYuan, subject: title },
    ...{ buyer_id: '2088000000000009', gmt_create: now, gmt_payment: now },
  };
  const names = Object.keys(fields).filter((name) => name !== 'sign_type');
  const text = names.sort().map((name) => `${name}=${fields[name]}`);
  return {
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: `${new URLSearchParams({ ...fields, sign: signed(key, text.join('&')) })}`,
  };
}

/** @param env a server's @param key WeChat Pay's @param attach what the order was made with */
export function wechatpayNotice(env, key, { outTradeNo, amountYuan }, attach) {
  const total = Math.round(Number(amountYuan) * 100);
  const cipherNonce = randomBytes(6).toString('hex');
  const cipher = createCipheriv('aes-256-gcm', env.WXPAY_API_V3_KEY, cipherNonce);
  cipher.setAAD(Buffer.from('transaction'));
  const trade = {
    ...{ appid: env.WXPAY_APP_ID, mchid: env.WXPAY_MCH_ID, out_trade_no: outTradeNo, attach },
    ...{ transaction_id: digits(28), trade_type: 'NATIVE', trade_state: 'SUCCESS', bank_type: 'OTHERS' },
    ...{ success_time: `${beijing(Date.now())}+08:00`, payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' } },
    ...{ amount: { total, payer_total: total, currency: 'CNY', payer_currency: 'CNY' } },
  };
  const sealed = [cipher.update(JSON.stringify(trade)), cipher.final(), cipher.getAuthTag()];
  const body = JSON.stringify({
    ...{ id: `EV-${digits(19)}`, create_time: `${beijing(Date.now())}+08:00` },
    ...{ resource_type: 'encrypt-resource', event_type: 'TRANSACTION.SUCCESS', summary: '支付成功' },
    resource: {
      ...{ original_type: 'transaction', algorithm: 'AEAD_AES_256_GCM', nonce: cipherNonce },
      ...{ associated_data: 'transaction', ciphertext: Buffer.concat(sealed).toString('base64') },
    },
  });
  const [timestamp, nonce] = [String(Math.floor(Date.now() / 1000)), randomBytes(16).toString('hex')];
  return {
    headers: {
      'content-type': 'application/json',
      'wechatpay-timestamp': timestamp,
      'wechatpay-nonce': nonce,
      'wechatpay-serial': env.WXPAY_PUB_KEY_ID,
      'wechatpay-signature': signed(key, `${timestamp}\n${nonce}\n${body}\n`),
    },
    body,
  };
}
