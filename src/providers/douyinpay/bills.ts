import { unlessAbsent } from '../absence.ts';
import { type Bill, type BillLine, OutcomeUnknown } from '../contract.ts';
import type { GatewayHttp } from '../gateway-http.ts';
import { isLive } from '../v3/addresses.ts';
import { billOf, FILE_LIMITS, openBill, readTicket } from '../v3/bill-file.ts';
import { type BillWords, readTable } from '../v3/bill-table.ts';
import type { DouyinpayConfig } from './config.ts';
import { BILL, merchantOf } from './dialect.ts';
import { refusal } from './errors.ts';
import { type DouyinpayExchange, PLAIN_HEADERS } from './gateway.ts';

/**
 * The columns as the API that Douyin Pay's is modelled on has them, and as they may be called here: nobody has published
 * the real ones. A bill that has others is unreadable, and never half read.
 */
const WORDS: BillWords = {
  columns: {
    at: ['交易时间', '交易完成时间'],
    mchId: ['商户号', '直连商户号'],
    transactionId: ['抖音支付订单号', '抖音支付单号', '抖音支付交易单号'],
    outTradeNo: ['商户订单号'],
    state: ['交易状态'],
    outRefundNo: ['商户退款单号'],
    refundState: ['退款状态'],
    fee: ['手续费'],
    amount: ['订单金额', '总金额'],
    refund: ['申请退款金额', '退款金额'],
  },
  appId: '应用ID',
  subMchId: ['特约商户号', '子商户号'],
  freeText: ['商品名称', '商户数据包'],
  summary: '总交易单数',
};

interface Parts {
  readonly exchange: DouyinpayExchange;
  readonly http: GatewayHttp;
  readonly config: DouyinpayConfig;
}

/**
 * Downloads the trade bill of a day: a signed answer names the file and its SHA-1, and the file is had without our
 * signature. Throws GatewayDeclined, GatewayUnavailable, and OutcomeUnknown for a bill that is not whole or not this one.
 * @see https://github.com/douyinpay/douyinpay-java (bill)
 */
export async function downloadBill({ exchange, http, config }: Parts, date: string): Promise<Bill> {
  const query = { mchid: config.mchId, bill_date: date, bill_type: 'TRADE', tar_type: 'GZIP' };
  const path = `${BILL}?${new URLSearchParams(query)}`;
  const verified = await unlessAbsent(exchange('bill', { method: 'GET', path }));
  if (verified === undefined) return { date, lines: [] };
  const ticket = readTicket(verified);
  if (!mayBeAsked(ticket.address, config)) throw new OutcomeUnknown('bill-address', verified.requestId);
  const file = { method: 'GET', url: ticket.address, headers: PLAIN_HEADERS, ...FILE_LIMITS } as const;
  const text = openBill(await http.send(file), ticket, refusal);
  const { otherAccount } = merchantOf(config);
  return billOf(date, readBillTable(text, config, otherAccount));
}

/**
 * Reads the text of a trade bill.
 * @param merchant whose bill it must be
 * @param otherAccount the account of an app that is not the configured one
 */
export function readBillTable(
  text: string,
  { mchId }: Pick<DouyinpayConfig, 'mchId'>,
  otherAccount?: (appId: string) => string | undefined,
): BillLine[] {
  return readTable(WORDS, text, { mchId }, otherAccount);
}

/** Files may be kept at another host, which the signed answer names; a simulated gateway has its own alone. */
function mayBeAsked(address: string, config: DouyinpayConfig): boolean {
  if (!/^https?:\/\/[\x21\x22\x24-\x7e]{1,4096}$/.test(address) || !URL.canParse(address)) return false;
  const { protocol, origin, username } = new URL(address);
  if (origin === config.origin) return username === '';
  return isLive(config) && protocol === 'https:' && username === '';
}
