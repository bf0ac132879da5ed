import { GatewayDeclined, OutcomeUnknown } from '../contract.ts';
import { type Advice, declined } from '../examination.ts';
import { error, type Finding } from '../finding.ts';
import { AgreementsRefused } from './trade.ts';

/** Part of Alipay's code → what a merchant can do about it; the first match wins. */
const ADVICE: Readonly<Record<string, Advice>> = {
  'invalid-app-id': {
    id: 'app-id-unknown',
    variable: 'AP_APP_ID',
    zh: '支付宝不认识这个 APPID。',
    en: 'Alipay does not know this APPID.',
    remedy: [
      '核对 AP_APP_ID。沙箱应用只在沙箱网关有效（AP_CURRENT_ENV=sandbox），正式应用只在生产网关有效（prod）：两者的 APPID 与密钥都不通用。',
      'Compare AP_APP_ID. A sandbox app exists only at the sandbox gateway (AP_CURRENT_ENV=sandbox) and a real one only in production (prod): neither APPID nor keys work in the other.',
    ],
  },
  'missing-signature-key': {
    id: 'no-key-uploaded',
    variable: 'AP_APP_ID',
    zh: '支付宝没有这个应用的公钥，无法验证签名。',
    en: 'Alipay has no public key of this app to check signatures with.',
    remedy: [
      '在开放平台 → 应用 → 接口加签方式 中上传应用公钥（使用受限密钥的，确认该密钥仍然有效）。',
      "Upload the app's public key in the open platform → app → signing (with a restricted key: see that it is still valid).",
    ],
  },
  'missing-signature-config': {
    id: 'no-key-uploaded',
    variable: 'AP_APP_ID',
    zh: '这个应用没有设置接口加签方式。',
    en: 'This app has no signing set up.',
    remedy: [
      '在开放平台 → 应用 → 接口加签方式 中选择“密钥”并上传应用公钥。',
      "Choose “key” in the open platform → app → signing and upload the app's public key.",
    ],
  },
  'invalid-signature-type': {
    id: 'algorithm-refused',
    variable: 'AP_ENCRYPTION_ALGO',
    zh: '支付宝不接受这个签名算法。',
    en: 'Alipay does not take this signature algorithm.',
    remedy: ['去掉 AP_ENCRYPTION_ALGO（即 RSA2）。', 'Remove AP_ENCRYPTION_ALGO, which means RSA2.'],
  },
  'invalid-signature': {
    id: 'signature-refused',
    variable: 'AP_APP_KEY',
    zh: '支付宝拒绝了签名：AP_APP_KEY 与开放平台上的应用公钥不是一对。',
    en: 'Alipay refused the signature: AP_APP_KEY does not pair with the app public key in the open platform.',
    remedy: [
      '由 AP_APP_KEY 重新导出应用公钥并上传，或换成与已上传公钥配对的私钥；同时确认 AP_APP_ID 是同一个应用，算法为 RSA2。',
      'Upload the public half of AP_APP_KEY, or use the private key that pairs with what is uploaded; see also that AP_APP_ID is of the same app and the algorithm RSA2.',
    ],
  },
  'invalid-cloud-app-permission': {
    id: 'mcp-switch-off',
    variable: 'AP_APP_ID',
    zh: '这个受限密钥没有打开“支付 MCP Server”。',
    en: 'The “payment MCP server” switch of this restricted key is off.',
    remedy: [
      '在开放平台 → 受限密钥 中打开“支付 MCP Server”开关。',
      'Turn it on in the open platform → restricted keys.',
    ],
  },
  'invalid-open-scene-api-permission': {
    id: 'tool-not-ticked',
    variable: 'AP_APP_ID',
    zh: '这个受限密钥没有勾选所用的工具（交易查询）。',
    en: 'This restricted key is not allowed the call (trade query).',
    remedy: [
      '在开放平台 → 受限密钥 中勾选需要的工具：下单、查询、关闭、退款、退款查询。',
      'Tick the tools you need in the open platform → restricted keys: create, query, close, refund, refund query.',
    ],
  },
  'insufficient-isv-permissions': {
    id: 'product-not-signed',
    variable: 'AP_APP_ID',
    zh: '应用没有这个接口的权限：还没有签约支付产品，或签约后应用未上线。',
    en: 'The app may not use this call: no payment product is signed yet, or the app is not online.',
    remedy: [
      '在商家平台 → 产品中心 签约（订单码支付/当面付、电脑网站支付、手机网站支付、App 支付），并确认应用已上线且已绑定该商家账号。',
      'Sign the product in the merchant platform → product centre (order code or face-to-face, web, wap, app payment), and see that the app is online and bound to that merchant.',
    ],
  },
  'self-invoke-forbidden': {
    id: 'product-not-signed',
    variable: 'AP_APP_ID',
    zh: '这个应用不允许自己调用该接口。',
    en: 'This app may not make the call for itself.',
    remedy: [
      '第三方应用须填 AP_INVOKE_AUTH_TOKEN 与 AP_SELLER_ID；自用请换成自研应用的 APPID。',
      "A third-party app needs AP_INVOKE_AUTH_TOKEN and AP_SELLER_ID; for your own shop use your own app's APPID.",
    ],
  },
  'not-online-app': {
    id: 'app-not-online',
    variable: 'AP_APP_ID',
    zh: '应用还没有上线。',
    en: 'The app is not online.',
    remedy: ['在开放平台提交上线。', 'Put it online in the open platform.'],
  },
  cert: {
    id: 'certificate-mode',
    variable: 'AP_APP_KEY',
    zh: '加签方式与开放平台不一致：应用设为公钥证书模式，或证书已更换、过期。',
    en: 'The app signs in another way in the open platform: it is in certificate mode there, or a certificate was renewed or has expired.',
    remedy: [
      '证书模式：从接口加签方式下载三个证书，填到 AP_APP_CERT_FILE、AP_ALIPAY_CERT_FILE、AP_ROOT_CERT_FILE，去掉 AP_PUB_KEY；密钥模式：只填 AP_PUB_KEY。',
      'In certificate mode, download the three certificates there and put them into AP_APP_CERT_FILE, AP_ALIPAY_CERT_FILE and AP_ROOT_CERT_FILE, without AP_PUB_KEY; in key mode, AP_PUB_KEY alone.',
    ],
  },
  'not-support-app-auth': {
    id: 'app-cannot-act-for-others',
    variable: 'AP_INVOKE_AUTH_TOKEN',
    zh: '这个应用不能代别的商家调用接口。',
    en: 'This app may not act for other merchants.',
    remedy: [
      '代商家收款须用服务商的第三方应用的 APPID 与密钥；自己收款请去掉 AP_INVOKE_AUTH_TOKEN。',
      "To collect for a merchant use the ISV's third-party app and its keys; to collect for yourself remove AP_INVOKE_AUTH_TOKEN.",
    ],
  },
  'auth-relations': {
    id: 'auth-token-refused',
    variable: 'AP_INVOKE_AUTH_TOKEN',
    zh: '商家没有授权这个应用，或已经解除。',
    en: 'The merchant has not authorised this app, or no longer does.',
    remedy: ['让商户重新授权并更换令牌。', 'Have the merchant grant a new token.'],
  },
  'auth-token': {
    id: 'auth-token-refused',
    variable: 'AP_INVOKE_AUTH_TOKEN',
    zh: '支付宝不接受 AP_INVOKE_AUTH_TOKEN：已过期、被撤销或不属于这个应用。',
    en: 'Alipay does not take AP_INVOKE_AUTH_TOKEN: expired, withdrawn, or not of this app.',
    remedy: [
      '让商户重新授权并更换；自有应用请去掉它。',
      'Have the merchant grant a new one; with your own app, remove it.',
    ],
  },
  'invalid-timestamp': {
    id: 'timestamp-refused',
    zh: '支付宝认为请求的时间不对：本机时钟有误。',
    en: "Alipay finds the request's time wrong: this machine's clock is off.",
    remedy: ['打开系统的自动对时（NTP）。', "Turn on the system's automatic time (NTP)."],
  },
  forbidden: {
    id: 'account-restricted',
    variable: 'AP_APP_ID',
    zh: '支付宝不允许这个应用或商户调用该接口。',
    en: 'Alipay does not let this app or merchant make the call.',
    remedy: [
      '在商家平台查看账户与产品状态，或联系支付宝客服。',
      'See the state of account and products in the merchant platform, or ask Alipay.',
    ],
  },
  permission: {
    id: 'product-not-signed',
    variable: 'AP_APP_ID',
    zh: '应用没有这个接口的权限。',
    en: 'The app may not use this call.',
    remedy: [
      '在开放平台核对签约的产品与勾选的接口。',
      'Compare the signed products and ticked calls in the open platform.',
    ],
  },
  limit: {
    id: 'rate-limited',
    zh: '支付宝暂时限制了调用频率，没有得到结论。',
    en: 'Alipay limits the rate of calls at the moment; nothing was learned.',
    remedy: ['稍后再运行一次。', 'Run this again in a while.'],
  },
};

