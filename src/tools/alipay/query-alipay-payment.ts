import { askPayment } from '../../payments/query-payment.ts';
import { defineTool } from '../define-tool.ts';
import { insistWallet } from '../face.ts';
import { anyTradeNo } from './params.ts';
import { trade } from './texts.ts';
import { WORDS } from './words.ts';

export const queryAlipayPaymentTool = defineTool({
  name: 'query-alipay-payment',
  title: { zh: '查询支付', en: 'Query Alipay payment' },
  description: {
    zh: '查询一笔支付宝订单，并返回带有订单信息的文本',
    en: 'Query an Alipay order and return its state as text',
  },
  scope: 'cashier:read',
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  words: WORDS,
  input: () => ({ outTradeNo: anyTradeNo }),
  failure: (sentence) => `交易查询失败. 错误信息: ${sentence}`,
  async run({ till, call, present }, { outTradeNo }) {
    await insistWallet(till, outTradeNo, 'alipay');
    return trade(present, await askPayment(till, call, { outTradeNo, provider: 'alipay', waitSeconds: 0 }));
  },
});
