import { z } from 'zod';
import { described } from '../params.ts';
import { orderTool } from './order-tool.ts';

export const createH5PaymentTool = orderTool({
  name: 'create-h5-payment',
  title: { zh: '微信 H5 支付', en: 'WeChat Pay H5' },
  description: {
    zh: '创建一笔在手机浏览器中支付的微信订单，返回 h5_url 和订单号。payer_client_ip 是买家的 IP。',
    en: "Create a WeChat Pay order for a phone browser; returns h5_url and the order number. payer_client_ip is the buyer's IP.",
  },
  scene: 'h5',
  payer: (setting) => ({
    payerClientIp: described(setting, z.string().min(1).max(45), { zh: '买家的 IP', en: "the buyer's IP" }),
  }),
});
