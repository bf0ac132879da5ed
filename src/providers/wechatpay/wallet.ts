import type { Wallet } from '../wallet.ts';

declare module '../../domain/order.ts' {
  interface WalletIds {
    wechatpay: true;
  }
}

export const WECHATPAY: Wallet = {
  id: 'wechatpay',
  name: { zh: '微信支付', en: 'WeChat Pay' },
  app: { zh: '微信', en: 'WeChat' },
  prefix: 'WXPAY',
  otherPrefixes: ['WECHATPAY', 'WECHAT_PAY', 'WECHAT', 'WX', 'WXP'],
  settings: [
    {
      name: 'WXPAY_APP_ID',
      en: 'appid that is bound to the WeChat Pay merchant',
      zh: '与微信支付商户号绑定的 appid',
      credential: true,
      example: 'wx0000000000000000',
      first: true,
      asked: 'WeChat Pay appid 微信支付 appid',
    },
    {
      name: 'WXPAY_MCH_ID',
      en: 'merchant ID',
      zh: '微信支付商户号',
      credential: true,
      example: '1900000000',
      first: true,
      asked: 'WeChat Pay merchant 微信支付商户号',
    },
    {
      name: 'WXPAY_MCH_KEY',
      en: "the merchant's API private key",
      zh: '商户 API 私钥',
      secret: true,
      credential: true,
      key: 'private',
      example: '/path/to/apiclient_key.pem',
      first: true,
      asked: 'WeChat Pay private key 商户 API 私钥',
    },
    {
      name: 'WXPAY_MCH_SERIAL',
      en: "serial number of the merchant's certificate",
      zh: '商户 API 证书序列号',
      credential: true,
      example: '0123456789ABCDEF0123456789ABCDEF01234567',
      first: true,
      asked: 'WeChat Pay certificate serial 商户证书序列号',
    },
    {
      name: 'WXPAY_API_V3_KEY',
      en: 'the 32-byte APIv3 key',
      zh: '32 字节的 APIv3 密钥',
      secret: true,
      credential: true,
      example: '/path/to/api-v3-key',
      first: true,
      asked: 'WeChat Pay APIv3 key 密钥',
    },
    {
      name: 'WXPAY_PUB_KEY',
      en: "WeChat Pay's public key; without it platform certificates are downloaded",
      zh: '微信支付公钥；不填则下载平台证书',
      secret: true,
      credential: true,
      key: 'public',
      example: '/path/to/pub_key.pem',
      first: true,
      asked: 'WeChat Pay public key 微信支付公钥',
    },
    {
      name: 'WXPAY_PUB_KEY_ID',
      en: 'the id of that key (`PUB_KEY_ID_…`)',
      zh: '微信支付公钥 ID（`PUB_KEY_ID_…`）',
      credential: true,
      example: 'PUB_KEY_ID_0000000000000000000000000000',
      first: true,
      asked: 'WeChat Pay public key id 微信支付公钥 ID',
    },
    {
      name: 'WXPAY_KEY_MODE',
      en: "which of WeChat Pay's keys verify: `public-key`, `certificates` or `both` (while a merchant switches, either signs)",
      zh: '用微信支付的哪种密钥验签：`public-key`（公钥）、`certificates`（平台证书）或 `both`（切换期间两者都可能签名）',
      absent: {
        en: '`both` with a public key, else `certificates`',
        zh: '有公钥时为 `both`，否则为 `certificates`',
      },
    },
    {
      name: 'WXPAY_SUB_MCH_ID',
      en: "service-provider mode (服务商): the sub-merchant that collects; all other settings are then the provider's",
      zh: '服务商模式：收款的特约商户（子商户）的商户号；其余各项填服务商自己的',
      credential: true,
      example: '1900000001',
    },
    {
      name: 'WXPAY_SUB_APP_ID',
      en: "the sub-merchant's own appid, where buyers pay in its official account, mini program or app; `payerOpenid` is then of this one",
      zh: '子商户自己的 appid：买家在子商户的公众号、小程序或 App 内付款时填写；`payerOpenid` 须属于它',
      credential: true,
      example: 'wx0000000000000001',
    },
    {
      name: 'WXPAY_NOTIFY_URL',
      en: 'where WeChat Pay posts notifications (https, no query); needed in live unless `CASHIER_PUBLIC_URL` is set',
      zh: '微信支付通知地址（https，不带参数）；正式环境必填，除非设置了 `CASHIER_PUBLIC_URL`',
      example: 'https://shop.example.com/notify/wechatpay',
      first: true,
      asked: 'WeChat Pay notify URL 微信支付通知地址',
    },
    {
      name: 'WXPAY_GATEWAY',
      en: 'another API origin: https, or http on loopback',
      zh: '替换 API 地址：https，或本机 http',
      absent: '`https://api.mch.weixin.qq.com`',
    },
    {
      name: 'WXPAY_SKILLHUB_DEVELOPER_ID',
      en: 'developer id (`sh-…`) of SkillHub, for calls that the gate sells to agents with WeChat Pay',
      zh: 'SkillHub 开发者 ID（`sh-…`），用于按次收费网关向带微信支付的智能体收款',
      credential: true,
      example: 'sh-00000000',
    },
    {
      name: 'WXPAY_SKILLHUB_KEY',
      en: "the developer's private key of SkillHub, another than the merchant's",
      zh: 'SkillHub 开发者私钥，与商户 API 私钥不是同一把',
      secret: true,
      credential: true,
      key: 'private',
      example: '/path/to/skillhub-private-key.pem',
    },
    {
      name: 'WXPAY_SKILLHUB_KEY_ID',
      en: 'the id of that key (`PUB_KEY_` and 32 characters)',
      zh: '该密钥的 ID（`PUB_KEY_` 加 32 个字符）',
      credential: true,
      example: 'PUB_KEY_00000000000000000000000000000000',
    },
    {
      name: 'WXPAY_X402_GATEWAY',
      en: 'another origin for payment codes of agents: https, or http on loopback',
      zh: '替换智能体付款码的接口地址：https，或本机 http',
      absent: '`https://payapp.weixin.qq.com`',
    },
    {
      name: 'WXPAY_H5_ORIGIN',
      en: "the H5 domain registered with WeChat Pay, as `https://…`: the buyer's page for `h5` stands there",
      zh: '在微信支付登记的 H5 支付域名（`https://…`），`h5` 的收银台页面须在该域名下',
      absent: { en: 'origin of `CASHIER_PUBLIC_URL`', zh: '`CASHIER_PUBLIC_URL` 的域名' },
      example: 'https://pay.example.com',
    },
  ],
  gatewayVariable: 'WXPAY_GATEWAY',
  notify: { variable: 'WXPAY_NOTIFY_URL', required: true },
  // Said to be made by ten in the morning.
  billOutMs: 10.5 * 3_600_000,
  scenes: ['qr', 'h5', 'jsapi', 'app'],
  payerArguments: {
    payerOpenid: { zh: 'jsapi 必填', en: 'for jsapi' },
    payerClientIp: { zh: '微信 h5 必填：买家 IP', en: "for WeChat h5: the buyer's IP" },
  },
  sells: {
    by: 'code',
    variables: ['WXPAY_SKILLHUB_DEVELOPER_ID', 'WXPAY_SKILLHUB_KEY', 'WXPAY_SKILLHUB_KEY_ID'],
  },
  page: {
    glyph: '微',
    colours: {
      ...{ accent: '#07c160', strong: '#058045', tone: '#067a3f', wash: '#e4f8ed' },
      dark: { tone: '#3ddc87', wash: '#12331f' },
    },
    tradeNo: { zh: '微信支付单号', en: 'WeChat Pay number' },
    // WeCom names itself as WeChat too, and blocks the same things.
    browser: /MicroMessenger|WindowsWechat|wxwork/i,
    leave: {
      zh: '请点右上角「…」，选择「在浏览器打开」（iPhone 上为「在 Safari 中打开」）；也可以复制链接，粘贴到手机浏览器。',
      en: 'Tap “…” at the top right and choose “Open in browser” (“Open in Safari” on iPhone), or copy the link into your phone’s browser.',
    },
    // Neither a long press nor the album takes it. @see https://pay.weixin.qq.com/doc/v3/merchant/4012791877
    codeOpens: false,
    handOff: {
      variable: 'WXPAY_H5_ORIGIN',
      domain: {
        zh: '填微信支付商户平台登记的 H5 支付域名。',
        en: 'Set the H5 domain registered on the WeChat Pay merchant platform.',
      },
      // @see https://pay.weixin.qq.com/doc/v3/merchant/4012525153
      withReturn: (link, back) =>
        `${link}${link.includes('?') ? '&' : '?'}redirect_url=${encodeURIComponent(back)}`,
    },
  },
  async configure(env, ports) {
    const { createWechatpayProvider, readWechatpayConfig } = await import('./index.ts');
    const config = readWechatpayConfig(env);
    return config && createWechatpayProvider(config, ports);
  },
  doctor: async () => (await import('./doctor.ts')).WECHATPAY_DOCTOR,
};
