import { refundPayment } from '../payments/refund-payment.ts';
import { defineTool } from './define-tool.ts';
import { described, orderNo, otherProvider, refundShape, wantedBack, yuan } from './params.ts';
import { refundView } from './views.ts';

export const refundPaymentTool = defineTool({
  name: 'refund-payment',
  title: { zh: '退款', en: 'Refund payment' },
  description: {
    zh: '申请退款，通常需人工批准，批准后自动执行；同样再调用可看结果。重试用同一 outRefundNo。',
    en: 'Request a refund; usually a person must approve, then it is sent; the same call tells the result. Retry with the same outRefundNo.',
  },
  scope: 'cashier:refund',
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  input: (setting) => ({
    outTradeNo: orderNo(setting),
    refundYuan: described(setting, yuan, { zh: '元，至多两位小数', en: 'yuan, at most 2 decimals' }),
    ...refundShape(setting),
    provider: otherProvider(setting),
  }),
  app: 'approval',
  output: refundView,
  run: async ({ till, call, present }, args) =>
    present.refund(await refundPayment(till, call, wantedBack(args))),
});
