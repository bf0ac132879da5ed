import { GatewayDeclined, OutcomeUnknown } from '../contract.ts';
import { type Advice, declined, type Observation } from '../examination.ts';
import { error, type Finding } from '../finding.ts';

/** ms; WeChat Pay's own tolerance. */
const TOLERANCE_MS = 300_000;

const SERIAL_UNKNOWN: Advice = {
  id: 'serial-unknown',
  variable: 'WXPAY_MCH_SERIAL',
  zh: '微信支付不认识这个商户证书序列号，或它不属于这个商户号。',
  en: 'WeChat Pay does not know this certificate serial, or it is not of this merchant ID.',
  remedy: [
    '在商户平台 → 账户中心 → API安全 → API证书 → 管理证书 中复制生效中的序列号；更换过证书的，私钥也要一起换。',
    'Copy the serial in force from merchant platform → account centre → API security → API certificate → manage; after a new certificate the key changes too.',
  ],
};
const SIGNATURE_REFUSED: Advice = {
  id: 'signature-refused',
  variable: 'WXPAY_MCH_KEY',
  zh: '微信支付拒绝了签名：WXPAY_MCH_KEY、WXPAY_MCH_SERIAL、WXPAY_MCH_ID 不属于同一张商户证书。',
  en: 'WeChat Pay refused the signature: WXPAY_MCH_KEY, WXPAY_MCH_SERIAL and WXPAY_MCH_ID are not of one merchant certificate.',
  remedy: [
    '三者要来自同一张商户 API 证书：apiclient_key.pem、它的序列号、它的商户号。核对：openssl x509 -in apiclient_cert.pem -noout -serial。',
    'All three must be of one merchant API certificate: apiclient_key.pem, its serial, its merchant ID. Compare: openssl x509 -in apiclient_cert.pem -noout -serial.',
  ],
};
const MERCHANT_UNKNOWN: Advice = {
  id: 'merchant-unknown',
  variable: 'WXPAY_MCH_ID',
  zh: '微信支付不认识这个商户号。',
  en: 'WeChat Pay does not know this merchant ID.',
  remedy: ['核对 WXPAY_MCH_ID。', 'Compare WXPAY_MCH_ID.'],
};
const PUBLIC_KEY_ID_UNKNOWN: Advice = {
  id: 'public-key-id-unknown',
  variable: 'WXPAY_PUB_KEY_ID',
  zh: '微信支付不接受这个公钥 ID：它不是这个商户正在使用的。',
  en: 'WeChat Pay does not take this public key id: this merchant does not use it.',
  remedy: [
    '在商户平台 → 账户中心 → API安全 → 微信支付公钥 中复制公钥 ID；还没有启用公钥的老商户，去掉 WXPAY_PUB_KEY 与 WXPAY_PUB_KEY_ID。',
    'Copy the id from merchant platform → account centre → API security → WeChat Pay public key; older merchants without one remove WXPAY_PUB_KEY and WXPAY_PUB_KEY_ID.',
  ],
};

