import type { z } from 'zod';
import type { Text } from '../../domain/errors.ts';
import type { Scene } from '../../domain/order.ts';
import { createPayment } from '../../payments/create-payment.ts';
import type { ToolSetting } from '../define-tool.ts';
import { saleShape, wanted } from '../params.ts';
import { wechatTool } from './spelling.ts';
import { paymentText } from './texts.ts';
import { wordsFor } from './words.ts';

type Payer = Readonly<Record<'payerOpenid' | 'payerClientIp', z.ZodType<string | undefined>>>;

/** The create tools: they differ in scene, in what the payer must be known by, and in words. */
export function orderTool(face: {
  readonly name: string;
  readonly title: Text;
  readonly description: Text;
  readonly scene: Scene;
  readonly payer?: (setting: ToolSetting) => Partial<Payer>;
}) {
  return wechatTool({
    name: face.name,
    title: face.title,
    description: face.description,
    hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
    words: wordsFor(face.scene),
    input: (setting) => ({
      ...saleShape(setting),
      ...(face.payer?.(setting) as Payer),
    }),
    async run({ cashier, call, present }, args) {
      const sale = wanted({ ...args, provider: 'wechatpay', scene: face.scene });
      return paymentText(await present.created(await createPayment(cashier, call, sale)), present);
    },
  });
}
