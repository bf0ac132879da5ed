import { askForRefund } from '../payments/query-refund.ts';
import { defineTool } from './define-tool.ts';
import { described, orderNo, otherProvider, outRefundNo } from './params.ts';
import { refundView } from './views.ts';

export const queryRefundTool = defineTool({
  name: 'query-refund',
  title: { zh: '查询退款', en: 'Query refund' },
  description: {
    zh: '查询退款进度；只有 SUCCESS 才算已退。',
    en: 'Ask how a refund stands; only SUCCESS is refunded.',
  },
  scope: 'cashier:read',
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  input: (setting) => ({
    outTradeNo: orderNo(setting),
    outRefundNo: described(setting, outRefundNo, { zh: '退款单号', en: 'refund number' }),
    provider: otherProvider(setting),
  }),
  output: refundView,
  run: async ({ till, call, present }, args) => present.refund(await askForRefund(till, call, args)),
});
