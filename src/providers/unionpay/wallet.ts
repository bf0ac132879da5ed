import type { Wallet } from '../wallet.ts';

declare module '../../domain/order.ts' {
  interface WalletIds {
    unionpay: true;
  }
}

export const UNIONPAY: Wallet = {
  id: 'unionpay',
  name: { zh: '银联', en: 'UnionPay' },
  app: { zh: '云闪付', en: 'UnionPay' },
  prefix: 'UNIONPAY',
  otherPrefixes: ['UNION', 'UPOP', 'ACP', 'ACPSDK', 'YSF'],
  settings: [
    {
      name: 'UNIONPAY_MER_ID',
      en: 'UnionPay merchant number (15 characters)',
      zh: '银联商户号（15 位）',
      credential: true,
      example: '777290000000000',
      first: true,
      asked: 'UnionPay merchant number 银联商户号',
    },
    {
      name: 'UNIONPAY_CERT',
      en: "the merchant's signing certificate with its **private** key: the `.pfx` (PKCS#12) file as it was downloaded, or both as PEM",
      zh: '商户签名证书与**私钥**：下载的 `.pfx`（PKCS#12）文件，或两者的 PEM',
      secret: true,
      credential: true,
      example: '/path/to/acp_prod_sign.pfx',
      first: true,
      asked: 'UnionPay signing certificate 银联签名证书 (.pfx)',
    },
    {
      name: 'UNIONPAY_CERT_PASSWORD',
      en: 'the password of that `.pfx`',
      zh: '该 `.pfx` 的密码',
      secret: true,
      credential: true,
      example: '/path/to/acp_prod_sign.password',
      first: true,
      asked: 'UnionPay certificate password 银联证书密码',
    },
    {
      name: 'UNIONPAY_ROOT_CERT',
      en: "UnionPay's root certificate, `acp_prod_root.cer`",
      zh: '银联根证书 `acp_prod_root.cer`',
      secret: true,
      credential: true,
      example: '/path/to/acp_prod_root.cer',
      first: true,
      asked: 'UnionPay root certificate 银联根证书',
    },
    {
      name: 'UNIONPAY_MIDDLE_CERT',
      en: "UnionPay's intermediate certificate, `acp_prod_middle.cer`",
      zh: '银联中级证书 `acp_prod_middle.cer`',
      secret: true,
      credential: true,
      example: '/path/to/acp_prod_middle.cer',
      first: true,
      asked: 'UnionPay intermediate certificate 银联中级证书',
    },
    {
      name: 'UNIONPAY_NOTIFY_URL',
      en: 'where UnionPay posts notifications; needed in live unless `CASHIER_PUBLIC_URL` is set',
      zh: '银联通知地址；正式环境必填，除非设置了 `CASHIER_PUBLIC_URL`',
      example: 'https://shop.example.com/notify/unionpay',
      first: true,
      asked: 'UnionPay notify URL 银联通知地址',
    },
    {
      name: 'UNIONPAY_CURRENT_ENV',
      en: "`prod`, or `sandbox` for UnionPay's test gateway",
      zh: '`prod`，或 `sandbox`（银联测试网关）',
      absent: '`prod`',
      choices: ['prod', 'sandbox'],
    },
    {
      name: 'UNIONPAY_GATEWAY',
      en: 'another gateway: https, or http on loopback',
      zh: '替换网关地址：https，或本机 http',
      absent: '`https://gateway.95516.com`',
    },
  ],
  gatewayVariable: 'UNIONPAY_GATEWAY',
  sandboxVariable: 'UNIONPAY_CURRENT_ENV',
  notify: { variable: 'UNIONPAY_NOTIFY_URL', required: true },
  // What is paid after 23:00 stands in the file of the next day, which comes the morning after that.
  billOutMs: 34 * 3_600_000,
  scenes: ['qr', 'web'],
  numbers: /^[A-Za-z0-9]{8,32}$/,
  page: {
    glyph: '银',
    colours: {
      ...{ accent: '#d7263d', strong: '#b3122b', tone: '#a8152b', wash: '#fde8ea' },
      dark: { tone: '#ff9aa8', wash: '#421319' },
    },
    tradeNo: { zh: '银联查询流水号', en: 'UnionPay number' },
    browser: /com\.unionpay\.|UnionPay\//i,
    leave: {
      zh: '请点右上角菜单，选择「在浏览器打开」；也可以复制链接，粘贴到浏览器。',
      en: 'Choose “Open in browser” from the menu at the top right, or copy the link into your browser.',
    },
    codeOpens: false,
    formsGoOnTo: ['https://*.95516.com'],
  },
  async configure(env, ports) {
    const { createUnionpayProvider, openerFor, readUnionpayConfig } = await import('./index.ts');
    const config = readUnionpayConfig(env, await openerFor(env));
    return config && createUnionpayProvider(config, ports);
  },
  doctor: async () => (await import('./doctor.ts')).DOCTOR,
};
