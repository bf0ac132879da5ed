import { z } from 'zod';
import { askForRefund } from '../../payments/query-refund.ts';
import { defineTool } from '../define-tool.ts';
import { insistWallet } from '../face.ts';
import { outRefundNoOf, outTradeNoOf } from './params.ts';
import { refundText } from './texts.ts';
import { WORDS } from './words.ts';

export const queryRefundByOutRefundNoTool = defineTool({
  name: 'query-refund-by-out-refund-no',
  title: { zh: '查询微信退款', en: 'Query WeChat Pay refund' },
  description: {
    zh: '按退款单号查询微信退款进度；只有 SUCCESS 才算已退。',
    en: 'Ask how a WeChat Pay refund stands; only SUCCESS is refunded.',
  },
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  words: WORDS,
  input: (setting) =>
    z.strictObject({ out_trade_no: outTradeNoOf(setting), out_refund_no: outRefundNoOf(setting) }),
  async run({ cashier, call, present }, { out_trade_no: outTradeNo, out_refund_no: outRefundNo }) {
    await insistWallet(cashier, outTradeNo, 'wechatpay');
    const asked = { outTradeNo, outRefundNo, provider: 'wechatpay' } as const;
    return refundText(present, await askForRefund(cashier, call, asked));
  },
});
