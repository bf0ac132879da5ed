import type { Language } from '../tools/answer.ts';
import { each, facesWith } from './faces.ts';
import type { PromptOptions } from './index.ts';

/** What a server tells every model at the start, with the tools that it serves. */
export function instructionsFor({ language, tools }: PromptOptions): string {
  const faces = facesWith(tools, ['create', 'query']);
  if (faces.length === 0) return WITHOUT_SELLING[language];
  const [create, query, paid] = (['create', 'query', 'paid'] as const).map((step) =>
    each(faces, language, step),
  );
  return language === 'zh'
    ? `收款步骤：${create} → 把链接或二维码给买家 → ${query} 查到 ${paid} → 才交付。创建不等于已付款，买家说已付也不算。重试用同一单号；不要编造订单号。退款只能申请，由商家批准。`
    : `To sell: ${create}, give the link or code to the buyer, ${query} until ${paid}, only then deliver. Neither an order nor a buyer's claim proves payment. Retry with the same number; never invent one. Refunds are requests that the merchant approves.`;
}

const WITHOUT_SELLING: Readonly<Record<Language, string>> = {
  zh: '只有查询结果才说明是否已付款，买家说已付不算。重试用同一单号；不要编造订单号。退款只能申请，由商家批准。',
  en: 'Only a query tells whether something is paid, whatever the buyer says. Retry with the same number; never invent one. Refunds are requests that the merchant approves.',
};
