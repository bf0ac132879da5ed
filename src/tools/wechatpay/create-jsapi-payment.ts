import { z } from 'zod';
import { described } from '../params.ts';
import { orderTool } from './order-tool.ts';

export const createJsapiPaymentTool = orderTool({
  name: 'create-jsapi-payment',
  title: { zh: '微信内支付', en: 'WeChat Pay JSAPI' },
  description: {
    zh: '创建一笔在微信内（公众号、小程序）支付的订单，返回已签名的 jsapi_params 和订单号。',
    en: 'Create a WeChat Pay order paid inside WeChat; returns the signed jsapi_params and the order number.',
  },
  scene: 'jsapi',
  payer: (setting) => ({
    payerOpenid: described(setting, z.string().min(1).max(128), {
      zh: '买家在该公众号或小程序的 openid',
      en: "the buyer's openid",
    }),
  }),
});
