import { fen } from '../../src/domain/money.ts';
import type { OrderRecord, RefundRecord } from '../../src/ledger/records.ts';
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
