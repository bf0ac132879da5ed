import type { BillLine } from '../bill-lines.ts';
import type { Identity } from '../state/identity.ts';
import { billText as tradeBillText } from '../v3/bill-text.ts';

type Merchant = Pick<Identity, 'mchId' | 'wechatAppId'>;

const COLUMNS =
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注';
const SUMMARY_COLUMNS =
  '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额';

/**
 * A trade bill of type ALL.
 * @see https://pay.weixin.qq.com/docs/merchant/products/bill-download/format-trade.html
 */
export function billText({ mchId, wechatAppId }: Merchant, lines: readonly BillLine[]): string {
  return tradeBillText(lines, {
    ...{ columns: COLUMNS, summaryColumns: SUMMARY_COLUMNS },
    head: ({ trade }) => {
      const appId = trade.seller === undefined ? (trade.app ?? wechatAppId) : wechatAppId;
      return [appId, mchId, trade.seller ?? '0', ''];
    },
  });
}
