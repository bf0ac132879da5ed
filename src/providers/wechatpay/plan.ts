import { beijingIso } from '../../domain/clock.ts';
import type { OrderTerms, RefundTerms, Scene } from '../../domain/order.ts';
import { GatewayUnavailable } from '../contract.ts';
import { isLive } from './addresses.ts';
import type { WechatpayConfig } from './config.ts';
import type { Call } from './gateway.ts';
import {
  checkOutRefundNo,
  checkOutTradeNo,
  checkPayerOpenid,
  checkReason,
  checkTitle,
  refused,
} from './limits.ts';
import { checkPayerClientIp } from './payer-ip.ts';

/** Where each scene's order is made. Mini programs are jsapi. */
const ORDER_PATHS: ReadonlyMap<Scene, string> = new Map<Scene, string>([
  ['qr', '/v3/pay/transactions/native'],
  ['h5', '/v3/pay/transactions/h5'],
  ['jsapi', '/v3/pay/transactions/jsapi'],
  ['app', '/v3/pay/transactions/app'],
]);
const REFUND_PATH = '/v3/refund/domestic/refunds';
const POST_PATHS: ReadonlySet<string> = new Set([...ORDER_PATHS.values(), REFUND_PATH]);

export const WECHATPAY_SCENES: ReadonlySet<Scene> = new Set(ORDER_PATHS.keys());

/**
 * The order as it will be sent, now and at every repetition: a line with the path, then the body. The expiry is
 * absolute; WeChat Pay stretches one that is less than a minute away.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791877 (native)
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791856 (jsapi)
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012525153 (h5)
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013070347 (app)
 */
export function planPayment(order: OrderTerms, config: WechatpayConfig): string {
  const path = ORDER_PATHS.get(order.scene);
  if (path === undefined) {
    throw refused('scene', { zh: '只能是 qr、h5、jsapi 或 app', en: 'must be qr, h5, jsapi or app' });
  }
  checkOutTradeNo(order.outTradeNo);
  checkTitle(order.title);
  if (!Number.isSafeInteger(order.amountFen) || order.amountFen < 1) {
    throw refused('amountYuan', { zh: '至少是 0.01', en: 'must be at least 0.01' });
  }
  const body = {
    appid: config.appId,
    mchid: config.mchId,
    description: order.title,
    out_trade_no: order.outTradeNo,
    time_expire: beijingIso(order.expiresAt),
    notify_url: config.notifyUrl,
    ...(order.mark === undefined ? {} : { attach: order.mark }),
    amount: { total: order.amountFen, currency: 'CNY' },
    ...(order.scene === 'jsapi' ? { payer: { openid: checkPayerOpenid(order.payerOpenid) } } : {}),
    ...(order.scene === 'h5'
      ? {
          scene_info: {
            payer_client_ip: checkPayerClientIp(order.payerClientIp, isLive(config)),
            h5_info: { type: 'Wap' },
          },
        }
      : {}),
  };
  return `${path}\n${JSON.stringify(body)}`;
}

/**
 * The refund as it will be sent, now and at every repetition. Without `funds_account` WeChat Pay takes the money from
 * unsettled funds.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791883
 */
export function planRefund(refund: RefundTerms, config: WechatpayConfig): string {
  checkOutTradeNo(refund.outTradeNo);
  checkOutRefundNo(refund.outRefundNo);
  if (refund.reason !== undefined) checkReason(refund.reason);
  const { refundFen, totalFen } = refund;
  if (
    !Number.isSafeInteger(refundFen) ||
    !Number.isSafeInteger(totalFen) ||
    refundFen < 1 ||
    refundFen > totalFen
  ) {
    throw refused('refundYuan', {
      zh: '必须在 0.01 与订单金额之间',
      en: "must be between 0.01 and the order's amount",
    });
  }
  const body = {
    out_trade_no: refund.outTradeNo,
    out_refund_no: refund.outRefundNo,
    ...(refund.reason === undefined || refund.reason === '' ? {} : { reason: refund.reason }),
    notify_url: config.notifyUrl,
    amount: { refund: refundFen, total: totalFen, currency: 'CNY' },
  };
  return `${REFUND_PATH}\n${JSON.stringify(body)}`;
}

/** A stored plan as a call. One that is not ours is never sent. */
export function callOf(plan: string): Call {
  const end = plan.indexOf('\n');
  const path = plan.slice(0, Math.max(end, 0));
  if (!POST_PATHS.has(path)) throw new GatewayUnavailable('plan-unreadable');
  return { method: 'POST', path, body: plan.slice(end + 1) };
}
