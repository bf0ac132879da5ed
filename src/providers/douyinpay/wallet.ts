import type { Wallet } from '../wallet.ts';

declare module '../../domain/order.ts' {
  interface WalletIds {
    douyinpay: true;
  }
}

export const DOUYINPAY: Wallet = {
  id: 'douyinpay',
  name: { zh: '抖音支付', en: 'Douyin Pay' },
  app: { zh: '抖音', en: 'Douyin' },
  prefix: 'DYPAY',
  otherPrefixes: ['DOUYINPAY', 'DOUYIN_PAY', 'DOUYIN', 'DY'],
  settings: [
    {
      name: 'DYPAY_APP_ID',
      en: 'appid that is bound to the Douyin Pay merchant',
      zh: '与抖音支付商户号绑定的 appid',
      credential: true,
      example: 'tt0000000000000000',
      first: true,
      asked: 'Douyin Pay appid 抖音支付 appid',
    },
    {
      name: 'DYPAY_MCH_ID',
      en: 'merchant ID',
      zh: '抖音支付商户号',
      credential: true,
      example: '6020000000000000',
      first: true,
      asked: 'Douyin Pay merchant 抖音支付商户号',
    },
    {
      name: 'DYPAY_MCH_KEY',
      en: "the merchant's API private key",
      zh: '商户 API 私钥',
      secret: true,
      credential: true,
      key: 'private',
      example: '/path/to/douyinpay-merchant-key.pem',
      first: true,
      asked: 'Douyin Pay private key 抖音支付商户私钥',
    },
    {
      name: 'DYPAY_MCH_SERIAL',
      en: "serial number of the merchant's certificate",
      zh: '商户 API 证书序列号',
      credential: true,
      example: '0123456789ABCDEF0123456789ABCDEF01234567',
      first: true,
      asked: 'Douyin Pay certificate serial 抖音支付商户证书序列号',
    },
    {
      name: 'DYPAY_API_KEY',
      en: 'the 32-byte API key, which opens notifications and platform certificates',
      zh: '32 字节的 API 密钥，用于解密通知与平台证书',
      secret: true,
      credential: true,
      example: '/path/to/douyinpay-api-key',
      first: true,
      asked: 'Douyin Pay API key 抖音支付 API 密钥',
    },
    {
      name: 'DYPAY_NOTIFY_URL',
      en: 'where Douyin Pay posts notifications (https, no query); needed in live unless `CASHIER_PUBLIC_URL` is set',
      zh: '抖音支付通知地址（https，不带参数）；正式环境必填，除非设置了 `CASHIER_PUBLIC_URL`',
      example: 'https://shop.example.com/notify/douyinpay',
      first: true,
      asked: 'Douyin Pay notify URL 抖音支付通知地址',
    },
    {
      name: 'DYPAY_GATEWAY',
      en: 'another API origin: https, or http on loopback',
      zh: '替换 API 地址：https，或本机 http',
      absent: '`https://api.douyinpay.com`',
    },
  ],
  gatewayVariable: 'DYPAY_GATEWAY',
  notify: { variable: 'DYPAY_NOTIFY_URL', required: true },
  // Said to be there by about ten in the morning.
  billOutMs: 10.5 * 3_600_000,
  scenes: ['qr', 'h5', 'jsapi', 'app'],
  payerArguments: {
    payerOpenid: { zh: 'jsapi 可填', en: 'for jsapi, where known' },
    payerClientIp: { zh: 'h5 建议填：买家 IP', en: "for h5, where known: the buyer's IP" },
  },
  setupNote: {
    about: 'DYPAY_API_KEY',
    text: {
      zh: '抖音支付没有沙箱；平台证书会自动下载并更换，不用配置。先运行 doctor（不动用资金），再用一笔 0.01 元的真实订单试收、试退。',
      en: 'Douyin Pay has no sandbox; platform certificates are downloaded and rotated by themselves. Run doctor first (it moves no money), then try a real order of 0.01 yuan and refund it.',
    },
  },
  page: {
    glyph: '抖',
    colours: {
      ...{ accent: '#fe2c55', strong: '#c2183c', tone: '#b0153a', wash: '#fde7ec' },
      dark: { tone: '#ff8aa3', wash: '#3d1420' },
    },
    // UnionPay is red as well.
    inChart: { light: '#161823', dark: '#f1f1f2' },
    tradeNo: { zh: '抖音支付单号', en: 'Douyin Pay number' },
    browser: /aweme|BytedanceWebview|ToutiaoMicroApp/i,
    leave: {
      zh: '请点右上角「…」，选择「在浏览器打开」；也可以复制链接，粘贴到手机浏览器。',
      en: 'Tap “…” at the top right and choose “Open in browser”, or copy the link into your phone’s browser.',
    },
    // Nothing is documented but scanning it.
    codeOpens: false,
  },
  async configure(env, ports) {
    const { createDouyinpayProvider, readDouyinpayConfig } = await import('./index.ts');
    const config = readDouyinpayConfig(env);
    return config && createDouyinpayProvider(config, ports);
  },
  doctor: async () => (await import('./doctor.ts')).DOUYINPAY_DOCTOR,
};
