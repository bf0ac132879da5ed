import { orderTool } from './order-tool.ts';

export const createNativePaymentTool = orderTool({
  name: 'create-native-payment',
  title: { zh: '微信扫码支付', en: 'WeChat Pay QR code' },
  description: {
    zh: '创建一笔微信支付订单，返回二维码 code_url 和订单号。创建不等于已付款：用 query-order-by-out-trade-no 查到 PAID 才交付。',
    en: 'Create a WeChat Pay order; returns the QR code_url and the order number. Created is not paid: deliver only after query-order-by-out-trade-no says PAID.',
  },
  scene: 'qr',
});
