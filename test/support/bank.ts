import { createHash } from 'node:crypto';
import { beijingIso, type Clock } from '../../src/domain/clock.ts';
import type { Fen } from '../../src/domain/money.ts';
import type { OrderTerms, ProviderId, RefundTerms, Scene } from '../../src/domain/order.ts';
import {
  type Bill,
  type BillLine,
  GatewayDeclined,
  GatewayUnavailable,
  NotifyRejected,
  OutcomeUnknown,
  type PaymentProvider,
  type RawNotify,
  type RefundSnapshot,
  type TradeSnapshot,
  type VerifiedNotify,
} from '../../src/providers/contract.ts';
import { BankAgreements } from './bank-agreements.ts';

export type Operation =
  | ('create' | 'query' | 'close' | 'refund' | 'query-refund' | 'bill')
  | ('agreement' | 'charge' | 'unsign');
/** What goes wrong with one exchange. `lost-before`: nothing happened; `lost-after`: it did, the answer was lost. */
export type Fault =
  | 'none'
  | 'lost-before'
  | 'lost-after'
  | 'unavailable'
  | 'declined'
  /** A question answered from a replica that has not heard of it yet. */
  | 'lag'
  /** Signed, but before the gateway has looked at the number. */
  | 'refused'
  | 'declined-unsigned'
  /** The process dies while it waits for the answer, the request has (or has not) arrived. */
  | 'crash-before'
  | 'crash-after';

/** Of a day on which most goes wrong. */
export const FAULTS: readonly Fault[] = [
  ...(['none', 'none', 'none', 'lost-before', 'lost-after', 'unavailable', 'declined', 'refused'] as const),
  ...(['lag', 'declined-unsigned', 'crash-before', 'crash-after'] as const),
];

export interface Trade {
  plan: string;
  amountFen: Fen;
  state: 'NOTPAY' | 'PAID' | 'CLOSED';
  paidAt?: number;
  refunds: Map<string, { plan: string; refundFen: Fen; at: number; state: 'PROCESSING' | 'SUCCESS' }>;
}

