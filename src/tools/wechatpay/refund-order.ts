import { z } from 'zod';
import { parseAmount } from '../../domain/money.ts';
import { refundPayment } from '../../payments/refund-payment.ts';
import { defineTool } from '../define-tool.ts';
import { insistWallet } from '../face.ts';
import { checkReason } from '../params.ts';
import { amountYuan, out_refund_no, out_trade_no, reason } from './params.ts';
import { refundText } from './texts.ts';
import { WORDS } from './words.ts';

export const refundOrderTool = defineTool({
  name: 'refund-order',
  title: { zh: '微信退款', en: 'Refund WeChat Pay order' },
  description: {
    zh: '提出微信订单退款，通常需人工批准：批准后用相同参数再次调用。重试用同一 out_refund_no。',
    en: 'Propose a refund of a WeChat Pay order; usually a person must approve: then call again with the same arguments. Retry with the same out_refund_no.',
  },
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  words: WORDS,
  input: (setting) =>
    z.strictObject({
      out_trade_no,
      refund_yuan: amountYuan(setting),
      out_refund_no: out_refund_no.optional(),
      reason,
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
