import { z } from 'zod';
import { parseAmount } from '../domain/money.ts';
import { refundPayment } from '../payments/refund-payment.ts';
import { defineTool } from './define-tool.ts';
import { REFUND_SCHEMA } from './output-schemas.ts';
import { checkReason, described, orderNo, otherProvider, outRefundNo, yuan } from './params.ts';

export const refundPaymentTool = defineTool({
  name: 'refund-payment',
  title: { zh: '退款', en: 'Refund payment' },
  description: {
    zh: '申请退款，通常需人工批准，批准后自动执行；用相同参数再次调用查看结果。重试用同一 outRefundNo。',
    en: 'Request a refund; usually a person must approve, then it is sent; the same call tells the result. Retry with the same outRefundNo.',
  },
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  input: (setting) =>
    z.strictObject({
      outTradeNo: orderNo(setting),
      refundYuan: described(setting, yuan, { zh: '元，至多两位小数', en: 'yuan, at most 2 decimals' }),
      outRefundNo: described(setting, outRefundNo.optional(), {
        zh: '退款单号，1–64 位字母、数字、_；缺省时，同额退款视为同一笔',
        en: 'refund number: 1–64 letters, digits, _; when absent, an equal amount is the same refund',
      }),
      reason: described(setting, z.string().optional(), { zh: '原因，≤80 字', en: 'why, ≤80 characters' }),
      provider: otherProvider(setting),
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
