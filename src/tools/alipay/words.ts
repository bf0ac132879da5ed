import type { Words } from '../face.ts';

export const WORDS: Words = {
  names: {
    'query-payment': 'query-alipay-payment',
    'refund-payment': 'refund-alipay-payment',
    'query-refund': 'query-alipay-refund',
    'close-payment': 'query-alipay-payment',
    outRefundNo: 'outRequestNo',
    amountYuan: 'totalAmount',
    refundYuan: 'refundAmount',
    title: 'orderTitle',
    reason: 'refundReason',
  },
  next: {
    ORDER_NOT_FOUND: {
      zh: '核对订单号与退款请求号，不要猜测；其他系统创建的订单要退款，须商家在规则中允许（foreignOrders）。',
      en: "Check the numbers, never guess one; to refund an order that another system made, the merchant's policy must allow it (foreignOrders).",
    },
  },
};
