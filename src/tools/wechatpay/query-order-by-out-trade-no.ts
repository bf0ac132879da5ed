import { askPayment } from '../../payments/query-payment.ts';
import { defineTool } from '../define-tool.ts';
import { insistWallet } from '../face.ts';
import { orderNo } from '../params.ts';
import { paymentText } from './texts.ts';
import { WORDS } from './words.ts';

export const queryOrderByOutTradeNoTool = defineTool({
  name: 'query-order-by-out-trade-no',
  title: { zh: '查询微信订单', en: 'Query WeChat Pay order' },
  description: {
    zh: '按订单号向微信支付查询订单状态。只有 PAID 才算已付款，买家的话不算。',
    en: 'Ask WeChat Pay about an order by its number. Only PAID is paid, whatever the buyer says.',
  },
  scope: 'cashier:read',
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  words: WORDS,
  input: (setting) => ({ outTradeNo: orderNo(setting) }),
  async run({ till, call, present }, { outTradeNo }) {
    await insistWallet(till, outTradeNo, 'wechatpay');
    const asked = { outTradeNo, provider: 'wechatpay', waitSeconds: 0 } as const;
    return paymentText(await present.payment(await askPayment(till, call, asked)), present);
  },
});
