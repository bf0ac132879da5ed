import type { OrderTerms, RefundTerms, Scene } from '../../domain/order.ts';
import { GatewayUnavailable } from '../contract.ts';
import { isLive } from '../v3/addresses.ts';
import { readAnswer, textAt } from '../v3/answer.ts';
import type { Call } from '../v3/exchange.ts';
import { checkPayerClientIp } from '../v3/payer-ip.ts';
import {
  orderBody,
  PRODUCTS,
  planRefund as planned,
  callOf as plannedCall,
  postPaths,
  productOf,
} from '../v3/plan.ts';
import type { WechatpayConfig } from './config.ts';
import { LIMITS } from './limits.ts';
import { DIRECT_TRADES, merchantOf, PARTNER_TRADES, REFUNDS } from './merchant.ts';

const POST_PATHS = postPaths([DIRECT_TRADES, PARTNER_TRADES], REFUNDS);

export const WECHATPAY_SCENES: ReadonlySet<Scene> = new Set(PRODUCTS.keys());

/**
 * The order as it will be sent. WeChat Pay stretches an expiry that is less than a minute away.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791877 (native)
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791856 (jsapi)
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012525153 (h5)
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013070347 (app)
 */
export function planPayment(order: OrderTerms, config: WechatpayConfig): string {
  const product = productOf(order, LIMITS);
  LIMITS.checkOrder(order);
  const merchant = merchantOf(config);
  const body = {
    ...orderBody(order, merchant.ofOrder, config.notifyUrl),
    ...(order.scene === 'jsapi' ? { payer: merchant.payer(LIMITS.checkPayerOpenid(order.payerOpenid)) } : {}),
    ...(order.scene === 'h5'
      ? {
          scene_info: {
            payer_client_ip: checkPayerClientIp(order.payerClientIp, isLive(config), LIMITS),
            h5_info: { type: 'Wap' },
          },
        }
      : {}),
  };
  return `${merchant.trades}/${product}\n${JSON.stringify(body)}`;
}

/**
 * The refund as it will be sent. Without `funds_account` WeChat Pay takes the money from unsettled funds.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791883
 * @see https://pay.weixin.qq.com/doc/v3/partner/4013163605 (of a sub-merchant)
 */
export function planRefund(refund: RefundTerms, config: WechatpayConfig): string {
  return planned(refund, merchantOf(config), config.notifyUrl, LIMITS);
}

/** A stored plan as a call. One that is not ours is never sent. */
export function callOf(plan: string): Call {
  return plannedCall(plan, POST_PATHS);
}

/** As whose a stored plan was ordered, for what a front end signs. One that does not say so is never sent. */
export function partiesOf({ body = '' }: Call): { readonly appId: string; readonly mchId: string } {
  const said = readAnswer(Buffer.from(body));
  const appId = textAt(said, 'sub_appid') ?? textAt(said, 'sp_appid') ?? textAt(said, 'appid');
  const mchId = textAt(said, 'sp_mchid') ?? textAt(said, 'mchid');
  if (appId === undefined || mchId === undefined) throw new GatewayUnavailable('plan-unreadable');
  return { appId, mchId };
}
