import { z } from 'zod';
import type { Text } from '../domain/errors.ts';
import { beginPayment } from '../payments/choose-wallet.ts';
import { walletOf } from '../providers/registry.ts';
import { defineTool, type ToolSetting } from './define-tool.ts';
import { described, provider, saleShape, wanted } from './params.ts';
import { paymentView } from './views.ts';

export const createPaymentTool = defineTool({
  name: 'create-payment',
  title: { zh: '收款', en: 'Create payment' },
  description: {
    zh: '创建一笔收款，返回二维码或链接。创建不等于已付款：交付前用 query-payment 查到 PAID。重试用同一 outTradeNo。',
    en: 'Create a payment and get a QR code or link. Created is not paid: deliver only after query-payment says PAID. Retry with the same outTradeNo.',
  },
  scope: 'cashier:pay',
  hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  input: (setting) => ({
    provider: described(
      setting,
      setting.providers.length === 1 || setting.letsBuyerChoose
        ? provider(setting).optional()
        : provider(setting),
      setting.letsBuyerChoose
        ? {
            zh: '买家用哪种支付方式；缺省由买家在收银台选',
            en: 'how the buyer pays; absent, the buyer chooses on the checkout page',
          }
        : { zh: '买家用哪种支付方式', en: 'how the buyer pays' },
    ),
    scene: described(setting, z.enum(setting.scenes).optional(), {
      zh: 'qr（默认）扫码；web 网页；h5 手机浏览器；jsapi 支付 App 内；app',
      en: 'qr (default) scan; web page; h5 phone browser; jsapi inside the wallet app; app',
    }),
    ...saleShape(setting),
    ...where(asked(setting, 'payerOpenid'), (text) => ({
      payerOpenid: described(setting, z.string().min(1).max(128).optional(), text),
    })),
    ...where(asked(setting, 'payerClientIp'), (text) => ({
      payerClientIp: described(setting, z.string().min(1).max(45).optional(), text),
    })),
  }),
  showsImage: true,
  app: 'payment',
  output: paymentView,
  run: async ({ till, call, present }, args) =>
    present.created(await beginPayment(till, call, wanted({ ...args, scene: args.scene ?? 'qr' }))),
});

/** What a wallet of these says of something that it must know of the payer. */
function asked({ providers }: ToolSetting, argument: 'payerOpenid' | 'payerClientIp'): Text | undefined {
  return providers.map((id) => walletOf(id).payerArguments?.[argument]).find(Boolean);
}

/** Arguments that are optional, and where nothing could come of them not even published. */
function where<Shape>(text: Text | undefined, shape: (text: Text) => Shape): Shape {
  return text ? shape(text) : ({} as Shape);
}
