import { z } from 'zod';
import { parseAmount } from '../domain/money.ts';
import { createPayment } from '../payments/create-payment.ts';
import { defineTool } from './define-tool.ts';
import { PAYMENT_SCHEMA } from './output-schemas.ts';
import { buyer, checkBuyer, checkTitle, described, outTradeNo, provider, TITLE, yuan } from './params.ts';
import { qrImage } from './qr-image.ts';

const DEFAULT_EXPIRY_MINUTES = 30;

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
      amountYuan: described(setting, yuan, {
        zh: '元，至多两位小数，如 "9.90"',
        en: 'yuan, at most 2 decimals, e.g. "9.90"',
      }),
      title: described(setting, z.string(), TITLE),
      outTradeNo: described(setting, outTradeNo.optional(), {
        zh: '订单号，6–32 位字母、数字、_；缺省自动生成',
        en: 'order number: 6–32 letters, digits, _; made here when absent',
      }),
      buyer: described(setting, buyer.optional(), {
        zh: '买家或会话的稳定标识，≤256 字符，用于识别重复调用',
        en: 'stable id of buyer or conversation (≤256 characters), to recognise a repeated call',
      }),
      expiresInMinutes: described(setting, z.int().min(1).max(1440).optional(), {
        zh: '有效期，1–1440 分钟，默认 30',
        en: 'minutes to pay, 1–1440, default 30',
      }),
      ...(setting.scenes.includes('jsapi')
        ? {
            payerOpenid: described(setting, z.string().min(1).max(128).optional(), {
              zh: 'jsapi 必填',
              en: 'for jsapi',
            }),
          }
        : {}),
      ...(setting.providers.includes('wechatpay')
        ? {
            payerClientIp: described(setting, z.string().min(1).max(45).optional(), {
              zh: '微信 h5 必填：买家 IP',
              en: "for WeChat h5: the buyer's IP",
            }),
          }
        : {}),
    }),
  showsImage: true,
  outputSchema: PAYMENT_SCHEMA,
  async run({ cashier, call, present }, args) {
    checkTitle(args.title);
    checkBuyer(args.buyer);
    const optional = args as { payerOpenid?: string; payerClientIp?: string };
    const result = await createPayment(cashier, call, {
      provider: args.provider,
      scene: args.scene ?? 'qr',
      amountFen: parseAmount(args.amountYuan, 'amountYuan'),
      title: args.title,
      outTradeNo: args.outTradeNo,
      buyer: args.buyer,
      expiresInMinutes: args.expiresInMinutes ?? DEFAULT_EXPIRY_MINUTES,
      payerOpenid: optional.payerOpenid,
      payerClientIp: optional.payerClientIp,
    });
    const answer = await present.payment(result);
    const qrCode = answer.structured?.qrCode;
    return typeof qrCode === 'string' ? { ...answer, image: await qrImage(qrCode) } : answer;
  },
});
