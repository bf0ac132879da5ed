import { DAY_MS } from '../../domain/clock.ts';
import type { PaymentProvider, RefundRules } from '../contract.ts';
import type { Ports } from '../v3/exchange.ts';
import { queryRefund, sendRefund } from '../v3/refund.ts';
import { closeTrade, queryTrade } from '../v3/trade.ts';
import { downloadBill } from './bills.ts';
import type { DouyinpayConfig } from './config.ts';
import { isClosed, LIMITS, merchantOf, tradeStateOf } from './dialect.ts';
import { douyinpayExchange, platformKeys, signedSender } from './gateway.ts';
import { acknowledge, parseNotify } from './notify.ts';
import { callOf, DOUYINPAY_SCENES, planPayment, planRefund, sendPayment } from './payment.ts';

export { type DouyinpayConfig, readDouyinpayConfig } from './config.ts';

/**
 * Of refunds Douyin Pay documents that a number refunds once within the merchant, and to ask after a minute. The rest is
 * what the API that its own is modelled on wants; the window is left to the gateway, which knows it.
 */
const REFUND_RULES: RefundRules = {
  minIntervalMs: 60_000,
  maxPerOrder: 50,
  windowMs: 10 * 365 * DAY_MS,
  numberUniquePerMerchant: true,
  finalTradeStates: new Set(),
  askAfterMs: [60_000, 60_000, 60_000, 60_000, 60_000, 300_000, 600_000, 1_200_000, 1_800_000],
};

/** Douyin Pay, as a merchant of its own, behind the port. */
export function createDouyinpayProvider(config: DouyinpayConfig, ports: Ports): PaymentProvider {
  const { clock, http } = ports;
  const send = signedSender(config, ports);
  const keys = platformKeys(config, send, clock);
  const exchange = douyinpayExchange(send, keys, clock);
  const merchant = merchantOf(config);
  const there = { exchange, merchant, limits: LIMITS, tradeStateOf, isClosed };
  return {
    id: 'douyinpay',
    account: merchant.account,
    owns: merchant.owns,
    scenes: DOUYINPAY_SCENES,
    returnsMark: true,
    refundRules: REFUND_RULES,
    planPayment: (order) => planPayment(order, config),
    sendPayment: (order, plan, mayStill) => sendPayment(order, plan, { ports, config, exchange }, mayStill),
    queryTrade: (outTradeNo) => queryTrade(there, outTradeNo),
    closeTrade: (outTradeNo, mayStill) => closeTrade(there, outTradeNo, mayStill),
    planRefund: (refund) => planRefund(refund, config),
    sendRefund: (refund, plan, mayStill) => sendRefund(there, refund, callOf(plan), mayStill),
    queryRefund: (outTradeNo, outRefundNo) => queryRefund(there, outTradeNo, outRefundNo),
    parseNotify: (raw, now) => parseNotify(raw, now, { config, keys }),
    acknowledge,
    downloadBill: (date) => downloadBill({ exchange, http, config }, date),
    // The list of certificates proves number, key, serial and API key; a question about an order that nobody has, the rest.
    async checkCredentials() {
      await queryTrade(there, `SELFTEST_${clock.now()}`);
      return ['DYPAY_APP_ID'];
    },
  };
}
