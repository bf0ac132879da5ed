import { askForRefund } from '../../payments/query-refund.ts';
import { defineTool } from '../define-tool.ts';
import { insistWallet } from '../face.ts';
import { described, orderNo, outRefundNo } from '../params.ts';
import { refundText } from './texts.ts';
import { WORDS } from './words.ts';

export const queryRefundByOutRefundNoTool = defineTool({
  name: 'query-refund-by-out-refund-no',
  title: { zh: '查询微信退款', en: 'Query WeChat Pay refund' },
  description: {
    zh: '按退款单号查询微信退款进度；只有 SUCCESS 才算已退。',
    en: 'Ask how a WeChat Pay refund stands; only SUCCESS is refunded.',
  },
  scope: 'cashier:read',
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  words: WORDS,
  input: (setting) => ({
    outTradeNo: orderNo(setting),
    outRefundNo: described(setting, outRefundNo, {
      zh: '退款单号，1–64 位字母、数字、_',
      en: 'refund number: 1–64 letters, digits, _',
    }),
  }),
  async run({ till, call, present }, { outTradeNo, outRefundNo }) {
    await insistWallet(till, outTradeNo, 'wechatpay');
    const asked = { outTradeNo, outRefundNo, provider: 'wechatpay' } as const;
    return refundText(await present.refund(await askForRefund(till, call, asked)), present);
  },
});
