import type { Clock } from '../../domain/clock.ts';
import type { PaymentProvider } from '../contract.ts';
import type { GatewayHttp } from '../gateway-http.ts';
import { downloadBill } from './bills.ts';
import type { UnionpayConfig } from './config.ts';
import { unionpayGateway } from './gateway.ts';
import { acknowledge, parseNotify } from './notify.ts';
import { planPayment, SCENES, sendPayment } from './payment.ts';
import { planRefund, queryRefund, REFUND_RULES, refundSentAt, sendRefund } from './refund.ts';
import { checkCredentials, queryTrade } from './trade.ts';

export { readUnionpayConfig, type UnionpayConfig } from './config.ts';
export { openerFor } from './opener.ts';

/** UnionPay through ACP 5.1.0 (signed forms and texts), behind the port. */
export function createUnionpayProvider(
  config: UnionpayConfig,
  ports: { readonly clock: Clock; readonly http: GatewayHttp },
): PaymentProvider {
  const { merId } = config;
  const account = `${config.gateway} ${merId}`;
  const gateway = unionpayGateway(config, ports);
  const asker = { merId, account, gateway, now: () => ports.clock.now() };
  return {
    id: 'unionpay',
    account,
    scenes: SCENES,
    timedNumbers: { refundSentAt },
    returnsMark: false,
    refundRules: REFUND_RULES,
    planPayment: (order) => planPayment(order, config),
    sendPayment: (order, plan) => sendPayment(order, plan, { config, gateway }),
    queryTrade: (outTradeNo, known = {}) => queryTrade(asker, outTradeNo, known),
    planRefund: (refund) => planRefund(refund, config),
    sendRefund: (refund, plan) => sendRefund(asker, refund, plan),
    queryRefund: (outTradeNo, outRefundNo, known = {}) => queryRefund(asker, outTradeNo, outRefundNo, known),
    parseNotify: async (raw, now) => parseNotify(raw, now, { merId, account, signerOf: gateway.signerOf }),
    acknowledge,
    downloadBill: (date) => downloadBill(asker, date),
    checkCredentials: () => checkCredentials(asker),
  };
}
