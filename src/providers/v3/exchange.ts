import type { Clock, RandomBytes } from '../../domain/clock.ts';
import type { Scene } from '../../domain/order.ts';
import { type GatewayDeclined, type MayStill, OutcomeUnknown, Stopped } from '../contract.ts';
import type { GatewayHttp, GatewayResponse } from '../gateway-http.ts';
import { readAnswer, requestIdOf, wordAt } from './answer.ts';
import type { KeyFor, VerifySignature } from './verifier.ts';

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
  /** Before it goes out where something else had to be asked first, and before a second time; without it, it may. */
  readonly mayStill?: MayStill;
}

/** An answer, and whether an earlier send of the same bytes may have arrived as well. */
export interface SentResponse extends GatewayResponse {
  readonly mayBeSecond?: boolean;
}

/** A success whose signature was verified over the raw bytes. */
export interface VerifiedAnswer {
  readonly status: number;
  readonly body: Buffer;
  readonly requestId: string | undefined;
}

/** Sends one call and returns only what the gateway has proven; everything else is one of the port's three errors. */
export type Exchange<Operation extends string> = (
  operation: Operation,
  call: Call,
  scene?: Scene,
) => Promise<VerifiedAnswer>;

/** Signs and sends one call; the answer is raw and unverified. */
export type SendSigned = (call: Call) => Promise<SentResponse>;

/** An answer that is no success, as far as it could be read. */
export interface Refused<Operation extends string> {
  readonly operation: Operation;
  /** Of the order that was to be made. */
  readonly scene?: Scene | undefined;
  readonly status: number;
  /** The gateway's word, already checked to be one; undefined when the body could not be read. */
  readonly code: string | undefined;
  /** Whether the answer carried a valid signature. */
  readonly signed: boolean;
  readonly requestId: string | undefined;
}

/** How a gateway's answers are told from one another. */
interface Reading<Operation extends string> {
  /** With which its headers begin, in lower case. */
  readonly name: string;
  readonly verifySignature: VerifySignature;
  readonly keys: { ready(): Promise<boolean>; readonly keyFor: KeyFor };
  readonly clock: Clock;
  /** What an answer other than a success means to the money path. */
  refusal(refused: Refused<Operation>): GatewayDeclined | OutcomeUnknown;
  /** Whether a status of 500 is a no all the same. */
  isRefusalDespite500?(refused: Refused<Operation>): boolean;
  /** Calls that change something at the gateway. */
  readonly changes: ReadonlySet<Operation>;
}

/** Send, verify, and only then read. */
export function verifiedExchange<Operation extends string>(
  send: SendSigned,
  reading: Reading<Operation>,
): Exchange<Operation> {
  const { name, keys, clock, changes } = reading;
  return async (operation, call, scene) => {
    const haveAsked = await keys.ready(); // without a key to verify with, nothing is sent
    if (haveAsked && (await call.mayStill?.()) === false) throw new Stopped();
    const response = await send(call);
    const { status, headers, body } = response;
    const requestId = requestIdOf(headers);
    const success = status >= 200 && status < 300;
    // An error may come unsigned, from an edge that has no key; then it proves nothing. A wrong signature is worse.
    const signed = success || headers[`${name}-signature`] !== undefined;
    const code = success ? undefined : wordAt(readAnswer(body), 'code');
    const refused = { operation, scene, status, code, signed, requestId };
    const isRefused = (status >= 400 && status < 500) || reading.isRefusalDespite500?.(refused) === true;
    if (!success && !isRefused) throw new OutcomeUnknown(`http-${status}`, requestId);
    if (signed && (await reading.verifySignature(response, keys.keyFor, clock.now())) !== 'ok') {
      throw new OutcomeUnknown('bad-signature', requestId);
    }
    // What the first of two sends may have done, a no to the second does not undo, and may well be its effect.
    if (isRefused && response.mayBeSecond && changes.has(operation)) {
      throw new OutcomeUnknown('refused-after-lost', requestId);
    }
    if (isRefused) throw reading.refusal(refused);
    if (status !== 200 && status !== 204) throw new OutcomeUnknown(`http-${status}`, requestId);
    return { status, body, requestId };
  };
}
