import type { BillLine } from '../contract.ts';
import { type BillWords, readTable } from '../v3/bill-table.ts';

/** Some merchants still get the columns of earlier years. */
const WORDS: BillWords = {
  columns: {
    at: ['交易时间'],
    mchId: ['商户号'],
    transactionId: ['微信订单号'],
    outTradeNo: ['商户订单号'],
    state: ['交易状态'],
    outRefundNo: ['商户退款单号'],
    refundState: ['退款状态'],
    fee: ['手续费'],
    amount: ['订单金额', '总金额'],
    refund: ['申请退款金额', '退款金额'],
  },
  appId: '公众账号ID',
  // It has had two names as well.
  subMchId: ['特约商户号', '子商户号'],
  freeText: ['商品名称', '商户数据包'],
  summary: '总交易单数',
};

/**
 * Reads the text of a trade bill of type ALL.
 * @param merchant whose bill it must be
 * @param otherAccount the account of an AppID that is not the configured one; a merchant has one bill for all
 * @see https://pay.weixin.qq.com/docs/merchant/products/bill-download/format-trade.html
 */
export function readBillTable(
  text: string,
  merchant: Parameters<typeof readTable>[2],
  otherAccount?: (appId: string) => string | undefined,
): BillLine[] {
  return readTable(WORDS, text, merchant, otherAccount);
}
