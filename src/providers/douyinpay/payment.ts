import { defined } from '../../domain/defined.ts';
import type { Credential, OrderTerms, RefundTerms, Scene } from '../../domain/order.ts';
import { GatewayUnavailable, type MayStill, OutcomeUnknown } from '../contract.ts';
import { isLive } from '../v3/addresses.ts';
import { readAnswer, wordAt } from '../v3/answer.ts';
import { CODE, clickable, givenBy, LINK, lives, PREPAY_ID } from '../v3/credential.ts';
import type { Call, Ports } from '../v3/exchange.ts';
import { checkPayerClientIp } from '../v3/payer-ip.ts';
import {
  orderBody,
  PRODUCTS,
  callOf as plannedCall,
  planRefund as plannedRefund,
  postPaths,
  productOf,
} from '../v3/plan.ts';
import { nonce, signLines, timestamp } from '../v3/sign.ts';
import type { DouyinpayConfig } from './config.ts';
import { LIMITS, merchantOf, REFUNDS, TRADES } from './dialect.ts';
import type { DouyinpayExchange } from './gateway.ts';

export const DOUYINPAY_SCENES: ReadonlySet<Scene> = new Set(PRODUCTS.keys());

const POST_PATHS = postPaths([TRADES], REFUNDS);
/** ms; a prepay_id's life. Of codes and links nothing is said: they are taken to live no longer. */
const LIVES_MS = 2 * 3_600_000;

/**
 * The order as it will be sent.
 * @see https://github.com/douyinpay/douyinpay-java (payments: nativepay, h5, jsapi, app)
 */
export function planPayment(order: OrderTerms, config: DouyinpayConfig): string {
  const product = productOf(order, LIMITS);
  LIMITS.checkOrder(order);
  const { scene, payerOpenid, payerClientIp } = order;
  const body = {
    ...orderBody(order, merchantOf(config).ofOrder, config.notifyUrl),
    ...(scene === 'jsapi' && payerOpenid !== undefined
      ? { payer: { openid: LIMITS.checkPayerOpenid(payerOpenid) } }
      : {}),
    ...(scene === 'h5' && payerClientIp !== undefined
      ? { scene_info: { payer_client_ip: checkPayerClientIp(payerClientIp, isLive(config), LIMITS) } }
      : {}),
  };
  return `${TRADES}/${product}\n${JSON.stringify(body)}`;
}

/** The refund as it will be sent. @see https://github.com/douyinpay/douyinpay-java (refund/model) */
export function planRefund(refund: RefundTerms, config: DouyinpayConfig): string {
  return plannedRefund(refund, merchantOf(config), config.notifyUrl, LIMITS);
}

/** A stored plan as a call. One that is not ours is never sent. */
export function callOf(plan: string): Call {
  return plannedCall(plan, POST_PATHS);
}

export interface PaymentContext {
  readonly ports: Ports;
  readonly config: DouyinpayConfig;
  readonly exchange: DouyinpayExchange;
}

/** Makes the order, or obtains a fresh credential for it: the same number with the same bytes is the same order. */
export async function sendPayment(
  order: OrderTerms,
  plan: string,
  { ports, config, exchange }: PaymentContext,
  mayStill?: MayStill,
): Promise<Credential> {
  const call = callOf(plan);
  const ordered = partiesOf(call);
  const askedAt = ports.clock.now();
  const answer = await exchange('create', { ...call, ...defined({ mayStill }) }, order.scene);
  const life = lives(order, askedAt, LIVES_MS);
  const front = (): FrontEnd => ({
    ...ordered,
    prepayId: givenBy(answer, ['prepay_id'], PREPAY_ID),
    timeStamp: timestamp(ports.clock),
    nonceStr: nonce(ports.randomBytes),
    sign: (lines) => signLines(lines, config.merchantKey),
  });
  switch (order.scene) {
    case 'qr':
      // The SDK has the one name, others tell of the other.
      return { qrCode: givenBy(answer, ['code_url', 'qr_code'], CODE), ...life };
    case 'h5':
      return { payUrl: clickable(givenBy(answer, ['h5_url'], LINK)), ...life };
    case 'jsapi':
      return { jsapiParams: jsapiParams(front()), ...life };
    case 'app':
      return { appParams: appParams(front()), ...life };
    default:
      throw new OutcomeUnknown('no-such-scene', answer.requestId);
  }
}

/** As whose a stored plan was ordered. One that does not say so is never sent. */
function partiesOf({ body = '' }: Call): { readonly appId: string; readonly mchId: string } {
  const said = readAnswer(Buffer.from(body));
  const [appId, mchId] = [wordAt(said, 'appid'), wordAt(said, 'mchid')];
  if (appId === undefined || mchId === undefined) throw new GatewayUnavailable('plan-unreadable');
  return { appId, mchId };
}

interface FrontEnd {
  readonly appId: string;
  readonly mchId: string;
  readonly prepayId: string;
  readonly timeStamp: string;
  readonly nonceStr: string;
  sign(lines: readonly string[]): string;
}

/** `sdk_info` of `ttcjpay.dypay` in the Douyin app's web pages and mini programs. */
function jsapiParams({ appId, prepayId, timeStamp, nonceStr, sign }: FrontEnd): Record<string, string> {
  const prepay = `prepay_id=${prepayId}`;
  return {
    ...{ appId, timeStamp, nonceStr, package: prepay, signType: 'DouyinPay-RSA' },
    paySign: sign([appId, timeStamp, nonceStr, prepay]),
  };
}

/** Of Douyin Pay's app SDK. Unlike jsapi, what is signed is the bare prepay id. */
function appParams({ appId, mchId, prepayId, timeStamp, nonceStr, sign }: FrontEnd): Record<string, string> {
  return {
    ...{ appid: appId, partnerid: mchId, prepayid: prepayId, package: 'Sign=DYPay' },
    ...{ noncestr: nonceStr, timestamp: timeStamp },
    sign: sign([appId, timeStamp, nonceStr, prepayId]),
  };
}
