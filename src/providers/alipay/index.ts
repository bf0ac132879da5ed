import type { Clock } from '../../domain/clock.ts';
import type { Log } from '../../domain/ports.ts';
import type { PaymentProvider } from '../contract.ts';
import type { GatewayHttp } from '../gateway-http.ts';
import { a2mOf } from './a2m.ts';
import { agreementsOf } from './agreements.ts';
import { downloadBill } from './bills.ts';
import type { AlipayConfig } from './config.ts';
import { alipayGateway } from './gateway.ts';
import { acknowledge, parseNotify } from './notify.ts';
import { ALIPAY_SCENES, planPayment, SANDBOX_EXPIRY_MINUTES, sendPayment } from './payment.ts';
import { ALIPAY_REFUND_RULES, planRefund, queryRefund, sendRefund } from './refund.ts';
import { requestSigner } from './signer.ts';
import { checkCredentials, closeTrade, queryTrade } from './trade.ts';

export { type AlipayConfig, readAlipayConfig } from './config.ts';

/** Alipay through its v2 gateway (signed form calls), behind the port. */
export function createAlipayProvider(
  config: AlipayConfig,
  ports: { readonly clock: Clock; readonly http: GatewayHttp; readonly log?: Log | undefined },
): PaymentProvider {
  const { gateway: url, appId, appAuthToken, sellerId } = config;
  // An ISV's orders are told apart by who is paid; a token is a secret, and replaced.
  const account = [url, appId, ...(appAuthToken === undefined ? [] : [sellerId])].join(' ');
  const signer = requestSigner(config, ports.clock);
  const gateway = alipayGateway(config, signer, ports);
  return {
    id: 'alipay',
    account,
    scenes: ALIPAY_SCENES,
    opensLater: true,
    ...(config.realm === 'sandbox' ? { maxExpiryMinutes: SANDBOX_EXPIRY_MINUTES } : {}),
    returnsMark: false,
    refundRules: ALIPAY_REFUND_RULES,
    planPayment: (order) => planPayment(order, config),
    sendPayment: (order, plan) => sendPayment(order, plan, { config, signer, gateway, clock: ports.clock }),
    queryTrade: (...asked) => queryTrade(gateway, account, ...asked),
    closeTrade: (outTradeNo) => closeTrade(gateway, outTradeNo),
    planRefund,
    sendRefund: (refund, plan) => sendRefund(gateway, refund, plan),
    queryRefund: (...asked) => queryRefund(gateway, ...asked),
    a2m: a2mOf(config, gateway),
    agreements: agreementsOf({ config, account, signer, gateway, clock: ports.clock }),
    parseNotify: async (raw, now) =>
      parseNotify(raw, now, { ...config, trusted: gateway.trusted() }, account),
    acknowledge,
    downloadBill: (date) => downloadBill({ gateway, http: ports.http, config }, date),
    checkCredentials: () => checkCredentials({ gateway, account, config, clock: ports.clock }),
  };
}
