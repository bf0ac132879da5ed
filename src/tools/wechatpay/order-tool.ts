import type { z } from 'zod';
import type { Scene } from '../../domain/order.ts';
import { createPayment } from '../../payments/create-payment.ts';
import { defineTool, type ToolSetting, type ToolWords } from '../define-tool.ts';
import { saleShape, wanted } from '../params.ts';
import { paymentText } from './texts.ts';
import { wordsFor } from './words.ts';

type Payer = Readonly<Record<'payerOpenid' | 'payerClientIp', z.ZodType<string | undefined>>>;

/** The create tools: they differ in scene, in what the payer must be known by, and in words. */
export function orderTool({
  scene,
  payer,
  ...told
}: ToolWords & {
  readonly scene: Scene;
  readonly payer?: (setting: ToolSetting) => Partial<Payer>;
}) {
  return defineTool({
    ...told,
    scope: 'cashier:pay',
    hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
    words: wordsFor(scene),
    input: (setting) => ({
      ...saleShape(setting),
      ...(payer?.(setting) as Payer),
    }),
    async run({ till, call, present }, args) {
      const sale = wanted({ ...args, provider: 'wechatpay', scene });
      return paymentText(await present.created(await createPayment(till, call, sale)), present);
    },
  });
}
