import { unlessAbsent } from '../absence.ts';
import { NotifyRejected, type PaymentProvider } from '../contract.ts';
import type { ProviderPorts } from '../wallet.ts';
import type { NewpayConfig } from './config.ts';
import { isNewpays, newpayGateway } from './gateway.ts';
import { REFUND_RULES, refundIn, tradeIn } from './snapshots.ts';
import { toDo } from './to-do.ts';

export { type NewpayConfig, readNewpayConfig } from './config.ts';

/** Newpay, behind the port. */
export function createNewpayProvider(config: NewpayConfig, ports: ProviderPorts): PaymentProvider {
  const account = `${config.gateway} ${config.merchant}`;
  const gateway = newpayGateway(config, ports);
  return {
    id: 'newpay',
    account,
    scenes: new Set(['qr']),
    returnsMark: false,
    refundRules: REFUND_RULES,
    planPayment: () =>
      toDo(
        'To do 17: the bytes of an order: number, fen, title, absolute expiry, notify URL; refuse what it cannot take',
      ),
    async sendPayment(_order, plan) {
      await gateway.call('create', plan);
      return toDo(
        'To do 18: hand out the code of the answer, or the link or form that is signed here, after its form is checked',
      );
    },
    async queryTrade(outTradeNo) {
      const answer = await unlessAbsent(gateway.call('query', question(outTradeNo)));
      return answer ? tradeIn(answer, outTradeNo) : { exists: false };
    },
    async closeTrade(outTradeNo) {
      await gateway.call('close', question(outTradeNo));
    },
    planRefund: () =>
      toDo(
        'To do 21: the bytes of a refund, and of the question about one; how long and how often it is taken',
      ),
    async sendRefund({ outTradeNo, outRefundNo }, plan) {
      return refundIn(await gateway.call('refund', plan), outTradeNo, outRefundNo);
    },
    async queryRefund(outTradeNo, outRefundNo) {
      const answer = await unlessAbsent(gateway.call('refund-query', question(outTradeNo, outRefundNo)));
      return answer ? refundIn(answer, outTradeNo, outRefundNo) : { exists: false };
    },
    async parseNotify({ headers, body }) {
      if (!isNewpays(config, headers, body)) throw new NotifyRejected('bad-signature');
      return toDo(
        'To do 23: open and read a notification; another merchant, an old one, half a number are refused',
      );
    },
    acknowledge: (accepted) => ({
      ...{ status: accepted ? 200 : 400, contentType: 'text/plain', body: accepted ? 'ok' : 'refused' },
    }),
    async downloadBill() {
      return toDo(
        'To do 24: the bill of a day, by column names; a sum that cannot be read makes it unreadable as a whole',
      );
    },
    async checkCredentials() {
      await unlessAbsent(gateway.call('query', question('SELFTEST')));
      return ['NEWPAY_NOTIFY_URL'];
    },
  };
}

function question(_outTradeNo: string, _outRefundNo?: string): string {
  return toDo(
    'To do 19: the bytes of a question about an order, and of a close; without closing leave closeTrade out',
  );
}
