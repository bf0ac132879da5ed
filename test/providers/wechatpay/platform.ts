import { createCipheriv, type KeyObject, sign } from 'node:crypto';
import type { GatewayResponse } from '../../../src/providers/gateway-http.ts';

/** The test signer: WeChat Pay's side of signing and sealing, the counterpart of verifier.ts and cipher.ts. */

export interface SigningIdentity {
  readonly serial: string;
  readonly privateKey: KeyObject;
}

/** Body as text: a string is taken as it is, anything else is serialised. */
export function bodyOf(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

/** An answer signed at `now` (ms). `headers` are added after signing and may overwrite. */
export function signedAnswer(
  status: number,
  body: unknown,
  identity: SigningIdentity,
  now: number,
  headers: Readonly<Record<string, string>> = {},
): GatewayResponse {
  const text = bodyOf(body);
  const timestamp = String(Math.floor(now / 1000));
  const nonce = 'EcdmbGmuT3fMBdiKcdvJBoWhOIaPvZ6P';
  const signature = sign('RSA-SHA256', Buffer.from(`${timestamp}\n${nonce}\n${text}\n`), identity.privateKey);
  return {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'request-id': '08F78BB8F005108102188BC1EBA30520F89ABC0428-268498688',
      'wechatpay-nonce': nonce,
      'wechatpay-serial': identity.serial,
      'wechatpay-signature': signature.toString('base64'),
      'wechatpay-timestamp': timestamp,
      ...headers,
    },
    body: Buffer.from(text),
  };
}

/** An answer as an edge or a proxy gives it. */
export function unsignedAnswer(status: number, body: unknown, type = 'application/json'): GatewayResponse {
  return { status, headers: { 'content-type': type }, body: Buffer.from(bodyOf(body)) };
}

/** `answer` without some of its headers. */
export function without(answer: GatewayResponse, ...names: readonly string[]): GatewayResponse {
  const headers = Object.entries(answer.headers).filter(([name]) => !names.includes(name));
  return { ...answer, headers: Object.fromEntries(headers) };
}

export function withHeaders(
  answer: GatewayResponse,
  headers: Readonly<Record<string, string>>,
): GatewayResponse {
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

/** AEAD_AES_256_GCM as WeChat Pay does it: base64 of ciphertext and tag. */
export function seal(
  plaintext: string | Buffer,
  apiV3Key: string,
  nonce = '61f9c719728a',
  associatedData = 'certificate',
): { ciphertext: string; nonce: string; associatedData: string } {
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(apiV3Key), Buffer.from(nonce));
  cipher.setAAD(Buffer.from(associatedData));
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return { ciphertext: sealed.toString('base64'), nonce, associatedData };
}
