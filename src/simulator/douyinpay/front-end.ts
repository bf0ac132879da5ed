import { createVerify } from 'node:crypto';
import { z } from 'zod';
import { parseOrNull } from '../http.ts';
import type { World } from '../world.ts';
import { DouyinPayRefusal, parameterError } from './refusal.ts';

/** `sdk_info`, which a page in the Douyin app hands to `ttcjpay.dypay`. */
const bridge = z.object({
  appId: z.string(),
  timeStamp: z.string().regex(/^\d{10}$/),
  nonceStr: z.string().min(1).max(32),
  package: z.string().regex(/^prepay_id=/),
  signType: z.literal('DouyinPay-RSA'),
  paySign: z.string(),
});

/** What a merchant's app hands to Douyin Pay's SDK. */
const app = z.object({
  appid: z.string(),
  partnerid: z.string(),
  prepayid: z.string(),
  package: z.literal('Sign=DYPay'),
  noncestr: z.string().min(1).max(32),
  timestamp: z.string().regex(/^\d{10}$/),
  sign: z.string(),
});

/** Whether a text is something that a merchant's front end hands to Douyin Pay, rightly signed or not. */
export function isFrontEnd(text: string): boolean {
  const value = text.startsWith('{') ? (parseOrNull(text) as Record<string, unknown> | null) : null;
  return value?.signType === 'DouyinPay-RSA' || value?.package === 'Sign=DYPay';
}

/** Stands for Douyin on the phone: checks what the merchant signed for its front end, and answers the prepay_id in it. */
export function prepayIdOf(world: World, text: string): string {
  const value = parseOrNull(text);
  const inside = bridge.safeParse(value);
  if (inside.success) {
    const { appId, timeStamp, nonceStr, package: prepay, paySign } = inside.data;
    check(world, appId, [appId, timeStamp, nonceStr, prepay], paySign);
    return prepay.slice('prepay_id='.length);
  }
  const native = app.safeParse(value);
  if (!native.success) throw parameterError('sdk_info', '调起支付的参数缺失或有误');
  const { appid, timestamp, noncestr, prepayid, partnerid, sign } = native.data;
  if (partnerid !== world.identity.douyin.mchId) throw new DouyinPayRefusal('MCH_NOT_EXISTS', '商户号不存在');
  check(world, appid, [appid, timestamp, noncestr, prepayid], sign);
  return prepayid;
}

function check({ identity }: World, appId: string, lines: readonly string[], signature: string): void {
  if (appId !== identity.douyin.appId) throw new DouyinPayRefusal('APPID_MCHID_NOT_MATCH', 'appid 不匹配');
  const verify = createVerify('sha256').update(`${lines.join('\n')}\n`, 'utf8');
  if (!verify.verify(identity.keys.douyinMerchant.publicKey, signature, 'base64'))
    throw new DouyinPayRefusal('SIGN_ERROR', '支付验证签名失败');
}
