import { DAY_MS } from '../../src/domain/clock.ts';
import { fen } from '../../src/domain/money.ts';
import type { ProviderId, RefundState } from '../../src/domain/order.ts';
import type { OrderRecord } from '../../src/ledger/records.ts';
import type { Till } from '../../src/payments/till.ts';
import { orderRow, refundRow } from '../support/rows.ts';
import { pick as oneOf, seeded } from '../support/virtual-time.ts';

const TITLES = [
  '铁观音 250 克',
  '手写菜谱',
  'Logo design, second round',
  '一对一日语课（60 分钟）',
  '明信片 12 张',
  '生日蛋糕 8 寸',
];
const CALLERS = ['cursor', 'shop-bot', 'wechat-clerk'];

/** An order as it stands in the ledger, and what was given back of it. */
export interface Sale extends Partial<OrderRecord> {
  readonly outTradeNo: string;
  readonly refunds?: readonly {
    readonly yuan: number;
    readonly state?: RefundState;
    readonly sentAt?: number;
  }[];
}

/** Puts orders into the ledger, as the use cases would have left them. */
export async function sell(till: Till, sales: readonly Sale[]): Promise<void> {
  const now = till.clock.now();
  await till.ledger.write(async (book) => {
    for (const { refunds = [], ...sale } of sales) {
      const createdAt = sale.createdAt ?? now;
      const isPaid = (sale.state ?? 'PAID') === 'PAID';
      const order = orderRow(till, {
        state: 'PAID',
        createdAt,
        expiresAt: createdAt + 1_800_000,
        sentAt: createdAt,
        credential: { qrCode: 'x' },
        ...(isPaid ? { paidAt: createdAt + 40_000 } : {}),
        ...sale,
      });
      await book.orders.insert(order);
      for (const [i, { yuan, state = 'SUCCESS', sentAt = createdAt + 60_000 }] of refunds.entries()) {
        const numbers = { outTradeNo: order.outTradeNo, outRefundNo: `R${i + 1}`, caller: order.caller };
        const times = { createdAt: sentAt, sentAt, updatedAt: sentAt };
        await book.refunds.insert(
          refundRow(till, { ...numbers, ...times, state, amountFen: fen(yuan * 100), reason: '买家退货' }),
        );
      }
    }
  });
}

/** A month of a small shop. */
export async function aMonth(till: Till, perDay = 9): Promise<void> {
  const random = seeded(7);
  const pick = <T>(items: readonly T[]): T => oneOf(items, random);
  const now = till.clock.now();
  const sales: Sale[] = [];
  for (let day = 29; day >= 0; day--) {
    const count = Math.round(perDay * (0.4 + random()));
    for (let i = 0; i < count; i++) {
      const createdAt = now - day * DAY_MS - Math.floor(random() * 6 * 3_600_000) - 60_000;
      const amountFen = fen(Math.round(random() * random() * 60_000) + 100);
      const state = pick(['PAID', 'PAID', 'PAID', 'PAID', 'PAID', 'CLOSED'] as const);
      const isBack = state === 'PAID' && random() < 0.08;
      sales.push({
        ...{ outTradeNo: `C2026${String(sales.length).padStart(12, '0')}`, createdAt, amountFen, state },
        ...{ title: pick(TITLES), caller: pick(CALLERS) },
        provider: pick(['alipay', 'wechatpay', 'wechatpay'] satisfies ProviderId[]),
        gatewayTradeNo: `4200002${String(1e12 + sales.length * 7919).slice(1)}`,
        ...(isBack ? { refunds: [{ yuan: Math.max(1, Math.floor(amountFen / 200)) }] } : {}),
      });
    }
  }
  await sell(till, [
    ...sales,
    {
      outTradeNo: 'C_OPEN_0001',
      state: 'NOTPAY',
      title: '手写菜谱',
      caller: 'cursor',
      amountFen: fen(8_800),
    },
    {
      outTradeNo: 'C_DOUBT_001',
      state: 'UNKNOWN',
      title: '明信片 12 张',
      caller: 'shop-bot',
      amountFen: fen(2_400),
    },
  ]);
}
