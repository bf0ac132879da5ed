import { CashierError } from '../../domain/errors.ts';
import { askForRefund } from '../../payments/query-refund.ts';
import { defineTool } from '../define-tool.ts';
import { insistWallet } from '../face.ts';
import { anyRefundNo, anyTradeNo } from './params.ts';
import { noRefund, refundStatus } from './texts.ts';
import { WORDS } from './words.ts';

export const queryAlipayRefundTool = defineTool({
  name: 'query-alipay-refund',
  title: { zh: '查询退款', en: 'Query Alipay refund' },
  description: {
    zh: '查询一笔支付宝退款，并返回退款状态和退款金额',
    en: 'Query an Alipay refund and return its state and amount',
  },
  scope: 'cashier:read',
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  words: WORDS,
  input: () => ({ outRefundNo: anyRefundNo, outTradeNo: anyTradeNo }),
  failure: (sentence) => `退款查询失败. 错误信息: ${sentence}`,
  async run({ till, call, present }, { outTradeNo, outRefundNo }) {
    await insistWallet(till, outTradeNo, 'alipay');
    const asked = { outTradeNo, outRefundNo, provider: 'alipay' } as const;
    try {
      return refundStatus(present, await askForRefund(till, call, asked));
    } catch (error) {
      // To Alipay a number that it has no refund of is an answer, not a failure.
      if (isNoSuchRefund(error)) return noRefund(present);
      throw error;
    }
  },
});

function isNoSuchRefund(error: unknown): boolean {
  const known = error instanceof CashierError && error.code === 'ORDER_NOT_FOUND';
  return known && error.details.argument === 'outRefundNo';
}
