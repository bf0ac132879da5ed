import { fen } from '../../src/domain/money.ts';
import type { CreateSubscriptionInput } from '../../src/payments/agreements/create-subscription.ts';
import type { CreatePaymentInput, RefundPaymentInput } from '../../src/payments/inputs.ts';

export function payment(input: Partial<CreatePaymentInput> = {}): CreatePaymentInput {
  return {
    provider: 'alipay',
    scene: 'qr',
    amountFen: fen(1000),
    title: '菜谱 recipe',
    outTradeNo: undefined,
    buyer: undefined,
    expiresInMinutes: 30,
    payerOpenid: undefined,
    payerClientIp: undefined,
    ...input,
  };
}

export function refund(input: Partial<RefundPaymentInput> & { outTradeNo: string }): RefundPaymentInput {
  return { refundFen: fen(100), outRefundNo: undefined, reason: undefined, ...input };
}

export function subscriptionWish(input: Partial<CreateSubscriptionInput> = {}): CreateSubscriptionInput {
  return {
    ...{ amountFen: fen(1900), title: 'Reader', period: 'P1M', subscriber: 'li', contractNo: 'GYM0001' },
    ...input,
  };
}
