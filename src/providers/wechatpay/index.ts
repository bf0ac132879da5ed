import type { PaymentProvider } from '../contract.ts';
import type { Ports } from '../v3/exchange.ts';
import { queryRefund, type Refunds, sendRefund } from '../v3/refund.ts';
import { downloadBill } from './bills.ts';
import type { WechatpayConfig } from './config.ts';
import { signedSender, wechatpayExchange } from './gateway.ts';
import { LIMITS } from './limits.ts';
import { merchantOf } from './merchant.ts';
import { acknowledge, parseNotify } from './notify.ts';
import { sendPayment } from './payment.ts';
import { callOf, planPayment, planRefund, WECHATPAY_SCENES } from './plan.ts';
import { platformKeys } from './platform-keys.ts';
import { preorder } from './preorder.ts';
import { WECHATPAY_REFUND_RULES } from './refund.ts';
import { checkCredentials } from './self-test.ts';
import { merchantSigner } from './signer.ts';
import { closeTrade, queryTrade } from './trade.ts';

export { readWechatpayConfig, type WechatpayConfig } from './config.ts';

/** WeChat Pay through APIv3, as a merchant or as a service provider for a sub-merchant, behind the port. */
export function createWechatpayProvider(config: WechatpayConfig, ports: Ports): PaymentProvider {
  const signer = merchantSigner(config);
  const send = signedSender(config, signer, ports);
  const keys = platformKeys(config, send, ports.clock);
  const exchange = wechatpayExchange(send, keys, ports.clock);
  const merchant = merchantOf(config);
  const refunds: Refunds = { exchange, merchant, limits: LIMITS };
  const { skillHub } = config;
  return {
    id: 'wechatpay',
    account: merchant.account,
    owns: merchant.owns,
    scenes: WECHATPAY_SCENES,
    fromPageOnly: new Set(['h5']),
    returnsMark: true,
    refundRules: WECHATPAY_REFUND_RULES,
    planPayment: (order) => planPayment(order, config),
    sendPayment: (order, plan, mayStill) => sendPayment(order, plan, { ports, signer, exchange }, mayStill),
    queryTrade: (outTradeNo) => queryTrade(exchange, merchant, outTradeNo),
    closeTrade: (outTradeNo, mayStill) => closeTrade(exchange, merchant, outTradeNo, mayStill),
    planRefund: (refund) => planRefund(refund, config),
    sendRefund: (refund, plan, mayStill) => sendRefund(refunds, refund, callOf(plan), mayStill),
    queryRefund: (outTradeNo, outRefundNo) => queryRefund(refunds, outTradeNo, outRefundNo),
    x402: skillHub && { preorder: (wanted) => preorder(skillHub, ports, wanted) },
    parseNotify: (raw, now) => parseNotify(raw, now, { config, keys }),
    acknowledge,
    downloadBill: (date) => downloadBill({ exchange, send, config }, date),
    checkCredentials: () => checkCredentials({ config, exchange, send, clock: ports.clock }),
  };
}
