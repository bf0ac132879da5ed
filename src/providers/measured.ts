import {
  GatewayDeclined,
  GatewayUnavailable,
  type NotifyReason,
  NotifyRejected,
  OutcomeUnknown,
  type PaymentProvider,
  ProofRefused,
} from './contract.ts';

/** What is asked of a gateway, in words that are few. */
export const OPERATIONS = [
  'create',
  'query',
  'close',
  'refund',
  'query_refund',
  'bill',
  'verify',
  'confirm',
  'preorder',
] as const;
/** How it ends: `declined` is an answer, too; `unavailable`, nothing was sent; `unknown`, it may have happened. */
export const EXCHANGE_OUTCOMES = ['ok', 'declined', 'unavailable', 'unknown', 'failed'] as const;

/** One exchange with a gateway, of which nothing is told but this. */
export interface Exchange {
  readonly gateway: PaymentProvider['id'];
  readonly operation: (typeof OPERATIONS)[number];
  readonly outcome: (typeof EXCHANGE_OUTCOMES)[number];
  readonly ms: number;
}

/** Told of an exchange that begins; what is done in it is done `around` it. */
export type Exchanging = (
  gateway: Exchange['gateway'],
  operation: Exchange['operation'],
) => {
  around<T>(work: () => Promise<T>): Promise<T>;
  ended(outcome: Exchange['outcome']): void;
};

export interface Hearing {
  readonly exchanging?: Exchanging | undefined;
  exchanged(exchange: Exchange): void;
  rejected?(gateway: PaymentProvider['id'], reason: NotifyReason): void;
}

/**
 * A provider of which somebody hears how long each exchange took and how it ended, and nothing that was said in it.
 * @param timer ms from any beginning
 */
export function measured(provider: PaymentProvider, timer: () => number, hearing: Hearing): PaymentProvider {
  const { id: gateway, a2m, x402 } = provider;
  const closeTrade = provider.closeTrade?.bind(provider);
  async function timed<T>(operation: Exchange['operation'], exchange: () => Promise<T>): Promise<T> {
    const traced = hearing.exchanging?.(gateway, operation);
    const began = timer();
    const end = (outcome: Exchange['outcome']) => {
      traced?.ended(outcome);
      hearing.exchanged({ gateway, operation, outcome, ms: timer() - began });
    };
    try {
      const answer = await (traced ? traced.around(exchange) : exchange());
      end('ok');
      return answer;
    } catch (error) {
      end(outcomeOf(error));
      throw error;
    }
  }
  return {
    ...provider,
    sendPayment: (...sent) => timed('create', () => provider.sendPayment(...sent)),
    queryTrade: (...asked) => timed('query', () => provider.queryTrade(...asked)),
    ...(closeTrade && { closeTrade: (...sent) => timed('close', () => closeTrade(...sent)) }),
    sendRefund: (...sent) => timed('refund', () => provider.sendRefund(...sent)),
    queryRefund: (...asked) => timed('query_refund', () => provider.queryRefund(...asked)),
    downloadBill: (date) => timed('bill', () => provider.downloadBill(date)),
    a2m: a2m && {
      ...a2m,
      verifyProof: (...shown) => timed('verify', () => a2m.verifyProof(...shown)),
      confirmFulfilment: (tradeNo) => timed('confirm', () => a2m.confirmFulfilment(tradeNo)),
    },
    x402: x402 && { preorder: (wanted) => timed('preorder', () => x402.preorder(wanted)) },
    async parseNotify(raw, now) {
      try {
        return await provider.parseNotify(raw, now);
      } catch (error) {
        if (error instanceof NotifyRejected) hearing.rejected?.(gateway, error.reason);
        throw error;
      }
    },
  };
}

function outcomeOf(error: unknown): Exchange['outcome'] {
  if (error instanceof GatewayDeclined || error instanceof ProofRefused) return 'declined';
  if (error instanceof GatewayUnavailable) return 'unavailable';
  return error instanceof OutcomeUnknown ? 'unknown' : 'failed';
}
