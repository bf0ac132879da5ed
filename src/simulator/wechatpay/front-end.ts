import { createVerify } from 'node:crypto';
import { z } from 'zod';
import { parseOrNull } from '../http.ts';
import type { World } from '../world.ts';
import { checkoutOf } from './parties.ts';
import { WechatPayRefusal } from './refusal.ts';

/** What a page hands to `WeixinJSBridge` or `wx.requestPayment`. */
const bridge = z.object({
  appId: z.string(),
  timeStamp: z.string().regex(/^\d{10}$/),
  nonceStr: z.string().min(1).max(32),
  package: z.string().regex(/^prepay_id=/),
  signType: z.literal('RSA'),
  paySign: z.string(),
});

/** What a merchant's app hands to WeChat Pay's app SDK. */
const app = z.object({
  appId: z.string(),
  partnerId: z.string(),
  prepayId: z.string(),
  packageValue: z.literal('Sign=WXPay'),
  nonceStr: z.string().min(1).max(32),
  timeStamp: z.string().regex(/^\d{10}$/),
  sign: z.string(),
});

/** Whether a text is something that a merchant's front end hands to WeChat, rightly signed or not. */
export function isFrontEnd(text: string): boolean {
  const value = text.startsWith('{') ? (parseOrNull(text) as Record<string, unknown> | null) : null;
  return value !== null && ('packageValue' in value || value.signType === 'RSA');
}

/**
 * Stands for WeChat on the phone: checks what the merchant signed for its front end, and answers the prepay_id in it.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012365341
 */
export function prepayIdOf(world: World, text: string): string {
  const value = parseOrNull(text);
  const inside = bridge.safeParse(value);
  if (inside.success) {
    const { appId, timeStamp, nonceStr, package: prepay, paySign } = inside.data;
    const prepayId = prepay.slice('prepay_id='.length);
    check(world, orderOf(world, prepayId), appId, [appId, timeStamp, nonceStr, prepay], paySign);
    return prepayId;
  }
  const native = app.safeParse(value);
  if (!native.success) throw new WechatPayRefusal('PARAM_ERROR', '调起支付的参数缺失或有误');
  const { appId, timeStamp, nonceStr, prepayId, partnerId, sign } = native.data;
  const order = orderOf(world, prepayId);
  if (partnerId !== order.partnerId) throw new WechatPayRefusal('MCH_NOT_EXISTS', '商户号不存在');
  check(world, order, appId, [appId, timeStamp, nonceStr, prepayId], sign);
  return prepayId;
}

/** As whose the order was made. */
function orderOf(world: World, prepayId: string): ReturnType<typeof checkoutOf> {
  const issued = world.codes.find(prepayId);
  const trade = issued && world.trades.of(issued.space).byNumber('wechatpay', issued.outTradeNo);
  return checkoutOf(world.identity, trade ?? {});
}

function check(
  world: World,
  order: ReturnType<typeof checkoutOf>,
  appId: string,
  lines: readonly string[],
  signature: string,
): void {
  if (appId !== order.appId) throw new WechatPayRefusal('APPID_MCHID_NOT_MATCH', 'appid 不匹配');
  const verify = createVerify('sha256').update(`${lines.join('\n')}\n`, 'utf8');
  if (!verify.verify(world.identity.keys.merchant.publicKey, signature, 'base64')) {
    throw new WechatPayRefusal('SIGN_ERROR', '支付验证签名失败');
  }
}