/** Codes, without `_`, and what a merchant can do about them. */
const ADVICE: Readonly<Record<string, Advice>> = {
  SIGNERROR: SIGNATURE_REFUSED,
  '268443699': SIGNATURE_REFUSED,
  MCHNOTEXISTS: MERCHANT_UNKNOWN,
  APPIDMCHIDNOTMATCH: {
    id: 'app-id-not-bound',
    variable: 'WXPAY_APP_ID',
    zh: 'WXPAY_APP_ID 没有与这个商户号绑定。',
    en: 'WXPAY_APP_ID is not bound to this merchant ID.',
    remedy: [
      '在商户平台 → 产品中心 → AppID账号管理 中关联，并在公众号/小程序后台确认。',
      'Bind it at merchant platform → product centre → AppID management, and confirm there.',
    ],
  },
  NOAUTH: {
    id: 'product-not-open',
    variable: 'WXPAY_MCH_ID',
    zh: '这个商户没有该接口的权限。',
    en: 'This merchant may not use the call.',
    remedy: [
      '在商户平台 → 产品中心 开通所需产品（Native、H5、JSAPI、APP 支付），并确认商户状态正常、已设置 APIv3 密钥。',
      'Open the products you need in merchant platform → product centre (Native, H5, JSAPI, APP payment), and see that the merchant is in good standing and has an APIv3 key.',
    ],
  },
  RESOURCENOTEXISTS: {
    id: 'no-platform-certificates',
    variable: 'WXPAY_PUB_KEY',
    zh: '这个商户没有平台证书（较新的商户都没有），所以必须使用微信支付公钥。',
    en: "This merchant has no platform certificates (newer ones never have), so WeChat Pay's public key is a must.",
    remedy: [
      '在商户平台 → 账户中心 → API安全 → 微信支付公钥 中下载公钥并复制 ID，填到 WXPAY_PUB_KEY（_FILE）与 WXPAY_PUB_KEY_ID。',
      'Download the key and copy its id at merchant platform → account centre → API security → WeChat Pay public key, into WXPAY_PUB_KEY (or _FILE) and WXPAY_PUB_KEY_ID.',
    ],
  },
  CERTIFICATESUNDECRYPTABLE: {
    id: 'v3-key-wrong',
    variable: 'WXPAY_API_V3_KEY',
    zh: '平台证书无法用 WXPAY_API_V3_KEY 解密：它不是这个商户当前的 APIv3 密钥，通知也将无法解密。',
    en: "The platform certificates do not open with WXPAY_API_V3_KEY: it is not this merchant's APIv3 key in force, and no notification could be read.",
    remedy: [
      '密钥设置后无法查看；忘记了就在商户平台 → API安全 → APIv3密钥 中重新设置并填入。',
      'A set key cannot be looked up; if it is lost, set a new one at merchant platform → API security → APIv3 key and give that.',
    ],
  },
  '268443701': {
    id: 'sub-merchant-not-related',
    variable: 'WXPAY_SUB_MCH_ID',
    zh: '服务商与这个子商户没有受理关系，或子商户没有授权所需产品。',
    en: 'The provider may not act for this sub-merchant, or the sub-merchant has not granted the product.',
    remedy: [
      '在服务商平台 → 产品中心 → 特约商户授权产品 发起邀请，由子商户在商户平台 → 产品中心 → 我的授权产品 授权（约 10 分钟后生效），并核对 WXPAY_SUB_MCH_ID。',
      'Invite it at provider platform → product centre → 特约商户授权产品; the sub-merchant agrees at merchant platform → product centre → 我的授权产品 (about 10 minutes to take effect). Compare WXPAY_SUB_MCH_ID.',
    ],
  },
  '268443704': {
    id: 'sub-merchant-missing',
    variable: 'WXPAY_SUB_MCH_ID',
    zh: '这个商户号是服务商，服务商不能给自己收款。',
    en: 'This merchant ID is a service provider, which cannot collect for itself.',
    remedy: [
      '设置 WXPAY_SUB_MCH_ID 为收款的子商户的商户号。',
      'Set WXPAY_SUB_MCH_ID to the merchant ID of the sub-merchant that collects.',
    ],
  },
  '268443705': {
    id: 'sub-merchant-is-provider',
    variable: 'WXPAY_SUB_MCH_ID',
    zh: 'WXPAY_SUB_MCH_ID 是服务商自己的商户号。',
    en: "WXPAY_SUB_MCH_ID is the provider's own merchant ID.",
    remedy: ['填子商户的商户号。', "Give the sub-merchant's merchant ID."],
  },
  '268447845': {
    id: 'sub-merchant-other',
    variable: 'WXPAY_SUB_MCH_ID',
    zh: '所问的订单属于另一个子商户。',
    en: 'The order that was asked for is of another sub-merchant.',
    remedy: ['核对 WXPAY_SUB_MCH_ID。', 'Compare WXPAY_SUB_MCH_ID.'],
  },
  NOTSERVICEPROVIDER: {
    id: 'not-a-service-provider',
    variable: 'WXPAY_SUB_MCH_ID',
    zh: 'WXPAY_MCH_ID 是普通商户，不能为子商户收款。',
    en: 'WXPAY_MCH_ID is an ordinary merchant, which cannot collect for others.',
    remedy: [
      '自己收款请去掉 WXPAY_SUB_MCH_ID 与 WXPAY_SUB_APP_ID；代子商户收款请把 WXPAY_MCH_ID 与各密钥换成服务商的。',
      "To collect for yourself remove WXPAY_SUB_MCH_ID and WXPAY_SUB_APP_ID; to collect for a sub-merchant, use the provider's WXPAY_MCH_ID and keys.",
    ],
  },
  SUBAPPIDNOTMATCH: {
    id: 'sub-app-id-not-bound',
    variable: 'WXPAY_SUB_APP_ID',
    zh: 'WXPAY_SUB_APP_ID 没有配置给这个子商户。',
    en: 'WXPAY_SUB_APP_ID is not configured for this sub-merchant.',
    remedy: [
      '在服务商平台 → 合作伙伴功能 → 开发参数配置 → 特约商户APPID配置 中添加。',
      'Add it at provider platform → partner functions → development settings → 特约商户APPID配置.',
    ],
  },
  FREQUENCYLIMITED: {
    id: 'rate-limited',
    zh: '微信支付暂时限制了调用频率，没有得到结论。',
    en: 'WeChat Pay limits the rate of calls at the moment; nothing was learned.',
    remedy: ['稍后再运行一次。', 'Run this again in a while.'],
  },
};
const DECLINED: Advice = {
  id: 'declined',
  zh: '微信支付拒绝了自检请求。',
  en: 'WeChat Pay declined the self-test.',
  remedy: [
    '把 Request-ID 交给微信支付技术支持，或在其开发者社区搜索该错误码。',
    "Give the Request-ID to WeChat Pay's support, or look the code up in its developer community.",
  ],
};

