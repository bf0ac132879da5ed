import { z } from 'zod';
import type { Scene } from '../../domain/order.ts';
import { createPayment } from '../../payments/create-payment.ts';
import { defineTool, type ToolWords } from '../define-tool.ts';
import { wanted } from '../params.ts';
import { amount, checkOrderTitle, outTradeNo } from './params.ts';
import { paymentLink } from './texts.ts';
import { WORDS } from './words.ts';

/** The official server's links live for a day, or for as long as Alipay lets them. */
const EXPIRES_IN_MINUTES = 1440;

/** Both of the official server's create tools: they differ in scene and words. */
export function linkTool({
  scene,
  label,
  ...told
}: ToolWords & {
  readonly scene: Scene;
  readonly label: string;
}) {
  const words = { ...WORDS, names: { ...WORDS.names, 'create-payment': told.name } };
  return defineTool({
    ...told,
    scope: 'cashier:pay',
    hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
    words,
    input: () => ({
      outTradeNo,
      amountYuan: amount.describe('支付金额，单位：元，最小金额为 0.01'),
      title: z.string().describe('订单标题，最大长度为 256 个字符'),
    }),
    failure: (sentence) => `支付链接创建失败. 错误信息: ${sentence}`,
    async run({ till, call, present }, args) {
      const expiresInMinutes = till.providers.get('alipay')?.maxExpiryMinutes ?? EXPIRES_IN_MINUTES;
      const fixed = { provider: 'alipay', scene, expiresInMinutes } as const;
      const result = await createPayment(till, call, wanted({ ...args, ...fixed }, checkOrderTitle));
      return paymentLink(present, result, { label, words, now: till.clock.now() });
    },
  });
}
