import { z } from 'zod';
import { parseAmount } from '../domain/money.ts';
import { refundPayment } from '../payments/refund-payment.ts';
import { defineTool } from './define-tool.ts';
import { REFUND_SCHEMA } from './output-schemas.ts';
import { checkReason, described, outRefundNo, outTradeNo, provider, yuan } from './params.ts';

export const refundPaymentTool = defineTool({
  name: 'refund-payment',
  title: { zh: '退款', en: 'Refund payment' },
  description: {
    zh: '提出退款，通常需人工批准：批准后用相同参数再次调用。重试用同一 outRefundNo。',
    en: 'Propose a refund; usually a person must approve: then call again with the same arguments. Retry with the same outRefundNo.',
  },
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  input: (setting) =>
    z.strictObject({
      outTradeNo,
      refundYuan: described(setting, yuan, { zh: '元', en: 'yuan' }),
      outRefundNo: described(setting, outRefundNo.optional(), {
        zh: '缺省时，同额退款视为同一笔',
        en: 'when absent, an equal amount is the same refund',
      }),
      reason: z.string().optional(),
      provider: provider(setting).optional(),
    }),
  outputSchema: REFUND_SCHEMA,
  async run({ cashier, call, present }, args) {
    if (args.reason !== undefined) checkReason(args.reason);
    const result = await refundPayment(cashier, call, {
      outTradeNo: args.outTradeNo,
      provider: args.provider,
      refundFen: parseAmount(args.refundYuan, 'refundYuan'),
      outRefundNo: args.outRefundNo,
      reason: args.reason || undefined,
    });
    return present.refund(result);
  },
});
