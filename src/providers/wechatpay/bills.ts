import { unlessAbsent } from '../absence.ts';
import { type Bill, OutcomeUnknown } from '../contract.ts';
import { billOf, FILE_LIMITS, openBill, readTicket } from '../v3/bill-file.ts';
import type { SendSigned } from '../v3/exchange.ts';
import { hostsOf } from './backup.ts';
import { readBillTable } from './bill-table.ts';
import type { WechatpayConfig } from './config.ts';
import { refusal } from './errors.ts';
import type { WechatpayExchange } from './gateway.ts';
import { merchantOf } from './merchant.ts';

interface Parts {
  readonly exchange: WechatpayExchange;
  readonly send: SendSigned;
  readonly config: Pick<WechatpayConfig, 'origin' | 'mchId' | 'appId' | 'subMerchant'>;
}

/**
 * Downloads the trade bill of a day: a signed answer names the file and its SHA-1.
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
  const ticket = readTicket(verified);
  const path = pathOf(ticket.address, config.origin);
  if (path === undefined) throw new OutcomeUnknown('bill-address', verified.requestId);
  const text = openBill(await send({ method: 'GET', path, ...FILE_LIMITS }), ticket, refusal);
  const { mchId, subMerchant } = config;
  return billOf(date, readBillTable(text, { mchId, subMchId: subMerchant?.mchId }, merchant.otherAccount));
}

/** Where the file is, which must be at this very gateway or its backup: it is asked for with our Authorization. */
function pathOf(address: string, origin: string): string | undefined {
  const host = hostsOf(origin).find((known) => address.startsWith(`${known}/`));
  const path = host === undefined ? '' : address.slice(host.length);
  return /^\/[\x21\x22\x24-\x7e]{0,4096}$/.test(path) ? path : undefined;
}
