import { type Clock, DAY_MS } from '../../domain/clock.ts';
import { defined } from '../../domain/defined.ts';
import { downloadedKeys, type PlatformKeys } from '../v3/downloaded-keys.ts';
import { type Exchange, type Ports, type SendSigned, verifiedExchange } from '../v3/exchange.ts';
import { nonce, signLines, timestamp } from '../v3/sign.ts';
import type { Operation } from './codes.ts';
import type { DouyinpayConfig } from './config.ts';
import { CERTIFICATES, HEADERS, verifyAnswer } from './dialect.ts';
import { CHANGES, refusal } from './errors.ts';

export type DouyinpayExchange = Exchange<Operation>;

/** What every request says of itself beside its signature. */
export const PLAIN_HEADERS = { Accept: 'application/json', 'User-Agent': 'mcp-cashier' };

/**
 * Signs a request and sends the very bytes that were signed.
 * @see https://github.com/douyinpay/douyinpay-python (formatter.py, signer.py)
 */
export function signedSender(config: DouyinpayConfig, ports: Ports): SendSigned {
  const { origin, mchId, merchantSerial, merchantKey } = config;
  return ({ method, path, body, maxBodyBytes, timeoutMs }) => {
    const [at, once] = [timestamp(ports.clock), nonce(ports.randomBytes)];
    const signature = signLines([method, path, at, once, body ?? ''], merchantKey);
    const members = { mchid: mchId, serial_no: merchantSerial, timestamp: at, nonce_str: once, signature };
    const said = Object.entries(members).map(([name, value]) => `${name}="${value}"`);
    return ports.http.send({
      method,
      url: `${origin}${path}`,
      headers: {
        ...PLAIN_HEADERS,
        'Content-Type': 'application/json',
        Authorization: `DouyinPay-RSA ${said.join(',')}`,
      },
      ...defined({ body, maxBodyBytes, timeoutMs }),
    });
  };
}

/**
 * The platform certificates: there is no other key. The first list may come unsigned; its seals show that it is from
 * whoever has the API key.
 * @see https://github.com/douyinpay/douyinpay-python (certificates.py)
 */
export function platformKeys({ apiKey }: DouyinpayConfig, send: SendSigned, clock: Clock): PlatformKeys {
  return downloadedKeys({
    ...{ apiKey, clock, refreshAfterMs: DAY_MS, serial: /^[0-9A-Za-z]{6,64}$/ },
    download: () => send({ method: 'GET', path: CERTIFICATES }),
    words: {
      ...{ list: 'certificates', ciphertext: 'cipher_text', names: ['cert_no', 'serial_no'] },
      ...{ sealsSuffice: true, verifySignature: verifyAnswer },
      refusal,
      checkKey: {
        zh: '请商家检查 DYPAY_API_KEY（API 密钥），然后用相同参数和单号重试。',
        en: 'Ask the merchant to check DYPAY_API_KEY (the API key), then call again with the same arguments and numbers.',
      },
    },
  });
}

/** What Douyin Pay has proven. */
export function douyinpayExchange(send: SendSigned, keys: PlatformKeys, clock: Clock): DouyinpayExchange {
  return verifiedExchange(send, {
    ...{ name: HEADERS, verifySignature: verifyAnswer, keys, clock },
    ...{ refusal, changes: CHANGES },
  });
}
