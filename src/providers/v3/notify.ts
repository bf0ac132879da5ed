import type { KeyObject } from 'node:crypto';
import { NotifyRejected, type RawNotify } from '../contract.ts';
import { type Answer, objectAt, readUnambiguous, textAt, wordAt } from './answer.ts';
import { openSealed, type Sealed } from './cipher.ts';
import type { PlatformKeys } from './downloaded-keys.ts';
import type { Limits } from './limits.ts';
import { type KnownTrade, readTrade, type Trades } from './trade.ts';
import type { VerifySignature } from './verifier.ts';

/** A notification whose signature holds and whose seal is broken. */
export interface OpenedNotify {
  readonly id: string;
  readonly eventType: string;
  readonly originalType: string | undefined;
  /** What happened; undefined where it is no JSON object, or says something twice. */
  readonly resource: Answer | undefined;
}

interface Opening {
  /** With which the gateway's headers begin, in lower case. */
  readonly name: string;
  readonly verifySignature: VerifySignature;
  readonly keys: PlatformKeys;
  readonly apiKey: KeyObject;
  /** As long as an `id` may be. */
  readonly id: RegExp;
}

/**
 * Verifies the bytes, opens them, and only then reads what happened. Whoever signs is the gateway, and whoever seals
 * knows the merchant's API key, so events that mean nothing to us must open, too.
 * @param now ms
 */
export async function openNotify(raw: RawNotify, now: number, opening: Opening): Promise<OpenedNotify> {
  const { keys, apiKey } = opening;
  const serialHeader = `${opening.name}-serial`;
  const verdict = await opening.verifySignature(raw, keys.keyFor, now);
  if (verdict !== 'ok') {
    const named = raw.headers[serialHeader] ?? '';
    const unsure = verdict === 'unknown-serial' && keys.mayBeGenuine(named);
    throw new NotifyRejected(unsure ? 'keys-unavailable' : verdict);
  }
  const { sealed, ...envelope } = readEnvelope(raw.body, opening.id);
  const opened = openSealed(sealed, apiKey);
  if (!opened) throw new NotifyRejected('undecryptable');
  return { ...envelope, resource: readUnambiguous(opened) };
}

/** The algorithm is ours; the message may name no other. */
function readEnvelope(body: Buffer, form: RegExp): Omit<OpenedNotify, 'resource'> & { sealed: Sealed } {
  const envelope = readUnambiguous(body);
  const resource = objectAt(envelope, 'resource');
  const id = textAt(envelope, 'id');
  const eventType = wordAt(envelope, 'event_type');
  const ciphertext = textAt(resource, 'ciphertext');
  const nonce = textAt(resource, 'nonce');
  const associatedData = resource?.associated_data ?? '';
  if (
    id === undefined ||
    !form.test(id) ||
    eventType === undefined ||
    textAt(envelope, 'resource_type') !== 'encrypt-resource' ||
    textAt(resource, 'algorithm') !== 'AEAD_AES_256_GCM' ||
    ciphertext === undefined ||
    nonce === undefined ||
    typeof associatedData !== 'string'
  ) {
    throw new NotifyRejected('unreadable-envelope');
  }
  return {
    id,
    eventType,
    originalType: textAt(resource, 'original_type'),
    sealed: { ciphertext, nonce, associatedData },
  };
}

/** Read as a query's answer is. One that is paid must also say when and under which number, as it always does. */
export function notifiedTrade(
  answer: Answer | undefined,
  trades: Pick<Trades, 'merchant' | 'tradeStateOf'> & { readonly limits: Pick<Limits, 'isOutTradeNo'> },
): KnownTrade {
  const outTradeNo = textAt(answer, 'out_trade_no');
  const trade = trades.limits.isOutTradeNo(outTradeNo) ? readTrade(answer, trades, outTradeNo) : undefined;
  const vague = trade?.state === 'PAID' && (trade.gatewayTradeNo === undefined || trade.paidAt === undefined);
  if (!trade || vague) throw new NotifyRejected('unreadable-resource');
  return trade;
}
