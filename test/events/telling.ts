import type { EventData } from '../../src/events/event.ts';
import type { Message, Telling } from '../../src/events/kinds/kind.ts';

/** When (ms) everything here happens. */
export const NOW = Date.parse('2026-11-28T10:00:00+08:00');

/** Everything a message can say, at once. */
export const EVERYTHING: EventData = {
  outTradeNo: 'ORDER_1',
  outRefundNo: 'REFUND_1',
  provider: 'alipay',
  state: 'PAID',
  amountYuan: '1234.50',
  refundYuan: '19.90',
  title: '红烧肉菜谱',
  reason: '买家不要了',
  caller: 'cursor',
  code: 'ACQ.TRADE_HAS_CLOSE',
  rule: 'clients.cursor.refunds.approveAboveYuan',
  rules: { 'payments.maxYuan': 3, 'clients.x.refunds.perDay.count': 2 },
  count: 5,
  budget: 'cursor',
  leftYuan: '5.00',
  by: 'terminal',
  date: '2026-11-27',
  channel: 'boss',
  why: 'wrong-key',
  approval: {
    id: 'A1',
    kind: 'refund',
    state: 'pending',
    expiresAt: '2026-11-28T10:15:00+08:00',
    decidedBy: 'page',
  },
  simulated: false,
};

const PAID: EventData = {
  outTradeNo: 'ORDER_1',
  provider: 'wechatpay',
  state: 'PAID',
  amountYuan: '19.90',
  title: '红烧肉菜谱',
  caller: 'cursor',
  simulated: false,
};

let made = 0;
/** A payment, or what else is said of it. */
export function message(change: Partial<Message> = {}, data: Partial<EventData> = {}): Message {
  made += 1;
  const seq = change.seq ?? made;
  return {
    id: `evt_${seq}_0123456789abcdef`,
    seq,
    type: 'payment.paid',
    at: NOW - 60_000,
    ...change,
    data: { ...PAID, ...data },
  };
}

export function telling(messages: Telling['messages'], change: Partial<Telling> = {}): Telling {
  return { messages, language: 'zh', payee: '茶铺', attempt: 0, ...change };
}

/** A refund that waits for a person. */
export function asked(data: Partial<EventData> = {}, change: Partial<Message> = {}): Message {
  const approval = {
    id: 'A1',
    kind: 'refund',
    state: 'pending',
    expiresAt: '2026-11-28T10:15:00+08:00',
  } as const;
  const refund = {
    outRefundNo: 'REFUND_1',
    refundYuan: '5.00',
    reason: '买家不要了',
    rule: 'refunds.approveAboveYuan',
  };
  const link = 'https://pay.shop.example/approvals/A1';
  return message({ type: 'approval.asked', link, ...change }, { ...refund, approval, ...data });
}
