import type { Wallet } from '../../../src/providers/wallet.ts';

declare module '../../../src/domain/order.ts' {
  interface WalletIds {
    toypay: true;
  }
}

/** A wallet that nobody has: it shows what a third one takes. */
export const TOYPAY: Wallet = {
  id: 'toypay',
  name: { zh: '玩具支付', en: 'Toy Pay' },
  app: { zh: '玩具', en: 'Toy' },
  prefix: 'TOYPAY',
  otherPrefixes: ['TOY'],
  settings: [
    {
      ...{ name: 'TOYPAY_MERCHANT', en: 'merchant ID', zh: '玩具支付商户号', credential: true },
      ...{ example: '7000', first: true, asked: 'Toy Pay merchant 玩具支付商户号' },
    },
    {
      ...{ name: 'TOYPAY_SECRET', en: 'the secret', zh: '密钥', secret: true, credential: true },
      ...{ example: '/path/to/toypay-secret', first: true, asked: 'Toy Pay secret 密钥' },
    },
    { name: 'TOYPAY_NOTIFY_URL', en: 'where Toy Pay posts notifications', zh: '玩具支付通知地址' },
    { name: 'TOYPAY_CURRENT_ENV', en: '`prod` or `sandbox`', zh: '`prod` 或 `sandbox`', absent: '`prod`' },
    { name: 'TOYPAY_GATEWAY', en: 'another gateway URL', zh: '替换网关地址' },
  ],
  gatewayVariable: 'TOYPAY_GATEWAY',
  sandboxVariable: 'TOYPAY_CURRENT_ENV',
  notify: { variable: 'TOYPAY_NOTIFY_URL', required: false },
  billOutMs: 0,
  scenes: ['qr', 'web'],
  titleTip: { zh: '玩具支付的商品名里不要有积木', en: 'for Toy Pay no bricks' },
  page: {
    glyph: '玩',
    colours: {
      ...{ accent: '#b45309', strong: '#92400e', tone: '#92400e', wash: '#fef3c7' },
      dark: { tone: '#fcd34d', wash: '#422006' },
    },
    tradeNo: { zh: '玩具支付单号', en: 'Toy Pay number' },
    browser: /ToyClient/,
    leave: { zh: '请用浏览器打开。', en: 'Open it in a browser.' },
    codeOpens: false,
    formsGoOnTo: ['https://*.toypay.example'],
  },
  async configure(env, ports) {
    const { createToypayProvider, readToypayConfig } = await import('./index.ts');
    const config = readToypayConfig(env);
    return config && createToypayProvider(config, ports);
  },
  doctor: async () => (await import('./doctor.ts')).TOYPAY_DOCTOR,
};
