import { linkTool } from './link-tool.ts';

export const createWebPageAlipayPaymentTool = linkTool({
  name: 'create-web-page-alipay-payment',
  title: { zh: '电脑网站支付', en: 'Alipay web page payment' },
  description: {
    zh: '创建一笔支付宝订单，返回带有支付链接的 Markdown 文本，该链接在电脑浏览器中打开后会展示支付二维码，用户可扫码支付。本工具适用于桌面网站或电脑客户端。',
    en: 'Create an Alipay order and return Markdown with a payment link, which shows a QR code to scan in a desktop browser. For desktop sites and clients.',
  },
  scene: 'web',
  label: '网页支付链接',
});
