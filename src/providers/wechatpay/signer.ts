import { sign } from 'node:crypto';
import type { WechatpayConfig } from './config.ts';

/** One request in the very form that will be sent. */
export interface SignableRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query, percent-encoded. */
  readonly path: string;
  readonly body: string | undefined;
  readonly nonce: string;
  /** Whole seconds since the epoch. */
  readonly timestamp: string;
}

/** Proves to WeChat Pay that the merchant speaks. */
export interface Signer {
  /** The value of the `Authorization` header. */
  authorization(request: SignableRequest): string;
  /** Base64 over the lines, each ended by a newline: also what a front end hands to the WeChat client. */
  paySign(lines: readonly string[]): string;
}

/**
 * Signs with the merchant key.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012365342
 */
export function merchantSigner({ merchantKey, mchId, merchantSerial }: WechatpayConfig): Signer {
  const paySign = (lines: readonly string[]) =>
    sign('RSA-SHA256', Buffer.from(lines.map((line) => `${line}\n`).join(''), 'utf8'), merchantKey).toString(
      'base64',
    );
  return {
    paySign,
    authorization({ method, path, body = '', nonce, timestamp }) {
      const signature = paySign([method, path, timestamp, nonce, body]);
      return `WECHATPAY2-SHA256-RSA2048 mchid="${mchId}",nonce_str="${nonce}",timestamp="${timestamp}",serial_no="${merchantSerial}",signature="${signature}"`;
    },
  };
}
