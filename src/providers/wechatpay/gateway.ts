import type { Clock } from '../../domain/clock.ts';
import { defined } from '../../domain/defined.ts';
import type { PlatformKeys } from '../v3/downloaded-keys.ts';
import { type Exchange, type Ports, type SendSigned, verifiedExchange } from '../v3/exchange.ts';
import { nonce, timestamp } from '../v3/sign.ts';
import { sendWithBackup } from './backup.ts';
import type { Operation } from './codes.ts';
import type { WechatpayConfig } from './config.ts';
import { CHANGES, isRefusalDespite500, refusal } from './errors.ts';
import type { Signer } from './signer.ts';
import { verifySignature } from './verifier.ts';

export type WechatpayExchange = Exchange<Operation>;

/**
 * The request as WeChat Pay wants it. `Wechatpay-Serial` goes on every request, also on GET: it makes the gateway
 * sign its answer with the public key that the merchant has.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013038816
 */
export function signedSender(config: WechatpayConfig, signer: Signer, ports: Ports): SendSigned {
  return async ({ method, path, body, maxBodyBytes, timeoutMs, mayStill }) => {
    const authorization = await signer.authorization({
      method,
      path,
      body,
      nonce: nonce(ports.randomBytes),
      timestamp: timestamp(ports.clock),
    });
    const request = {
      method,
      path,
      headers: {
        Accept: 'application/json',
        'Content-Type': 'application/json',
        'User-Agent': 'mcp-cashier',
        Authorization: authorization,
        ...(config.platformKey === undefined ? {} : { 'Wechatpay-Serial': config.platformKey.id }),
      },
      ...defined({ body, maxBodyBytes, timeoutMs }),
    };
    return sendWithBackup(ports.http, config.origin, request, mayStill);
  };
}

/** What WeChat Pay has proven. */
export function wechatpayExchange(send: SendSigned, keys: PlatformKeys, clock: Clock): WechatpayExchange {
  return verifiedExchange(send, {
    ...{ name: 'wechatpay', verifySignature, keys, clock },
    ...{ refusal, isRefusalDespite500, changes: CHANGES },
  });
}
