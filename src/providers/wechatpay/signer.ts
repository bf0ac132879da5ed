import type Pay from 'wechatpay-node-v3';
import { signLines } from '../v3/sign.ts';
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
  authorization(request: SignableRequest): Promise<string>;
  /** The signature a front end hands to the WeChat client: base64 over the lines, each ended by a newline. */
  paySign(lines: readonly string[]): string;
}

/**
 * Signs with the merchant key. Of `wechatpay-node-v3` only the two functions that build the Authorization header are
 * used: it checks no answer and no cipher tag, so transport, verification and decryption are ours. It is loaded on
 * first use, because importing it costs more than the rest of the adapter together.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012365342
 */
export function merchantSigner(config: WechatpayConfig): Signer {
  let loaded: Promise<Pay> | undefined;
  return {
    async authorization({ method, path, body, nonce, timestamp }) {
      loaded ??= loadSdk(config);
      const sdk = await loaded;
      const signature = sdk.getSignature(method, nonce, timestamp, path, body);
      return sdk.getAuthorization(nonce, timestamp, signature);
    },
    paySign: (lines) => signLines(lines, config.merchantKey),
  };
}

async function loadSdk(config: WechatpayConfig): Promise<Pay> {
  const { default: Sdk } = await import('wechatpay-node-v3');
  const sdk = new Sdk({
    appid: config.appId,
    mchid: config.mchId,
    serial_no: config.merchantSerial,
    // Asked for by the constructor; the one is read only when no serial number is given, the other is put in below.
    publicKey: Buffer.alloc(0),
    privateKey: Buffer.alloc(0),
  });
  // The SDK hands its key to node:crypto as it is: one that is parsed already saves most of a signature's cost.
  return Object.assign(sdk, { privateKey: config.merchantKey });
}