/** A gateway without a wire: keeps the truth about money, and answers as badly as it is told to. */
export class Bank {
  readonly trades = new Map<string, Trade>();
  readonly calls: { operation: Operation; number: string }[] = [];
  fault: (operation: Operation, number: string) => Fault = () => 'none';
  /** Runs while a request is on its way. */
  delay: (operation: Operation) => Promise<void> = async () => undefined;
  /** Makes answers speak of another account. */
  answersFor: string | undefined;
  refundsProcessFirst = false;
  /** Has its way with a bill before it is handed out. */
  editBill: (bill: Bill) => Bill = (bill) => bill;
  readonly agreements: BankAgreements;
  /** Whether the merchant has the product for charging by consent, as whoever is made a provider of from now on finds. */
  hasAgreements = false;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.agreements = new BankAgreements(clock, this.trades);
  }

  pay(outTradeNo: string, { late = false } = {}): void {
    const trade = this.trades.get(outTradeNo);
    if (!trade || trade.state === 'PAID' || (trade.state === 'CLOSED' && !late)) return;
    trade.state = 'PAID';
    trade.paidAt = this.#clock.now();
    if (this.hasAgreements) this.agreements.signByPaying(trade.plan);
  }

  refundedFen(outTradeNo: string): number {
    return [...(this.trades.get(outTradeNo)?.refunds.values() ?? [])].reduce(
      (sum, r) => sum + r.refundFen,
      0,
    );
  }

  /** What the bank would post to us about a trade or refund as it stands now. */
  notification(outTradeNo: string, outRefundNo?: string, account = 'bank 1'): RawNotify {
    const trade = this.trades.get(outTradeNo);
    const refund = outRefundNo === undefined ? undefined : this.#refund(outTradeNo, outRefundNo);
    const message = refund
      ? { kind: 'refund', id: `n-${outRefundNo}`, refund }
      : {
          kind: 'trade',
          id: `n-${outTradeNo}`,
          trade: {
            exists: true,
            account,
            outTradeNo,
            state: trade?.state,
            gatewayState: trade?.state,
            amountFen: trade?.amountFen,
            paidAt: trade?.paidAt,
          },
        };
    const body = Buffer.from(JSON.stringify(message));
    return { headers: { 'bank-seal': seal(body) }, body };
  }

  /** What the bank would post to us about an agreement as it stands now. */
  agreementNotification(signNo: string, account = 'bank 1'): RawNotify {
    const message = {
      ...{ kind: 'agreement', id: `n-${signNo}` },
      agreement: this.agreements.snapshot(signNo, account),
    };
    const body = Buffer.from(JSON.stringify(message));
    return { headers: { 'bank-seal': seal(body) }, body };
  }

  /** @param crash called when this side of the wire dies; the exchange then never ends */
  provider(options: { id?: ProviderId; account?: string; crash?: () => void } = {}): PaymentProvider {
    const account = options.account ?? 'bank 1';
    const exchange = async <T>(
      operation: Operation,
      number: string,
      effect: (fault: Fault) => T,
    ): Promise<T> => {
      this.calls.push({ operation, number });
      const fault = this.fault(operation, number);
      if (fault === 'unavailable') throw new GatewayUnavailable('ECONNREFUSED');
      await this.delay(operation);
      if (fault === 'lost-before') throw new OutcomeUnknown('timeout');
      if (fault === 'declined') throw new GatewayDeclined('balance', 'BANK_SAYS_NO', true, 'req-1');
      if (fault === 'refused') throw new GatewayDeclined('permission', 'NO_AUTH', true);
      if (fault === 'declined-unsigned') throw new GatewayDeclined('credentials', 'SIGN_ERROR', false);
      const dies = fault === 'crash-before' || fault === 'crash-after';
      const result = fault === 'crash-before' ? undefined : attempt(() => effect(fault));
      if (dies) {
        options.crash?.();
        return new Promise<T>(() => undefined);
      }
      if (fault === 'lost-after') throw new OutcomeUnknown('timeout');
      if (result === undefined) throw new Error('unreachable');
      if ('error' in result) throw result.error;
      return result.value;
    };
    return {
      parseNotify: async (raw) => {
        if (raw.headers['bank-seal'] !== seal(raw.body)) throw new NotifyRejected('bad-signature');
        return JSON.parse(raw.body.toString()) as VerifiedNotify;
      },
      ...(this.hasAgreements ? { agreements: this.agreements.port(account, exchange) } : {}),
      acknowledge: (accepted) => ({ status: accepted ? 200 : 400, contentType: 'text/plain', body: '' }),
      id: options.id ?? 'alipay',
      account,
      scenes: new Set<Scene>(this.hasAgreements ? ['qr', 'web', 'app'] : ['qr', 'web']),
      returnsMark: false,
      refundRules: {
        minIntervalMs: 3000,
        maxPerOrder: 50,
        windowMs: 365 * 86_400_000,
        numberUniquePerMerchant: false,
        finalTradeStates: new Set(),
        askAfterMs: [10_000, 30_000, 60_000],
      },
      planPayment: ({ sentAt: _, ...order }: OrderTerms) => JSON.stringify(order),
      sendPayment: (order, plan) =>
        exchange('create', order.outTradeNo, () => {
          const known = this.trades.get(order.outTradeNo);
          if (known && known.plan !== plan)
            throw new GatewayDeclined('number-conflict', 'OTHER_PARAMS', true);
          if (known?.state === 'PAID') throw new GatewayDeclined('already-paid', 'PAID', true);
          if (known?.state === 'CLOSED') throw new GatewayDeclined('closed', 'CLOSED', true);
          if (!known) {
            this.trades.set(order.outTradeNo, {
              plan,
              amountFen: order.amountFen,
              state: 'NOTPAY',
              refunds: new Map(),
            });
          }
          return order.scene === 'app' ? { orderString: plan } : { qrCode: `bank://${order.outTradeNo}` };
        }),
      queryTrade: (outTradeNo) =>
        exchange('query', outTradeNo, (fault): TradeSnapshot => {
          const trade = this.trades.get(outTradeNo);
          if (!trade || fault === 'lag') return { exists: false };
          return {
            exists: true,
            account: this.answersFor ?? account,
            outTradeNo,
            state: trade.state,
            gatewayState: trade.state,
            amountFen: trade.amountFen,
            gatewayTradeNo: `T${outTradeNo}`,
            ...(trade.paidAt === undefined ? {} : { paidAt: trade.paidAt }),
          };
        }),
      closeTrade: (outTradeNo) =>
        exchange('close', outTradeNo, () => {
          const trade = this.trades.get(outTradeNo);
          if (!trade) throw new GatewayDeclined('not-exist', 'NOT_EXIST', true);
          if (trade.state === 'PAID') throw new GatewayDeclined('already-paid', 'PAID', true);
          trade.state = 'CLOSED';
        }),
      planRefund: ({ sentAt: _, ...refund }: RefundTerms) => JSON.stringify(refund),
      sendRefund: (refund, plan) =>
        exchange('refund', refund.outRefundNo, (): RefundSnapshot => {
          const trade = this.trades.get(refund.outTradeNo);
          if (trade?.state !== 'PAID') throw new GatewayDeclined('not-paid', 'NOT_PAID', true);
          const known = trade.refunds.get(refund.outRefundNo);
          if (known && known.plan !== plan)
            throw new GatewayDeclined('number-conflict', 'OTHER_PARAMS', true);
          if (!known) {
            // A real gateway refuses; this one would rather show that it was asked to give too much.
            const state = this.refundsProcessFirst ? 'PROCESSING' : 'SUCCESS';
            const at = this.#clock.now();
            trade.refunds.set(refund.outRefundNo, { plan, refundFen: refund.refundFen, at, state });
          }
          return this.#refund(refund.outTradeNo, refund.outRefundNo);
        }),
      queryRefund: (outTradeNo, outRefundNo) =>
        exchange('query-refund', outRefundNo, (fault): RefundSnapshot => {
          if (fault === 'lag') return { exists: false };
          const refund = this.trades.get(outTradeNo)?.refunds.get(outRefundNo);
          if (refund) refund.state = 'SUCCESS';
          return this.#refund(outTradeNo, outRefundNo);
        }),
      downloadBill: (date) => exchange('bill', date, () => this.editBill(this.#bill(date))),
    };
  }

  /** What was paid and refunded on a day, Asia/Shanghai. */
  #bill(date: string): Bill {
    const lines: BillLine[] = [];
    for (const [outTradeNo, trade] of this.trades) {
      const numbers = { outTradeNo, gatewayTradeNo: `T${outTradeNo}`, feeFen: 0 };
      if (trade.paidAt !== undefined) {
        const booked = { amountFen: trade.amountFen, at: trade.paidAt, gatewayState: 'PAID' };
        lines.push({ kind: 'payment', ...numbers, ...booked, state: 'PAID' });
      }
      for (const [outRefundNo, { refundFen, at, state }] of trade.refunds) {
        const booked = { amountFen: refundFen, at, gatewayState: state };
        lines.push({ kind: 'refund', ...numbers, outRefundNo, ...booked, state });
      }
    }
    return { date, lines: lines.filter(({ at }) => beijingIso(at).startsWith(date)) };
  }

  #refund(outTradeNo: string, outRefundNo: string): RefundSnapshot {
    const refund = this.trades.get(outTradeNo)?.refunds.get(outRefundNo);
    if (!refund) return { exists: false };
    const { state, refundFen } = refund;
    return { exists: true, outTradeNo, outRefundNo, state, gatewayState: state, refundFen };
  }
}

function seal(body: Buffer): string {
  return createHash('sha256').update('bank secret').update(body).digest('hex');
}

function attempt<T>(effect: () => T): { value: T } | { error: unknown } {
  try {
    return { value: effect() };
  } catch (error) {
    return { error };
  }
}
