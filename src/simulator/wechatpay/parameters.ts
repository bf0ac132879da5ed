import { z } from 'zod';
import { bytes, fenAmount, notifyUrl, outRefundNo, readJson, text } from '../v3/request-body.ts';
import { parameterError, WechatPayRefusal } from './refusal.ts';

export const outTradeNo = z.string().regex(/^[0-9A-Za-z_\-|*]{6,32}$/);

const sceneInfo = {
  payer_client_ip: z.union([z.ipv4(), z.ipv6()]),
  device_id: text(32).optional(),
  store_info: z
    .strictObject({
      id: text(32),
      name: text(256).optional(),
      area_code: text(32).optional(),
      address: text(512).optional(),
    })
    .optional(),
};
const h5Info = z.strictObject({
  type: z.enum(['Wap', 'iOS', 'Android']),
  app_name: text(64).optional(),
  app_url: text(128).optional(),
  bundle_id: text(128).optional(),
  package_name: text(128).optional(),
});

const order = {
  description: bytes(127),
  out_trade_no: outTradeNo,
  time_expire: z.iso.datetime({ offset: true }).optional(),
  attach: text(128).optional(),
  // One character less than a refund's.
  notify_url: notifyUrl.max(255),
  goods_tag: text(32).optional(),
  support_fapiao: z.boolean().optional(),
  limit_pay: z.array(text(32)).optional(),
  amount: z.strictObject({ total: fenAmount, currency: z.literal('CNY').optional() }),
  detail: z.record(z.string(), z.unknown()).optional(),
  settle_info: z.strictObject({ profit_sharing: z.boolean().optional() }).optional(),
};
const openid = z.string().regex(/^[0-9A-Za-z_-]{1,128}$/);

/** Of a merchant's own order, and of one for a sub-merchant. */
const PARTIES = {
  own: { appid: text(32), mchid: text(32) },
  partner: { sp_appid: text(32), sp_mchid: text(32), sub_appid: text(32).optional(), sub_mchid: text(32) },
};
const PAYERS = {
  own: z.strictObject({ openid }),
  partner: z.union([z.strictObject({ sp_openid: openid }), z.strictObject({ sub_openid: openid })]),
};

/** An order as it came, whoever's it is. */
export interface OrderRequest extends z.infer<z.ZodObject<typeof order>> {
  readonly appid?: string;
  readonly mchid?: string;
  readonly sp_appid?: string;
  readonly sp_mchid?: string;
  readonly sub_appid?: string;
  readonly sub_mchid?: string;
  readonly payer?: { readonly openid?: string; readonly sp_openid?: string; readonly sub_openid?: string };
}

/**
 * What each way of ordering takes, as a merchant's own or for a sub-merchant. Unknown parameters and nulls are refused.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791877
 */
export const ORDERS = { own: ordersOf('own'), partner: ordersOf('partner') };
export type OrderKind = keyof typeof ORDERS.own;

function ordersOf(whose: keyof typeof PARTIES) {
  const schema = (beyond: { scene_info: z.ZodType; payer?: z.ZodType }) =>
    z.strictObject({ ...order, ...PARTIES[whose], ...beyond }) as z.ZodType<OrderRequest>;
  const scene = { scene_info: z.strictObject(sceneInfo).optional() };
  return {
    native: schema(scene),
    app: schema(scene),
    // Who pays is known beforehand only inside WeChat.
    jsapi: schema({ ...scene, payer: PAYERS[whose] }),
    h5: schema({ scene_info: z.strictObject({ ...sceneInfo, h5_info: h5Info }) }),
  };
}

export function isOrderKind(word: string): word is OrderKind {
  return Object.hasOwn(ORDERS.own, word);
}

/** @see https://pay.weixin.qq.com/doc/v3/merchant/4012791883 */
export const refundRequest = z
  .strictObject({
    sub_mchid: text(32).optional(),
    transaction_id: text(32).optional(),
    out_trade_no: outTradeNo.optional(),
    out_refund_no: outRefundNo,
    reason: text(80).optional(),
    notify_url: notifyUrl.optional(),
    funds_account: z.enum(['AVAILABLE', 'UNSETTLED']).optional(),
    amount: z.strictObject({
      refund: fenAmount,
      total: fenAmount,
      currency: z.literal('CNY'),
      from: z.array(z.unknown()).optional(),
    }),
    goods_detail: z.array(z.unknown()).optional(),
  })
  .refine((request) => request.transaction_id || request.out_trade_no, { path: ['out_trade_no'] });

export const closeRequest = {
  own: z.strictObject({ mchid: text(32) }),
  partner: z.strictObject({ sp_mchid: text(32), sub_mchid: text(32) }),
};

/** @see https://pay.weixin.qq.com/doc/v3/merchant/4015164042 */
export const echoRequest = z.strictObject({
  echo_message: text(1024),
  encrypted_echo_message: text(4096).optional(),
  notify_url: notifyUrl.optional(),
});

/** Reads a body as JSON of a shape; anything else is PARAM_ERROR naming the first field that does not fit. */
export function readBody<T>(body: Buffer, schema: z.ZodType<T>): T {
  return readJson(body, schema, { parameterError, undefinedParameter });
}

function undefinedParameter(field: string): WechatPayRefusal {
  const issue = '含有未定义的参数';
  return new WechatPayRefusal('PARAM_ERROR', issue, 270924358, { field, issue, location: 'body' });
}
