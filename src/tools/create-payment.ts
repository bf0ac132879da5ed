import { z } from 'zod';
import { createPayment } from '../payments/create-payment.ts';
import { defineTool } from './define-tool.ts';
import { described, provider, saleShape, wanted } from './params.ts';
import { paymentView } from './views.ts';

export const createPaymentTool = defineTool({
  name: 'create-payment',
  title: { zh: '收款', en: 'Create payment' },
  description: {
    zh: '创建一笔收款，返回二维码或链接。创建不等于已付款：交付前用 query-payment 查到 PAID。重试用同一 outTradeNo。',
    en: 'Create a payment and get a QR code or link. Created is not paid: deliver only after query-payment says PAID. Retry with the same outTradeNo.',
  },
  hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  input: (setting) =>
    z.strictObject({
      provider: described(
        setting,
        setting.providers.length === 1 ? provider(setting).optional() : provider(setting),
        { zh: '买家用哪种支付方式', en: 'how the buyer pays' },
      ),
      scene: described(setting, z.enum(setting.scenes).optional(), {
        zh: 'qr（默认）扫码；web 网页；h5 手机浏览器；jsapi 微信内；app',
        en: 'qr (default) scan; web page; h5 phone browser; jsapi inside WeChat; app',
      }),
      ...saleShape(setting),
      ...where(setting.scenes.includes('jsapi'), {
        payerOpenid: described(setting, z.string().min(1).max(128).optional(), {
          zh: 'jsapi 必填',
          en: 'for jsapi',
        }),
      }),
      ...where(setting.providers.includes('wechatpay'), {
        payerClientIp: described(setting, z.string().min(1).max(45).optional(), {
          zh: '微信 h5 必填：买家 IP',
          en: "for WeChat h5: the buyer's IP",
        }),
      }),
    }),
  showsImage: true,
  output: paymentView,
  run: async ({ cashier, call, present }, args) =>
    present.created(await createPayment(cashier, call, wanted({ ...args, scene: args.scene ?? 'qr' }))),
});

/** Arguments that are optional, and where nothing could come of them not even published. */
function where<Shape>(offered: boolean, shape: Shape): Shape {
  return offered ? shape : ({} as Shape);
}
