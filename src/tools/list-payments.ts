import { z } from 'zod';
import { ORDER_STATES } from '../domain/order.ts';
import { listPayments } from '../payments/list-payments.ts';
import { defineTool } from './define-tool.ts';
import { DEFAULT_LIMIT, described, pageShape } from './params.ts';
import { paymentListView } from './views.ts';

export const listPaymentsTool = defineTool({
  name: 'list-payments',
  title: { zh: '订单列表', en: 'List payments' },
  description: {
    zh: '列出账本中的订单与合计，新的在前。',
    en: 'List orders of the ledger, newest first, with totals.',
  },
  scope: 'cashier:read',
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: (setting) => ({
    from: described(setting, z.string().optional(), {
      zh: '起始日 YYYY-MM-DD（北京时间）',
      en: 'first day, YYYY-MM-DD (Beijing time)',
    }),
    to: described(setting, z.string().optional(), {
      zh: '截止日，含当天',
      en: 'last day, YYYY-MM-DD, included',
    }),
    state: described(setting, z.enum(ORDER_STATES).optional(), { zh: '只列此状态', en: 'only this state' }),
    ...pageShape(setting),
  }),
  output: paymentListView,
  run: async ({ till, call, present }, args) =>
    present.list(await listPayments(till, call, { ...args, limit: args.limit ?? DEFAULT_LIMIT })),
});
