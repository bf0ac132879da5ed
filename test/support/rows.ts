import { fen } from '../../src/domain/money.ts';
import type { OrderRecord, RefundRecord } from '../../src/ledger/records.ts';
import type { SubscriptionRecord } from '../../src/ledger/subscription-records.ts';
import { UNOPENED } from '../../src/payments/agreements/create-subscription.ts';
import { NEVER_SENT, newOrder } from '../../src/payments/beginnings.ts';
import type { Till } from '../../src/payments/till.ts';

/** An order as its row has it, for tests that put it into the ledger themselves. */
export function orderRow(till: Till, more: Partial<OrderRecord> = {}): OrderRecord {
  return newOrder(till, {
    ...{ outTradeNo: 'O1', account: 'bank 1', scene: 'qr', title: 'tea', source: 'ledger', inputHash: 'x' },
    ...{ caller: 'a', amountFen: fen(100), provider: 'alipay', terms: { expiresInMinutes: 30 } },
    ...more,
  });
}

/** The same for a refund. */
export function refundRow(till: Till, more: Partial<RefundRecord> = {}): RefundRecord {
  const now = till.clock.now();
  return {
    ...NEVER_SENT,
    ...{ outTradeNo: 'O1', outRefundNo: 'R1', amountFen: fen(100), caller: 'a', inputHash: 'x' },
    ...{ merchantScope: undefined, reason: undefined, state: 'PENDING_APPROVAL', gatewayRefundNo: undefined },
    ...{ createdAt: now, updatedAt: now, ...more },
  } as RefundRecord;
}

/** The same for a subscription that nobody has been let agree to yet. */
export function subscriptionRow(till: Till, more: Partial<SubscriptionRecord> = {}): SubscriptionRecord {
  const now = till.clock.now();
  return {
    ...UNOPENED,
    ...{ contractNo: 'S1', signNo: 'S1', provider: 'alipay', account: 'bank 1', caller: 'a', mode: 'auto' },
    ...{ state: 'PENDING_SIGN', amountFen: fen(100), firstFen: undefined, title: 'tea', period: 'P1M' },
    ...{ times: undefined, subscriberHash: 's', inputHash: 'x', asked: { policy: 1 } },
    ...{ firstDay: '2026-11-18', graceDays: 3, signBefore: now + 1, createdAt: now, updatedAt: now },
    ...{ tryAt: now + 1, ...more },
  } as SubscriptionRecord;
}
