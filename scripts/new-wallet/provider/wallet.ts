import type { Wallet } from '../wallet.ts';

declare module '../../domain/order.ts' {
  interface WalletIds {
    newpay: true;
  }
}

// To do 11: what this file says: names in both languages, settings, scenes, colours, when the bill is out
export const NEWPAY: Wallet = {
  id: 'newpay',
  name: { zh: 'Newpay', en: 'Newpay' },
  app: { zh: 'Newpay', en: 'Newpay' },
  prefix: 'NEWPAY',
  otherPrefixes: [],
  settings: [
    {
      ...{ name: 'NEWPAY_MCH_ID', en: 'Newpay merchant number', zh: 'Newpay 商户号', credential: true },
      ...{ example: '1000000000', first: true, asked: 'Newpay merchant number Newpay 商户号' },
    },
    {
      ...{ name: 'NEWPAY_KEY', en: 'the key of that merchant', zh: '该商户的密钥' },
      ...{ secret: true, credential: true, example: '/path/to/newpay.key', first: true },
      asked: 'Newpay key Newpay 密钥',
    },
    {
      name: 'NEWPAY_NOTIFY_URL',
      en: 'where Newpay posts notifications; needed in live unless `CASHIER_PUBLIC_URL` is set',
      zh: 'Newpay 通知地址；正式环境必填，除非设置了 `CASHIER_PUBLIC_URL`',
      example: 'https://shop.example.com/notify/newpay',
      ...{ first: true, asked: 'Newpay notify URL Newpay 通知地址' },
    },
    {
      name: 'NEWPAY_GATEWAY',
      en: 'another gateway: https, or http on loopback',
      zh: '替换网关地址：https，或本机 http',
      absent: '`https://gateway.newpay.example`',
    },
  ],
  gatewayVariable: 'NEWPAY_GATEWAY',
  notify: { variable: 'NEWPAY_NOTIFY_URL', required: true },
  billOutMs: 10 * 3_600_000,
  scenes: ['qr'],
  page: {
    glyph: 'N',
    colours: {
      ...{ accent: '#475569', strong: '#334155', tone: '#334155', wash: '#f1f5f9' },
      dark: { tone: '#cbd5e1', wash: '#1e293b' },
    },
    tradeNo: { zh: 'Newpay 单号', en: 'Newpay number' },
    browser: /Newpay\//,
    leave: {
      zh: '请点右上角菜单，选择「在浏览器打开」；也可以复制链接，粘贴到浏览器。',
      en: 'Choose “Open in browser” from the menu at the top right, or copy the link into your browser.',
    },
    codeOpens: false,
  },
  async configure(env, ports) {
    const { createNewpayProvider, readNewpayConfig } = await import('./index.ts');
    const config = readNewpayConfig(env);
    return config && createNewpayProvider(config, ports);
  },
  doctor: async () => (await import('./doctor.ts')).DOCTOR,
};
