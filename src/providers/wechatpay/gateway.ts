import type { Clock, RandomBytes } from '../../domain/clock.ts';
import { defined } from '../../domain/defined.ts';
import type { Scene } from '../../domain/order.ts';
import { type MayStill, OutcomeUnknown } from '../contract.ts';
import type { GatewayHttp } from '../gateway-http.ts';
import { readAnswer, requestIdOf, wordAt } from './answer.ts';
import { type SentResponse, sendWithBackup } from './backup.ts';
import type { Operation } from './codes.ts';
import type { WechatpayConfig } from './config.ts';
import { CHANGES, isRefusalDespite500, refusal } from './errors.ts';
import type { Signer } from './signer.ts';
import { type KeyFor, verifySignature } from './verifier.ts';

/** What reaches the adapter from outside. */
export interface Ports {
  readonly clock: Clock;
  readonly http: GatewayHttp;
  readonly randomBytes: RandomBytes;
}

/** One call of the API. `path` is percent-encoded, `body` the very bytes to sign and send. */
export interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  /** For a file instead of an answer: bytes that are read at most, and how long (ms) it may take. */
  readonly maxBodyBytes?: number;
  readonly timeoutMs?: number;
  /** Before it goes out a second time; without it, it may. */
  readonly mayStill?: MayStill;
}

/** A success whose signature was verified over the raw bytes. */
export interface VerifiedAnswer {
  readonly status: number;
  readonly body: Buffer;
  readonly requestId: string | undefined;
}

/** Sends one call and returns only what WeChat Pay has proven; everything else is one of the port's three errors. */
export type Exchange = (operation: Operation, call: Call, scene?: Scene) => Promise<VerifiedAnswer>;

/** Signs and sends one call; the answer is raw and unverified. */
export type SendSigned = (call: Call) => Promise<SentResponse>;

/** A one-time string for a signature: 32 hex characters. */
export function nonce(randomBytes: RandomBytes): string {
  return randomBytes(16).toString('hex');
}

/** The time of a signature: whole seconds since the epoch. */
export function timestamp(clock: Clock): string {
  return String(Math.floor(clock.now() / 1000));
}

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

/** Those of `platform-keys.ts`, as far as an answer is concerned. */
interface VerifyingKeys {
  ready(): Promise<void>;
  readonly keyFor: KeyFor;
}

/** Send, verify, and only then read. */
export function verifiedExchange(send: SendSigned, keys: VerifyingKeys, clock: Clock): Exchange {
  return async (operation, call, scene) => {
    await keys.ready(); // without a key to verify with, nothing is sent
    const response = await send(call);
    const { status, headers, body } = response;
    const requestId = requestIdOf(headers);
    const success = status >= 200 && status < 300;
    // An error may come unsigned, from an edge that has no key; then it proves nothing. A wrong signature is worse.
    const signed = success || headers['wechatpay-signature'] !== undefined;
    const code = success ? undefined : wordAt(readAnswer(body), 'code');
    const refused = { operation, scene, status, code, signed, requestId };
    const isRefused = (status >= 400 && status < 500) || isRefusalDespite500(refused);
    if (!success && !isRefused) throw new OutcomeUnknown(`http-${status}`, requestId);
    if (signed && (await verifySignature(response, keys.keyFor, clock.now())) !== 'ok') {
      throw new OutcomeUnknown('bad-signature', requestId);
    }
    // What the first of two sends may have done, a no to the second does not undo, and may well be its effect.
    if (isRefused && response.mayBeSecond && CHANGES.has(operation)) {
      throw new OutcomeUnknown('refused-after-lost', requestId);
    }
    if (isRefused) throw refusal(refused);
    if (status !== 200 && status !== 204) throw new OutcomeUnknown(`http-${status}`, requestId);
    return { status, body, requestId };
  };
}
