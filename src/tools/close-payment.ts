import { closeBegun } from '../payments/choose-wallet.ts';
import { defineTool } from './define-tool.ts';
import { orderNo, otherProvider } from './params.ts';
import { paymentView } from './views.ts';

export const closePaymentTool = defineTool({
  name: 'close-payment',
  title: { zh: '关闭未付订单', en: 'Close payment' },
  description: {
    zh: '关闭未付款的订单；已付款的要用 refund-payment。',
    en: 'Close an unpaid order; a paid one needs refund-payment.',
  },
  scope: 'cashier:pay',
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  input: (setting) => ({ outTradeNo: orderNo(setting), provider: otherProvider(setting) }),
  output: paymentView,
  run: async ({ till, call, present }, args) => present.payment(await closeBegun(till, call, args)),
});
