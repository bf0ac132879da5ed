import { z } from 'zod';
import type { Text } from '../../domain/errors.ts';
import type { Scene } from '../../domain/order.ts';
import { createPayment } from '../../payments/create-payment.ts';
import { defineTool } from '../define-tool.ts';
import { wanted } from '../params.ts';
import { amount, checkOrderTitle, outTradeNo } from './params.ts';
import { paymentLink } from './texts.ts';
import { WORDS } from './words.ts';

/** The official server's links live for as long as Alipay lets them. */
const EXPIRES_IN_MINUTES = 1440;

/** Both of the official server's create tools: they differ in scene and words. */
export function linkTool(face: {
  readonly name: string;
  readonly title: Text;
  readonly description: Text;
  readonly scene: Scene;
  readonly label: string;
}) {
  const words = { ...WORDS, names: { ...WORDS.names, 'create-payment': face.name } };
  return defineTool({
    name: face.name,
    title: face.title,
    description: face.description,
    hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
    words,
    input: () =>
      z.strictObject({
        outTradeNo,
        totalAmount: amount.describe('支付金额，单位：元，最小金额为 0.01'),
        orderTitle: z.string().describe('订单标题，最大长度为 256 个字符'),
      }),
    failure: (sentence) => `支付链接创建失败. 错误信息: ${sentence}`,
    async run({ cashier, call, present }, args) {
      const { outTradeNo, totalAmount: amountYuan, orderTitle: title } = args;
      const sale = { outTradeNo, amountYuan, title, expiresInMinutes: EXPIRES_IN_MINUTES };
      const wish = wanted({ ...sale, provider: 'alipay', scene: face.scene }, checkOrderTitle);
      const result = await createPayment(cashier, call, wish);
      return paymentLink(present, result, { label: face.label, words, now: cashier.clock.now() });
    },
  });
}
