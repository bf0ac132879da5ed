import type { Scene } from '../../domain/order.ts';
import type { Words } from '../face.ts';

const CREATE_TOOL: Readonly<Partial<Record<Scene, string>>> = {
  qr: 'create-native-payment',
  h5: 'create-h5-payment',
  jsapi: 'create-jsapi-payment',
};

/** @param scene of the order that is spoken of: each has a create tool of its own */
export function wordsFor(scene: unknown): Words {
  const create = CREATE_TOOL[scene as Scene];
  return {
    names: {
      ...(create === undefined ? {} : { 'create-payment': create }),
      'query-payment（waitSeconds）': 'query-order-by-out-trade-no',
      'query-payment (waitSeconds)': 'query-order-by-out-trade-no',
      'query-payment': 'query-order-by-out-trade-no',
      'close-payment': 'close-order',
      'refund-payment': 'refund-order',
      'query-refund': 'query-refund-by-out-refund-no',
      outTradeNo: 'out_trade_no',
      outRefundNo: 'out_refund_no',
      amountYuan: 'amount_yuan',
      refundYuan: 'refund_yuan',
      payerOpenid: 'payer_openid',
      payerClientIp: 'payer_client_ip',
      expiresInMinutes: 'expires_in_minutes',
    },
    next: {
      ORDER_NOT_FOUND: {
        zh: '核对订单号与退款单号，不要猜测。',
        en: 'Check the numbers; never guess one.',
      },
    },
  };
}

export const WORDS = wordsFor('qr');
