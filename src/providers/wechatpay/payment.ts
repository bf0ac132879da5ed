import { defined } from '../../domain/defined.ts';
import type { Credential, OrderTerms } from '../../domain/order.ts';
import { type MayStill, OutcomeUnknown } from '../contract.ts';
import { CODE, clickable, givenBy, LINK, lives, PREPAY_ID } from '../v3/credential.ts';
import type { Ports } from '../v3/exchange.ts';
import { nonce, timestamp } from '../v3/sign.ts';
import type { WechatpayExchange } from './gateway.ts';
import { callOf, partiesOf } from './plan.ts';
import type { Signer } from './signer.ts';

/** ms; how long each credential can be used after it was given. */
const H5_URL_LIVES_MS = 5 * 60_000;
const CODE_LIVES_MS = 2 * 3_600_000;

export interface PaymentContext {
  readonly ports: Ports;
  readonly signer: Signer;
  readonly exchange: WechatpayExchange;
}

/**
 * Makes the order, or obtains a fresh credential for it: the same number with the same bytes is the same order, and
 * an earlier code stops working.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791877 (native)
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791856 (jsapi)
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012525153 (h5)
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013070347 (app)
 */
export async function sendPayment(
  order: OrderTerms,
  plan: string,
  { ports, signer, exchange }: PaymentContext,
  mayStill?: MayStill,
): Promise<Credential> {
  const call = callOf(plan);
  const parties = partiesOf(call);
  const askedAt = ports.clock.now();
  const answer = await exchange('create', { ...call, ...defined({ mayStill }) }, order.scene);
  const front = (): FrontEnd => ({
    ...parties,
    signer,
    prepayId: givenBy(answer, ['prepay_id'], PREPAY_ID),
    timeStamp: timestamp(ports.clock),
    nonceStr: nonce(ports.randomBytes),
  });
  switch (order.scene) {
    case 'qr':
      return { qrCode: givenBy(answer, ['code_url'], CODE), ...lives(order, askedAt, CODE_LIVES_MS) };
    case 'h5':
      // Without the registered domain as Referer it shows an error, so it is for our page alone.
      return {
        handOffUrl: clickable(givenBy(answer, ['h5_url'], LINK)),
        ...lives(order, askedAt, H5_URL_LIVES_MS),
      };
    case 'jsapi':
      return { jsapiParams: jsapiParams(front()), ...lives(order, askedAt, CODE_LIVES_MS) };
    case 'app':
      return { appParams: appParams(front()), ...lives(order, askedAt, CODE_LIVES_MS) };
    case 'web':
    case 'a2m':
    case 'agreement':
      throw new OutcomeUnknown('no-such-scene', answer.requestId);
  }
}

interface FrontEnd {
  /** As ordered: the app in which the checkout opens, and whose key signs. */
  readonly appId: string;
  readonly mchId: string;
  readonly signer: Signer;
  readonly prepayId: string;
  readonly timeStamp: string;
  readonly nonceStr: string;
}

/**
 * Arguments of `WeixinJSBridge.invoke('getBrandWCPayRequest', …)` and `wx.requestPayment`.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791857
 */
function jsapiParams({ appId, signer, prepayId, timeStamp, nonceStr }: FrontEnd): Record<string, string> {
  const prepay = `prepay_id=${prepayId}`;
  return {
    appId,
    timeStamp,
    nonceStr,
    package: prepay,
    signType: 'RSA',
    paySign: signer.paySign([appId, timeStamp, nonceStr, prepay]),
  };
}

/**
 * Fields of the app SDK's `PayReq` as Android and HarmonyOS name them; iOS calls `packageValue` `package`. Unlike
 * jsapi, what is signed is the bare prepay id.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013070351
 */
function appParams({
  appId,
  mchId,
  signer,
  prepayId,
  timeStamp,
  nonceStr,
}: FrontEnd): Record<string, string> {
  return {
    appId,
    partnerId: mchId,
    prepayId,
    packageValue: 'Sign=WXPay',
    nonceStr,
    timeStamp,
    sign: signer.paySign([appId, timeStamp, nonceStr, prepayId]),
  };
}
