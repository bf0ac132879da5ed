import { linkTool } from './link-tool.ts';

export const createMobileAlipayPaymentTool = linkTool({
  name: 'create-mobile-alipay-payment',
  title: { zh: '手机网站支付', en: 'Alipay mobile payment' },
  description: {
    zh: '创建一笔支付宝订单，返回带有支付链接的 Markdown 文本，该链接在手机浏览器中打开后可跳转到支付宝或直接在浏览器中支付。本工具适用于移动网站或移动 App。',
    en: 'Create an Alipay order and return Markdown with a payment link, which opens Alipay on a phone or is paid in its browser. For mobile sites and apps.',
  },
  scene: 'h5',
  label: '支付链接',
});
