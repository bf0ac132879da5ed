import { z } from 'zod';
import { askBegun } from '../payments/choose-wallet.ts';
import { defineTool } from './define-tool.ts';
import { described, orderNo, otherProvider } from './params.ts';
import { paymentView } from './views.ts';

export const queryPaymentTool = defineTool({
  name: 'query-payment',
  title: { zh: '查询支付', en: 'Query payment' },
  description: {
    zh: '向支付平台查询订单。只有 PAID 才算已付款，买家的话不算。',
    en: 'Ask the gateway about an order. Only PAID is paid, whatever the buyer says. waitSeconds waits for it.',
  },
  scope: 'cashier:read',
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  input: (setting) => ({
    outTradeNo: orderNo(setting),
    waitSeconds: described(setting, z.int().min(0).max(50).optional(), {
      zh: '等待付款的秒数，0–50',
      en: 'seconds to wait, 0–50',
    }),
    provider: otherProvider(setting),
  }),
  output: paymentView,
  run: async ({ till, call, present }, args) =>
    present.payment(await askBegun(till, call, { ...args, waitSeconds: args.waitSeconds ?? 0 })),
});
