import { z } from 'zod';
import type { Text } from '../../domain/errors.ts';
import { parseAmount } from '../../domain/money.ts';
import type { Scene } from '../../domain/order.ts';
import { createPayment } from '../../payments/create-payment.ts';
import type { PaymentResult } from '../../payments/results.ts';
import type { ToolAnswer } from '../answer.ts';
import { defineTool, type ToolSetting } from '../define-tool.ts';
import { checkBuyer, checkTitle } from '../params.ts';
import type { Presenter } from '../present.ts';
import { orderShape } from './params.ts';
import { paymentText } from './texts.ts';
import { wordsFor } from './words.ts';

const DEFAULT_EXPIRY_MINUTES = 30;

/** The create tools: they differ in scene, in what the payer must be known by, and in words. */
export function orderTool<Payer extends z.ZodRawShape>(face: {
  readonly name: string;
  readonly title: Text;
  readonly description: Text;
  readonly scene: Scene;
  readonly payer: (setting: ToolSetting) => Payer;
  readonly answer?: (present: Presenter, result: PaymentResult) => Promise<ToolAnswer>;
}) {
  return defineTool({
    name: face.name,
    title: face.title,
    description: face.description,
    hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
    words: wordsFor(face.scene),
    input: (setting) => z.strictObject({ ...orderShape(setting), ...face.payer(setting) }),
    async run({ cashier, call, present }, parsed) {
      const args = parsed as z.output<z.ZodObject<ReturnType<typeof orderShape>>> & {
        readonly payer_openid?: string;
        readonly payer_client_ip?: string;
      };
      checkTitle(args.title);
      checkBuyer(args.buyer);
      const result = await createPayment(cashier, call, {
        provider: 'wechatpay',
        scene: face.scene,
        amountFen: parseAmount(args.amount_yuan, 'amount_yuan'),
        title: args.title,
        outTradeNo: args.out_trade_no,
        buyer: args.buyer,
        expiresInMinutes: args.expires_in_minutes ?? DEFAULT_EXPIRY_MINUTES,
        payerOpenid: args.payer_openid,
        payerClientIp: args.payer_client_ip,
      });
      return (face.answer ?? paymentText)(present, result);
    },
  });
}
