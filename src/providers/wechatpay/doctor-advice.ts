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
    const advice = isSignError && offByMinutes ? clockRefused() : adviceFor(word, isSignError, observed);
    return declined('wechatpay', advice, thrown, 'Request-ID');
  }
  const badSignature =
    (thrown instanceof OutcomeUnknown && thrown.detail === 'bad-signature') ||
    (thrown instanceof Error && 'detail' in thrown && thrown.detail === 'certificates-bad-signature');
  if (!badSignature) return undefined;
  const advice = offByMinutes ? clockRefused() : wrongSignature(observed, publicKeyId);
  return error(`wechatpay.${advice.id}`, advice);
}

/** One code stands for several mistakes; which it was is in the rest of the answer. */
function adviceFor(word: string, isSignError: boolean, { refusal = '' }: Observation): Advice {
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
