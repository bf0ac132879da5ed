import { GatewayDeclined, OutcomeUnknown } from '../contract.ts';
import { type Advice, declined, type Observation } from '../examination.ts';
import { error, type Finding, warning } from '../finding.ts';

/** ms; how far the gateways of this family let a clock be off. */
const TOLERANCE_MS = 300_000;

/** Codes, without `_`, and what a merchant can do about them. */
const ADVICE: Readonly<Record<string, Advice>> = {
  SIGNERROR: {
    id: 'signature-refused',
    variable: 'DYPAY_MCH_KEY',
    zh: '抖音支付拒绝了签名：DYPAY_MCH_KEY、DYPAY_MCH_SERIAL、DYPAY_MCH_ID 不属于同一张商户证书。',
    en: 'Douyin Pay refused the signature: DYPAY_MCH_KEY, DYPAY_MCH_SERIAL and DYPAY_MCH_ID are not of one merchant certificate.',
    remedy: [
      '三者要来自同一张商户 API 证书：它的私钥、它的序列号、它的商户号；更换过证书的，私钥和序列号要一起换。',
      'All three must be of one merchant API certificate: its private key, its serial, its merchant ID; with a new certificate key and serial change together.',
    ],
  },
  MCHNOTEXISTS: {
    id: 'merchant-unknown',
    variable: 'DYPAY_MCH_ID',
    zh: '抖音支付不认识这个商户号。',
    en: 'Douyin Pay does not know this merchant ID.',
    remedy: ['核对 DYPAY_MCH_ID。', 'Compare DYPAY_MCH_ID.'],
  },
  APPIDMCHIDNOTMATCH: {
    id: 'app-id-not-bound',
    variable: 'DYPAY_APP_ID',
    zh: 'DYPAY_APP_ID 没有与这个商户号绑定。',
    en: 'DYPAY_APP_ID is not bound to this merchant ID.',
    remedy: [
      '在抖音支付商户平台的产品中心关联该应用。',
      "Bind the app in the product centre of Douyin Pay's merchant platform.",
    ],
  },
  NOAUTH: {
    id: 'product-not-open',
    variable: 'DYPAY_MCH_ID',
    zh: '这个商户没有该接口的权限。',
    en: 'This merchant may not use the call.',
    remedy: [
      '在抖音支付商户平台开通所需产品（Native、H5、JSAPI、APP 支付），并确认商户状态正常、已设置 API 密钥。',
      "Open the products you need on Douyin Pay's merchant platform (Native, H5, JSAPI, APP payment), and see that the merchant is in good standing and has an API key.",
    ],
  },
  CERTIFICATESUNDECRYPTABLE: {
    id: 'api-key-wrong',
    variable: 'DYPAY_API_KEY',
    zh: '平台证书无法用 DYPAY_API_KEY 解密：它不是这个商户当前的 API 密钥，通知也将无法解密。',
    en: "The platform certificates do not open with DYPAY_API_KEY: it is not this merchant's API key in force, and no notification could be read.",
    remedy: [
      '在抖音支付商户平台重新设置 API 密钥（32 位），再填入。',
      "Set the API key (32 characters) again on Douyin Pay's merchant platform and give that.",
    ],
  },
  FREQUENCYLIMITED: {
    id: 'rate-limited',
    zh: '抖音支付暂时限制了调用频率，没有得到结论。',
    en: 'Douyin Pay limits the rate of calls at the moment; nothing was learned.',
    remedy: ['稍后再运行一次。', 'Run this again in a while.'],
  },
};
const DECLINED: Advice = {
  id: 'declined',
  zh: '抖音支付拒绝了自检请求。',
  en: 'Douyin Pay declined the self-test.',
  remedy: [
    '把 Request-Id 和错误码交给抖音支付技术支持。',
    "Give the Request-Id and the code to Douyin Pay's support.",
  ],
};
const CLOCK: Advice = {
  id: 'clock-refused',
  zh: '本机时钟与抖音支付相差超过 5 分钟，签名因此无效。',
  en: "This machine's clock is more than 5 minutes from Douyin Pay's, which makes signatures invalid.",
  remedy: [
    '打开系统的自动对时（NTP）后再运行一次。',
    "Turn on the system's automatic time (NTP) and run this again.",
  ],
};
const BAD_SIGNATURE: Advice = {
  id: 'answer-signature',
  variable: 'DYPAY_GATEWAY',
  zh: '网关的应答没有签名，或签名与平台证书不符，什么也证明不了：应答可能不是抖音支付发出的。',
  en: "The gateway's answer is unsigned, or its signature fits no platform certificate, and proves nothing: it may not come from Douyin Pay.",
  remedy: ['检查 DYPAY_GATEWAY 与中间的代理。', 'See to DYPAY_GATEWAY and any proxy in between.'],
};

/** What Douyin Pay's answer to the self-test means; undefined for a failure of the network. */
export function adviceOnDouyinpay(thrown: unknown, { skewMs = 0 }: Observation): Finding | undefined {
  const isOff = Math.abs(skewMs) > TOLERANCE_MS;
  if (thrown instanceof GatewayDeclined) {
    if (thrown.reason === 'not-exist') return refusalsUnsigned();
    const word = thrown.gatewayCode.replaceAll('_', '').toUpperCase();
    const advice = word === 'SIGNERROR' && isOff ? CLOCK : (ADVICE[word] ?? DECLINED);
    return declined('douyinpay', advice, thrown, 'Request-Id');
  }
  const detail = thrown instanceof Error && 'detail' in thrown ? thrown.detail : undefined;
  const isBadlySigned = thrown instanceof OutcomeUnknown && detail === 'bad-signature';
  if (!isBadlySigned && detail !== 'certificates-bad-signature') return undefined;
  const { id, ...said } = isOff ? CLOCK : BAD_SIGNATURE;
  return error(`douyinpay.${id}`, said);
}

/** The self-test asks for an order that nobody has: Douyin Pay said so, and did not sign it. */
function refusalsUnsigned(): Finding {
  return warning('douyinpay.refusals-unsigned', {
    zh: '抖音支付接受这些密钥，但它的拒绝应答没有签名，所以“订单不存在”得不到证明：调用方自选的 outTradeNo 不能用，结果待确认的退款要查到才能了结。',
    en: 'Douyin Pay takes these credentials, but does not sign its refusals, so that it cannot prove that an order does not exist: an outTradeNo of the caller’s own choice cannot be used, and a refund whose result is unknown is settled only when it is found.',
    remedy: [
      '收款时不要传 outTradeNo，由服务器生成。',
      'Create payments without outTradeNo and let the server make the number.',
    ],
  });
}