/** What WeChat Pay's answer to the self-test means; undefined for a failure of the network. */
export function adviceOnWechatpay(
  thrown: unknown,
  observed: Observation,
  publicKeyId: string | undefined,
): Finding | undefined {
  const offByMinutes = Math.abs(observed.skewMs ?? 0) > TOLERANCE_MS;
  if (thrown instanceof GatewayDeclined) {
    const word = thrown.gatewayCode.replaceAll('_', '').toUpperCase();
    const isSignError = ADVICE[word] === SIGNATURE_REFUSED;
    const advice =
      isSignError && offByMinutes ? clockRefused() : adviceFor(word, isSignError, observed, thrown.requestId);
    return declined('wechatpay', advice, thrown, 'Request-ID');
  }
  const badSignature =
    (thrown instanceof OutcomeUnknown && thrown.detail === 'bad-signature') ||
    (thrown instanceof Error && 'detail' in thrown && thrown.detail === 'certificates-bad-signature');
  if (!badSignature) return undefined;
  const advice = offByMinutes ? clockRefused() : wrongSignature(observed, publicKeyId);
  return error(`wechatpay.${advice.id}`, advice);
}

/** What service providers and those who are none are told, whatever the code, and the advice for it. */
const WORDS_OF_PARTNERS: readonly (readonly [words: RegExp, advice: string])[] = [
  [/受理关系|授权服务商|授权已被解除/, '268443701'],
  [/必须传入sub_mch_?id/i, '268443704'],
  [/不能与自身mchid相同/, '268443705'],
  [/子商户号和订单信息不匹配/, '268447845'],
  [/普通商户不允许传sub_mch_?id/i, 'NOTSERVICEPROVIDER'],
  [/sub_mch_?id与sub_appid不匹配/i, 'SUBAPPIDNOTMATCH'],
];

/** One code stands for several mistakes; which it was is in the rest of the answer. */
function adviceFor(
  word: string,
  isSignError: boolean,
  { refusal = '' }: Observation,
  requestId: string | undefined,
): Advice {
  const number = /268443701|268443704|268443705|268447845/.exec(requestId?.split('-').at(-1) ?? '')?.[0];
  const said = number ?? WORDS_OF_PARTNERS.find(([words]) => words.test(refusal))?.[1];
  if (said !== undefined && !isSignError) return ADVICE[said] ?? DECLINED;
  if (isSignError && refusal.includes('序列号')) return SERIAL_UNKNOWN;
  if (isSignError && refusal.includes('商户号')) return MERCHANT_UNKNOWN;
  if (word === 'PARAMERROR' && /wechatpay-serial/i.test(refusal)) return PUBLIC_KEY_ID_UNKNOWN;
  return ADVICE[word] ?? DECLINED;
}

function wrongSignature({ headers }: Observation, publicKeyId: string | undefined): Advice {
  const serial = headers?.['wechatpay-serial'];
  if (headers && headers['wechatpay-signature'] === undefined) {
    return {
      id: 'answer-unsigned',
      variable: 'WXPAY_GATEWAY',
      zh: '网关的应答没有签名，什么也证明不了：应答可能不是微信支付发出的。',
      en: 'The answer of the gateway is not signed and proves nothing: it may not come from WeChat Pay.',
      remedy: ['检查 WXPAY_GATEWAY 与中间的代理。', 'See to WXPAY_GATEWAY and any proxy in between.'],
    };
  }
  if (publicKeyId !== undefined && serial !== undefined && serial !== publicKeyId) {
    const shown = /^[0-9A-Za-z_]{1,80}$/.test(serial) ? serial : '?';
    return {
      id: 'public-key-id-other',
      variable: 'WXPAY_PUB_KEY_ID',
      zh: `微信支付用 ${shown} 签名，与 WXPAY_PUB_KEY_ID 不同。`,
      en: `WeChat Pay signs with ${shown}, which is not WXPAY_PUB_KEY_ID.`,
      remedy: PUBLIC_KEY_ID_UNKNOWN.remedy,
    };
  }
  return {
    id: 'public-key-wrong',
    variable: 'WXPAY_PUB_KEY',
    zh: '微信支付的应答验签失败：WXPAY_PUB_KEY 不是 WXPAY_PUB_KEY_ID 对应的公钥，付款永远无法得到证明。',
    en: "WeChat Pay's answer does not verify: WXPAY_PUB_KEY is not the key of WXPAY_PUB_KEY_ID, and no payment could ever be proven.",
    remedy: [
      '在商户平台 → 账户中心 → API安全 → 微信支付公钥 中重新下载 pub_key.pem（不是 apiclient_cert.pem，也不是商户公钥）。',
      "Download pub_key.pem again from merchant platform → account centre → API security → WeChat Pay public key (neither apiclient_cert.pem nor the merchant's own key).",
    ],
  };
}

function clockRefused(): Advice {
  return {
    id: 'clock-refused',
    zh: '本机时钟与微信支付相差超过 5 分钟，签名因此无效。',
    en: "This machine's clock is more than 5 minutes from WeChat Pay's, which makes signatures invalid.",
    remedy: [
      '打开系统的自动对时（NTP）后再运行一次。',
      "Turn on the system's automatic time (NTP) and run this again.",
    ],
  };
}
