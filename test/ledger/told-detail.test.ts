import { expect, it } from 'vitest';
import { toldDetail } from '../../src/ledger/told-detail.ts';

it('tells sums in yuan and instants in Beijing time, and leaves all else', () => {
  const at = Date.UTC(2026, 10, 21, 6, 30, 5);
  const meta = { amountFen: 1, sentAt: at };
  expect(
    toldDetail({ amountFen: -60, gatewayRefunded: 700, dueAt: at, since: at, count: 3, late: true, meta }),
  ).toEqual({
    ...{ amountYuan: '-0.60', gatewayRefundedYuan: '7.00', count: 3, late: true, meta },
    ...{ dueAt: '2026-11-21T14:30:05+08:00', since: '2026-11-21T14:30:05+08:00' },
  });
  const edited = { amountFen: 0.5, gatewayRefunded: 'unknown', dueAt: -1, since: Number.MAX_SAFE_INTEGER };
  expect(toldDetail(edited)).toEqual(edited);
});
