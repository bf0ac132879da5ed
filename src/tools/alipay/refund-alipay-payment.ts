import { z } from 'zod';
import { refundPayment } from '../../payments/refund-payment.ts';
import { defineTool } from '../define-tool.ts';
import { insistWallet } from '../face.ts';
import { wantedBack } from '../params.ts';
import { amount, checkRefundReason, outRefundNo, outTradeNo } from './params.ts';
import { refund } from './texts.ts';
import { WORDS } from './words.ts';

export const refundAlipayPaymentTool = defineTool({
  name: 'refund-alipay-payment',
  title: { zh: '退款', en: 'Refund Alipay payment' },
  description: {
    zh: '对交易发起退款，并返回退款状态和退款金额',
    en: 'Refund a trade and return the state and amount of the refund',
  },
  scope: 'cashier:refund',
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  words: WORDS,
  input: () => ({
    outTradeNo,
    refundYuan: amount.describe('退款金额，单位：元，最小金额为 0.01'),
    outRefundNo,
    reason: z.string().optional().describe('退款原因，最大长度为 256 个字符'),
  }),
  failure: (sentence) => `退款执行失败. 错误信息: ${sentence}`,
  async run({ till, call, present }, args) {
    const wish = wantedBack({ ...args, provider: 'alipay' }, checkRefundReason);
    const { outTradeNo, outRefundNo } = args;
    await insistWallet(till, outTradeNo, 'alipay');
    // What a person approved was sent since: the call that repeats it is the first to hear, and not of a repetition.
    const repeated = await till.ledger.read((book) => book.audit.toldOfRefund(outTradeNo, outRefundNo));
    return refund(present, await refundPayment(till, call, wish), { repeated });
  },
});