const NO_AGREEMENTS: Advice = {
  id: 'agreements-not-signed',
  variable: 'AP_SIGN_SCENE',
  zh: '应用没有“商家扣款”协议接口的权限：订阅不能自动扣款，其他收款不受影响。',
  en: 'The app may not use the calls of agreements: subscriptions cannot be charged by themselves. Other payments are not affected.',
  remedy: [
    '在商家平台 → 产品中心 签约“商家扣款”并绑定到该应用；没有签约就去掉 AP_SIGN_SCENE，订阅改为到期提醒付款。',
    'Sign the product of agreements (merchant deduction) in the merchant platform → product centre and bind it to the app; without it remove AP_SIGN_SCENE, and subscribers are reminded to pay instead.',
  ],
};

/** What Alipay's answer to the self-test means; undefined for a failure of the network. */
export function adviceOnAlipay(thrown: unknown): Finding | undefined {
  if (thrown instanceof GatewayDeclined) {
    if (thrown.reason === 'not-exist') return unsigned();
    if (thrown instanceof AgreementsRefused) return declined('alipay', NO_AGREEMENTS, thrown, 'trace_id');
    const code = thrown.gatewayCode.toLowerCase().replaceAll('_', '-');
    const found = Object.entries(ADVICE).find(([part]) => code.includes(part))?.[1] ?? {
      id: 'declined',
      zh: '支付宝拒绝了自检请求。',
      en: 'Alipay declined the self-test.',
      remedy: [
        '按错误码在开放平台的文档中查找，或联系支付宝客服。',
        'Look the code up in the documents of the open platform, or ask Alipay.',
      ],
    };
    return declined('alipay', found, thrown, 'trace_id');
  }
  if (!(thrown instanceof OutcomeUnknown)) return undefined;
  if (thrown.detail === 'bad-signature') return publicKeyWrong();
  if (thrown.detail === 'unsigned-success') return unsigned();
  return undefined;
}

function publicKeyWrong(): Finding {
  return error('alipay.public-key-wrong', {
    variable: 'AP_PUB_KEY',
    zh: '支付宝的应答不是用 AP_PUB_KEY 对应的私钥签名的：AP_PUB_KEY 不是这个应用的支付宝公钥，付款永远无法得到证明。',
    en: "Alipay's answer does not verify with AP_PUB_KEY: it is not Alipay's public key of this app, and no payment could ever be proven.",
    remedy: [
      '在开放平台 → 应用 → 接口加签方式 中复制“支付宝公钥”（不是应用公钥；每个应用、沙箱与正式环境各不相同）。',
      "Copy “Alipay's public key” from the open platform → app → signing (not the app's; it differs between apps, and between sandbox and production).",
    ],
  });
}

function unsigned(): Finding {
  return error('alipay.answer-unsigned', {
    variable: 'AP_GATEWAY',
    zh: '网关的应答没有签名，什么也证明不了：应答可能不是支付宝发出的。',
    en: 'The answer of the gateway is not signed and proves nothing: it may not come from Alipay.',
    remedy: ['检查 AP_GATEWAY 与中间的代理。', 'See to AP_GATEWAY and any proxy in between.'],
  });
}
