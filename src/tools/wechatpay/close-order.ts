import { closePayment } from '../../payments/close-payment.ts';
import { defineTool } from '../define-tool.ts';
import { insistWallet } from '../face.ts';
import { orderNo } from '../params.ts';
import { paymentText } from './texts.ts';
import { WORDS } from './words.ts';

export const closeOrderTool = defineTool({
  name: 'close-order',
  title: { zh: '关闭微信订单', en: 'Close WeChat Pay order' },
  description: {
    zh: '关闭未付款的微信订单；已付款的要用 refund-order。',
    en: 'Close an unpaid WeChat Pay order; a paid one needs refund-order.',
  },
  scope: 'cashier:pay',
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  words: WORDS,
  input: (setting) => ({ outTradeNo: orderNo(setting) }),
  async run({ till, call, present }, { outTradeNo }) {
    await insistWallet(till, outTradeNo, 'wechatpay');
    const result = await closePayment(till, call, { outTradeNo, provider: 'wechatpay' });
    return paymentText(await present.payment(result), present);
  },
});
