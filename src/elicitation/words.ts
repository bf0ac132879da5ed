import type { Text } from '../domain/errors.ts';
import { toYuan } from '../domain/money.ts';
import type { ApprovalRecord } from '../ledger/records.ts';
import { MAX_REASON } from '../policy/reason.ts';
import type { Language } from '../tools/answer.ts';

/** Where a person decides: on the operator's page, or in a form that the client shows. */
export type Mode = 'url' | 'form';

const WHAT_TO_DO: Readonly<Record<Mode, Text>> = {
  url: {
    zh: '请打开页面，以操作员身份登录后批准或拒绝；目前没有资金变动。',
    en: 'Open the page, sign in as operator and approve or deny it there; no money has moved.',
  },
  form: {
    zh: '批准后立即执行；目前没有资金变动。',
    en: 'It is carried out as soon as you approve; no money has moved.',
  },
};

/** What a person is asked: kind, amount and numbers only, for titles and reasons are the agent's words (Law 7). */
export function question(
  { kind, amountFen, outTradeNo, outRefundNo }: ApprovalRecord,
  mode: Mode,
  language: Language,
): string {
  const yuan = toYuan(amountFen);
  const subject: Text =
    kind === 'refund'
      ? {
          zh: `等待您批准：退款 ${yuan} 元，订单 ${outTradeNo}，退款单 ${outRefundNo}。`,
          en: `Waiting for your approval: a refund of ${yuan} yuan, order ${outTradeNo}, refund ${outRefundNo}. `,
        }
      : {
          zh: `等待您批准：收款 ${yuan} 元，订单 ${outTradeNo}。`,
          en: `Waiting for your approval: a payment of ${yuan} yuan, order ${outTradeNo}. `,
        };
  return `${subject[language]}${WHAT_TO_DO[mode][language]}`;
}

/** The form of one yes or no, without a default. */
export function formOf(language: Language) {
  const zh = language === 'zh';
  return {
    type: 'object' as const,
    properties: {
      approve: {
        type: 'boolean' as const,
        title: zh ? '批准' : 'Approve',
        description: zh ? '是：批准；否：拒绝，且不可撤回' : 'Yes approves; no denies for good',
      },
      reason: {
        type: 'string' as const,
        title: zh ? '拒绝的理由（可不填）' : 'Why not (optional)',
        maxLength: MAX_REASON,
      },
    },
    required: ['approve'],
  };
}
