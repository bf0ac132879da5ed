import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { DAY_MS } from '../../domain/clock.ts';
import { type Bill, type BillLine, type GatewayDeclined, OutcomeUnknown } from '../contract.ts';
import type { GatewayResponse } from '../gateway-http.ts';
import { readAnswer, requestIdOf, textAt, wordAt } from './answer.ts';
import type { Refused, VerifiedAnswer } from './exchange.ts';

/** Bytes of the packed and of the unpacked file: a line is about 300 bytes, gzip makes a tenth of it. */
const MAX_PACKED_BYTES = 32 * 1_048_576;
const MAX_UNPACKED_BYTES = 256 * 1_048_576;
/** ms; the address lives for less than a minute at some, and a download that has begun may go on. */
const DOWNLOAD_TIMEOUT_MS = 60_000;

/** How a file is fetched. */
export const FILE_LIMITS = { maxBodyBytes: MAX_PACKED_BYTES, timeoutMs: DOWNLOAD_TIMEOUT_MS };

/** Where a bill is, as a signed answer says, and what its content must hash to. */
export interface Ticket {
  readonly address: string;
  readonly sha1: string;
}

export function readTicket({ body, requestId }: VerifiedAnswer): Ticket {
  const answer = readAnswer(body);
  const sha1 = textAt(answer, 'hash_value')?.toLowerCase() ?? '';
  // The algorithm is ours: another one in the answer is refused, never followed.
  if (textAt(answer, 'hash_type') !== 'SHA1' || !/^[0-9a-f]{40}$/.test(sha1)) {
    throw new OutcomeUnknown('bill-hash', requestId);
  }
  return { address: textAt(answer, 'download_url') ?? '', sha1 };
}

/**
 * The text of a bill. The file comes unsigned, so it counts only when the bytes inside it have exactly the hash that was
 * signed.
 * @param refusal what a status of 400 to 499 means
 */
export function openBill(
  response: GatewayResponse,
  { sha1 }: Ticket,
  refusal: (refused: Refused<'bill'>) => GatewayDeclined | OutcomeUnknown,
): string {
  const { status, headers, body } = response;
  const requestId = requestIdOf(headers);
  if (status >= 400 && status < 500) {
    throw refusal({
      operation: 'bill',
      status,
      code: wordAt(readAnswer(body), 'code'),
      signed: false,
      requestId,
    });
  }
  // A redirect would take us to an address that nobody signed.
  if (status !== 200) throw new OutcomeUnknown(`bill-http-${status}`, requestId);
  const bytes = unpack(body, requestId);
  if (createHash('sha1').update(bytes).digest('hex') !== sha1)
    throw new OutcomeUnknown('bill-hash', requestId);
  return new TextDecoder('utf-8').decode(bytes);
}

/** Gzip as it was asked for, or plain where something on the way has unpacked it: the hash is over the content. */
function unpack(body: Buffer, requestId: string | undefined): Buffer {
  if (body[0] !== 0x1f || body[1] !== 0x8b) return body;
  try {
    return gunzipSync(body, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch {
    throw new OutcomeUnknown('bill-gzip', requestId);
  }
}

/** The bill of a day; throws OutcomeUnknown when its lines are of another. */
export function billOf(date: string, lines: readonly BillLine[]): Bill {
  const start = Date.parse(`${date}T00:00:00+08:00`);
  // A trade of the last second may be booked on the neighbouring day, but no further away.
  const strays = lines.some(({ at }) => at < start - DAY_MS || at >= start + 2 * DAY_MS);
  if (strays) throw new OutcomeUnknown('bill-of-another-day');
  return { date, lines };
}
