import { z } from 'zod';
import { parseAmount } from '../../domain/money.ts';
import { refundPayment } from '../../payments/refund-payment.ts';
import { defineTool } from '../define-tool.ts';
import { insistWallet } from '../face.ts';
import { checkReason, described, outRefundNo } from '../params.ts';
import { amountYuan, outTradeNoOf } from './params.ts';
import { refundText } from './texts.ts';
import { WORDS } from './words.ts';

export const refundOrderTool = defineTool({
  name: 'refund-order',
  title: { zh: '微信退款', en: 'Refund WeChat Pay order' },
  description: {
    zh: '申请微信订单退款，通常需人工批准，批准后自动执行；用相同参数再次调用查看结果。重试用同一 out_refund_no。',
    en: 'Request a refund of a WeChat Pay order; usually a person must approve, then it is sent; the same call tells the result. Retry with the same out_refund_no.',
  },
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  words: WORDS,
  input: (setting) =>
    z.strictObject({
      out_trade_no: outTradeNoOf(setting),
      refund_yuan: amountYuan(setting),
      out_refund_no: described(setting, outRefundNo.optional(), {
        zh: '退款单号，1–64 位字母、数字、_；缺省时，同额退款视为同一笔',
        en: 'refund number: 1–64 letters, digits, _; when absent, an equal amount is the same refund',
      }),
      reason: described(setting, z.string().optional(), { zh: '原因，≤80 字', en: 'why, ≤80 characters' }),
    }),
  async run({ cashier, call, present }, args) {
    if (args.reason !== undefined) checkReason(args.reason);
    await insistWallet(cashier, args.out_trade_no, 'wechatpay');
    const result = await refundPayment(cashier, call, {
      outTradeNo: args.out_trade_no,
      provider: 'wechatpay',
      refundFen: parseAmount(args.refund_yuan, 'refund_yuan'),
      outRefundNo: args.out_refund_no,
      reason: args.reason || undefined,
    });
    return refundText(present, result);
  },
});
