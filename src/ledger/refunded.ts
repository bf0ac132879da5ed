import type { ActorName } from '../domain/actors.ts';
import { type Fen, fen } from '../domain/money.ts';
import type { OrderRecord, RefundRecord } from './records.ts';
import { holdsSum } from './refund-machine.ts';

/** Who stands in the record of a refund that the gateway has told of and nobody has asked for here. */
export const ELSEWHERE: ActorName = 'gateway';

/** Whether a refund was made outside this ledger: in the back office, or by another system of the merchant. */
export function isElsewhere({ caller }: Pick<RefundRecord, 'caller'>): boolean {
  return caller === ELSEWHERE;
}

/** Whether it ended by a refusal. One that is in doubt may carry the code of a refusal too, and may have happened. */
export function isDeclined({ state, declinedCode }: RefundRecord): boolean {
  return state === 'CLOSED' && declinedCode !== undefined;
}

export function sum(refunds: readonly RefundRecord[]): Fen {
  return fen(refunds.reduce((total, refund) => total + refund.amountFen, 0));
}

/** Fen that this ledger's own refunds have given back. */
export function refundedHere(refunds: readonly RefundRecord[]): Fen {
  return sum(refunds.filter((refund) => refund.state === 'SUCCESS' && !isElsewhere(refund)));
}

/** Fen of this ledger's own refunds that hold their sum and are not proven. */
export function refundingHere(refunds: readonly RefundRecord[]): Fen {
  return sum(
    refunds.filter((refund) => holdsSum(refund.state) && refund.state !== 'SUCCESS' && !isElsewhere(refund)),
  );
}

/**
 * What the gateway proves to have been refunded outside this ledger: the refunds that it has told of one by one, or
 * what its total has beyond our own, those in doubt included. `unknown` where it proves a refund that cannot be ours but
 * no sum; undefined where there is none.
 */
export function elsewhereOf(
  order: Pick<OrderRecord, 'gatewayRefunded'>,
  refunds: readonly RefundRecord[],
): Fen | 'unknown' | undefined {
  const own = refunds.filter((refund) => !isElsewhere(refund));
  const told = sum(refunds.filter((refund) => isElsewhere(refund) && holdsSum(refund.state)));
  const { gatewayRefunded } = order;
  if (gatewayRefunded === 'elsewhere' && told === 0) return 'unknown';
  if (gatewayRefunded === 'unknown' && told === 0) {
    const mayBeOurs = own.some((refund) => refund.sentAt !== undefined && !isDeclined(refund));
    return mayBeOurs ? undefined : 'unknown';
  }
  const total = typeof gatewayRefunded === 'number' ? gatewayRefunded : 0;
  const beyond = total - sum(own.filter((refund) => holdsSum(refund.state)));
  const elsewhere = Math.max(told, beyond);
  return elsewhere > 0 ? fen(elsewhere) : undefined;
}

/** The later word of the gateway on what was refunded in all: a sum says more than none, and never shrinks. */
export function laterTotal(
  before: OrderRecord['gatewayRefunded'],
  told: OrderRecord['gatewayRefunded'],
): OrderRecord['gatewayRefunded'] {
  if (typeof before === 'number') return typeof told === 'number' ? fen(Math.max(before, told)) : before;
  return before === 'elsewhere' && told === 'unknown' ? before : (told ?? before);
}
