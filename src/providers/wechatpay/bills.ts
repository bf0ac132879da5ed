import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { DAY_MS } from '../../domain/clock.ts';
import { unlessAbsent } from '../absence.ts';
import { type Bill, OutcomeUnknown } from '../contract.ts';
import { readAnswer, requestIdOf, textAt, wordAt } from './answer.ts';
import { hostsOf } from './backup.ts';
import { readBillTable } from './bill-table.ts';
import type { WechatpayConfig } from './config.ts';
import { refusal } from './errors.ts';
import type { Exchange, SendSigned, VerifiedAnswer } from './gateway.ts';
import { merchantOf } from './merchant.ts';

/** Bytes of the packed and of the unpacked file: a line is about 300 bytes, gzip makes a tenth of it. */
const MAX_PACKED_BYTES = 32 * 1_048_576;
const MAX_UNPACKED_BYTES = 256 * 1_048_576;
/** ms; the address lives 30 s, and a download that has begun may go on. */
const DOWNLOAD_TIMEOUT_MS = 60_000;

interface Parts {
  readonly exchange: Exchange;
  readonly send: SendSigned;
  readonly config: Pick<WechatpayConfig, 'origin' | 'mchId' | 'appId' | 'subMerchant'>;
}

/**
 * Downloads the trade bill of a day. The signed answer names the file and its SHA-1; the file itself comes unsigned,
 * so it counts only when the bytes inside it have exactly that hash.
 *
 * Throws GatewayDeclined, GatewayUnavailable, and OutcomeUnknown for a bill that is not whole or not this one.
 *
 * @see https://pay.weixin.qq.com/docs/merchant/apis/native-payment/get-trade-bill.html
 * @see https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter7_3_9.shtml (the file)
 */
export async function downloadBill({ exchange, send, config }: Parts, date: string): Promise<Bill> {
  const merchant = merchantOf(config);
  // Without the sub-merchant it would be the bill of all that the provider has.
  const query = { bill_date: date, bill_type: 'ALL', tar_type: 'GZIP', ...merchant.ofRefund };
  const asked = `/v3/bill/tradebill?${new URLSearchParams(query)}`;
  const verified = await unlessAbsent(exchange('bill', { method: 'GET', path: asked }));
  if (verified === undefined) return { date, lines: [] };
  const { path, sha1 } = readTicket(verified, config.origin);
  const response = await send({
    method: 'GET',
    path,
    maxBodyBytes: MAX_PACKED_BYTES,
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
  });
  const requestId = requestIdOf(response.headers);
  if (response.status >= 400 && response.status < 500) {
    const { status } = response;
    const code = wordAt(readAnswer(response.body), 'code');
    throw refusal({ operation: 'bill', status, code, signed: false, requestId });
  }
  // A redirect would take our Authorization to an address that nobody signed.
  if (response.status !== 200) throw new OutcomeUnknown(`bill-http-${response.status}`, requestId);

  const bytes = unpack(response.body, requestId);
  if (createHash('sha1').update(bytes).digest('hex') !== sha1)
    throw new OutcomeUnknown('bill-hash', requestId);
  const { mchId, subMerchant } = config;
  const lines = readBillTable(
    new TextDecoder('utf-8').decode(bytes),
    { mchId, subMchId: subMerchant?.mchId },
    merchant.otherAccount,
  );
  const start = Date.parse(`${date}T00:00:00+08:00`);
  // A trade of the last second may be booked on the neighbouring day, but no further away.
  const strays = lines.some(({ at }) => at < start - DAY_MS || at >= start + 2 * DAY_MS);
  if (strays) throw new OutcomeUnknown('bill-of-another-day', requestId);
  return { date, lines };
}

/** Where the file is, which must be at this very gateway or its backup, and what its content must hash to. */
function readTicket(verified: VerifiedAnswer, origin: string): { path: string; sha1: string } {
  const answer = readAnswer(verified.body);
  const sha1 = textAt(answer, 'hash_value')?.toLowerCase() ?? '';
  // The algorithm is ours: another one in the answer is refused, never followed.
  if (textAt(answer, 'hash_type') !== 'SHA1' || !/^[0-9a-f]{40}$/.test(sha1)) {
    throw new OutcomeUnknown('bill-hash', verified.requestId);
  }
  const address = textAt(answer, 'download_url') ?? '';
  const host = hostsOf(origin).find((known) => address.startsWith(`${known}/`));
  const path = host === undefined ? '' : address.slice(host.length);
  if (!/^\/[\x21\x22\x24-\x7e]{0,4096}$/.test(path))
    throw new OutcomeUnknown('bill-address', verified.requestId);
  return { path, sha1 };
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
