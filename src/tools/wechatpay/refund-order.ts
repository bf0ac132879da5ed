import { refundPayment } from '../../payments/refund-payment.ts';
import { defineTool } from '../define-tool.ts';
import { insistWallet } from '../face.ts';
import { orderNo, refundShape, saleShape, wantedBack } from '../params.ts';
import { refundText } from './texts.ts';
import { WORDS } from './words.ts';

export const refundOrderTool = defineTool({
  name: 'refund-order',
  title: { zh: '微信退款', en: 'Refund WeChat Pay order' },
  description: {
    zh: '申请微信订单退款，通常需人工批准，批准后自动执行；用相同参数再次调用查看结果。重试用同一 out_refund_no。',
    en: 'Request a refund of a WeChat Pay order; usually a person must approve, then it is sent; the same call tells the result. Retry with the same out_refund_no.',
  },
  scope: 'cashier:refund',
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  words: WORDS,
  input: (setting) => {
    const { amountYuan: refundYuan } = saleShape(setting);
    return { outTradeNo: orderNo(setting), refundYuan, ...refundShape(setting) };
  },
  async run({ till, call, present }, args) {
    await insistWallet(till, args.outTradeNo, 'wechatpay');
    const result = await refundPayment(till, call, wantedBack({ ...args, provider: 'wechatpay' }));
    return refundText(await present.refund(result), present);
  },
});
