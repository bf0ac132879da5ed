import { z } from 'zod';
import { closePayment } from '../payments/close-payment.ts';
import { defineTool } from './define-tool.ts';
import { PAYMENT_SCHEMA } from './output-schemas.ts';
import { orderNo, otherProvider } from './params.ts';

export const closePaymentTool = defineTool({
  name: 'close-payment',
  title: { zh: '关闭未付订单', en: 'Close payment' },
  description: {
    zh: '关闭未付款的订单；已付款的要用 refund-payment。',
    en: 'Close an unpaid order; a paid one needs refund-payment.',
  },
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  input: (setting) => z.strictObject({ outTradeNo: orderNo(setting), provider: otherProvider(setting) }),
  outputSchema: PAYMENT_SCHEMA,
  run: async ({ cashier, call, present }, args) => present.payment(await closePayment(cashier, call, args)),
});
