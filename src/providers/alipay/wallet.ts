import type { Wallet } from '../wallet.ts';

declare module '../../domain/order.ts' {
  interface WalletIds {
    alipay: true;
  }
}

export const ALIPAY: Wallet = {
  id: 'alipay',
  name: { zh: '支付宝', en: 'Alipay' },
  app: { zh: '支付宝', en: 'Alipay' },
  prefix: 'AP',
  otherPrefixes: ['ALIPAY', 'ALI', 'ZFB'],
  settings: [
    {
      name: 'AP_APP_ID',
      en: 'Alipay app id',
      zh: '支付宝应用 APPID',
      credential: true,
      example: '2021000000000000',
      first: true,
      asked: 'Alipay APPID 支付宝应用',
    },
    {
      name: 'AP_APP_KEY',
      en: "your app's **private** key (PKCS1 or PKCS8, PEM or bare base64)",
      zh: '应用**私钥**（PKCS1 或 PKCS8，PEM 或裸 base64 均可）',
      secret: true,
      credential: true,
      key: 'private',
      example: '/path/to/app-private-key.pem',
      first: true,
      asked: 'Alipay private key 支付宝应用私钥',
    },
    {
      name: 'AP_PUB_KEY',
      en: "**Alipay's** public key, not your app's own",
      zh: '**支付宝**公钥，不是应用公钥',
      secret: true,
      credential: true,
      key: 'public',
      example: '/path/to/alipay-public-key.pem',
      first: true,
      asked: 'Alipay public key 支付宝公钥',
    },
    {
      name: 'AP_APP_CERT',
      en: "certificate mode, in place of `AP_PUB_KEY`: the app's certificate, `appCertPublicKey_….crt`",
      zh: '证书模式（三项证书代替 `AP_PUB_KEY`）：应用公钥证书 `appCertPublicKey_….crt`',
      secret: true,
      credential: true,
      example: '/path/to/appCertPublicKey_2021000000000000.crt',
      asked: true,
    },
    {
      name: 'AP_ALIPAY_CERT',
      en: "Alipay's certificate, `alipayCertPublicKey_RSA2.crt`",
      zh: '支付宝公钥证书 `alipayCertPublicKey_RSA2.crt`',
      secret: true,
      credential: true,
      example: '/path/to/alipayCertPublicKey_RSA2.crt',
      asked: true,
    },
    {
      name: 'AP_ROOT_CERT',
      en: "Alipay's root certificate, `alipayRootCert.crt`",
      zh: '支付宝根证书 `alipayRootCert.crt`',
      secret: true,
      credential: true,
      example: '/path/to/alipayRootCert.crt',
      asked: true,
    },
    {
      name: 'AP_RETURN_URL',
      en: 'where the buyer lands after paying',
      zh: '付款后买家返回的页面',
      example: 'https://shop.example.com/paid',
    },
    {
      name: 'AP_NOTIFY_URL',
      en: 'where Alipay posts notifications',
      zh: '支付宝异步通知地址',
      example: 'https://shop.example.com/notify/alipay',
    },
    {
      name: 'AP_ENCRYPTION_ALGO',
      en: '`RSA2` or `RSA`',
      zh: '`RSA2` 或 `RSA`',
      absent: '`RSA2`',
    },
    {
      name: 'AP_CURRENT_ENV',
      en: "`prod`, or `sandbox` for Alipay's sandbox gateway",
      zh: '`prod`，或 `sandbox`（支付宝沙箱网关）',
      absent: '`prod`',
      choices: ['prod', 'sandbox'],
      asked: 'Alipay environment 支付宝环境 (prod / sandbox)',
    },
    {
      name: 'AP_INVOKE_AUTH_TOKEN',
      en: "`app_auth_token` with which an ISV collects for a merchant; `AP_APP_ID` and keys are then the ISV's, and `AP_SELLER_ID` is required",
      zh: '服务商（ISV）代商家收款的 `app_auth_token`；此时 `AP_APP_ID` 与密钥是服务商的，且必须填 `AP_SELLER_ID`',
      secret: true,
      example: '/path/to/app-auth-token',
    },
    {
      name: 'AP_SELLER_ID',
      en: 'seller id (starts with 2088) of whoever is paid, checked against `seller_id` in notifications',
      zh: '收款商家的账号 PID（2088 开头），核对通知中的 `seller_id`',
      example: '2088000000000000',
    },
    {
      name: 'AP_A2M_SERVICE_ID',
      en: 'serviceId (`API_…`) of the service that the gate charges for per call; prices may name their own. With it `AP_SELLER_ID` and `CASHIER_MERCHANT_NAME` are required',
      zh: '按次收费网关所登记服务的 serviceId（`API_…`），价格中可以各写各的；设置它就必须填 `AP_SELLER_ID` 与 `CASHIER_MERCHANT_NAME`',
      example: 'API_0000000000000000',
    },
    {
      name: 'AP_SIGN_SCENE',
      en: 'scene of your contract for agreements (商家扣款), such as `INDUSTRY|DIGITAL_MEDIA`; with it subscriptions are charged by themselves (`auto`). Keep it while consents are being asked for. Set the app’s gateway address (应用网关) to the notify address, or who ends one in Alipay is believed only when it is asked for',
      zh: '“商家扣款”合同中的签约场景，如 `INDUSTRY|DIGITAL_MEDIA`；设置后订阅可自动扣款（`auto`）。还有待签约的订阅时不要改。请把开放平台的“应用网关”也填成通知地址，否则用户在支付宝里解约要等查询时才知道',
      example: 'INDUSTRY|DIGITAL_MEDIA',
    },
    {
      name: 'AP_PRECREATE_PRODUCT_CODE',
      en: '`QR_CODE_OFFLINE` or `FACE_TO_FACE_PAYMENT`',
      zh: '`QR_CODE_OFFLINE` 或 `FACE_TO_FACE_PAYMENT`',
      absent: '`QR_CODE_OFFLINE`',
    },
    {
      name: 'AP_GATEWAY',
      en: 'another gateway URL: https, or http on loopback',
      zh: '替换网关地址：https，或本机 http',
    },
  ],
  gatewayVariable: 'AP_GATEWAY',
  sandboxVariable: 'AP_CURRENT_ENV',
  notify: { variable: 'AP_NOTIFY_URL', required: false },
  // Said to be made by about nine in the morning.
  billOutMs: 9.5 * 3_600_000,
  scenes: ['qr', 'web', 'h5', 'app'],
  signedByPaying: 'app',
  titleTip: { zh: '支付宝的商品名还不能有 / = &', en: 'for Alipay no / = & either' },
  setupNote: {
    about: 'AP_PUB_KEY_FILE',
    text: {
      zh: '支付宝证书模式：用 AP_APP_CERT_FILE、AP_ALIPAY_CERT_FILE、AP_ROOT_CERT_FILE 代替 AP_PUB_KEY_FILE。',
      en: "In Alipay's certificate mode give AP_APP_CERT_FILE, AP_ALIPAY_CERT_FILE and AP_ROOT_CERT_FILE in place of AP_PUB_KEY_FILE.",
    },
  },
  sells: {
    by: 'proof',
    variables: ['AP_SELLER_ID', 'CASHIER_MERCHANT_NAME'],
    service: 'AP_A2M_SERVICE_ID',
  },
  page: {
    glyph: '支',
    colours: {
      ...{ accent: '#1677ff', strong: '#1168ea', tone: '#0f5fd6', wash: '#e9f2ff' },
      dark: { tone: '#69a8ff', wash: '#1a2c48' },
    },
    tradeNo: { zh: '支付宝交易号', en: 'Alipay number' },
    browser: /AlipayClient/i,
    leave: {
      zh: '请点右上角「…」，选择「在浏览器打开」；也可以复制链接，粘贴到手机浏览器。',
      en: 'Tap “…” at the top right and choose “Open in browser”, or copy the link into your phone’s browser.',
    },
    codeOpens: true,
  },
  async configure(env, ports) {
    const { createAlipayProvider, readAlipayConfig } = await import('./index.ts');
    const config = readAlipayConfig(env, ports.clock.now());
    return config && createAlipayProvider(config, ports);
  },
  doctor: async () => (await import('./doctor.ts')).ALIPAY_DOCTOR,
};
