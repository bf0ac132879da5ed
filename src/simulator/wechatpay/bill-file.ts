import { beijingDateTime } from '../../domain/clock.ts';
import { type Fen, toYuan } from '../../domain/money.ts';
import type { BillLine } from '../bill-lines.ts';
import type { Identity } from '../state/identity.ts';

type Merchant = Pick<Identity, 'mchId' | 'wechatAppId'>;

const COLUMNS =
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注';
const SUMMARY_COLUMNS =
  '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额';

/**
 * A trade bill of type ALL: a byte order mark, every cell behind a backtick, amounts in yuan, fees with five decimals,
 * and a line of sums under a header of its own.
 * @see https://pay.weixin.qq.com/docs/merchant/products/bill-download/format-trade.html
 */
export function billText(merchant: Merchant, lines: readonly BillLine[]): string {
  const sum = (some: readonly BillLine[]) => some.reduce((fen, { amountFen }) => fen + amountFen, 0);
  const paid = sum(lines.filter(({ refund }) => refund === undefined));
  const refunded = sum(lines.filter(({ refund }) => refund !== undefined));
  const fees = lines.reduce((fen, { feeFen }) => fen + feeFen, 0);
  const sums = [yuan(paid), yuan(refunded), '0.00', `${yuan(fees)}000`, yuan(paid), yuan(refunded)];
  const rows = lines.map((line) => cells(row(merchant, line)));
  return `\ufeff${[COLUMNS, ...rows, SUMMARY_COLUMNS, cells([String(lines.length), ...sums])].join('\r\n')}\r\n`;
}

function row(merchant: Merchant, { trade, refund, status, amountFen, feeFen, at }: BillLine): string[] {
  const { mchId, wechatAppId } = merchant;
  const appId = trade.seller === undefined ? (trade.app ?? wechatAppId) : wechatAppId;
  const amount = yuan(amountFen);
  const [payment, repayment] = refund === undefined ? [amount, '0.00'] : ['0.00', amount];
  return [
    ...[beijingDateTime(at), appId, mchId, trade.seller ?? '0', ''],
    ...[trade.tradeNo ?? '', trade.outTradeNo, trade.payer, 'NATIVE'],
    ...[refund === undefined ? 'SUCCESS' : 'REFUND', 'OTHERS', 'CNY', payment, '0.00'],
    ...[refund?.refundId ?? '0', refund?.outRefundNo ?? '0', repayment, '0.00'],
    ...(refund === undefined ? ['', ''] : ['ORIGINAL', status ?? '']),
    ...[trade.title, trade.attach ?? ''],
    ...[`${yuan(feeFen)}000`, '0.60%', payment, repayment, ''],
  ];
}

function cells(values: readonly string[]): string {
  return values.map((value) => `\`${value}`).join(',');
}

/** Signed fen as yuan. */
function yuan(fen: number): string {
  return `${fen < 0 ? '-' : ''}${toYuan(Math.abs(fen) as Fen)}`;
}
