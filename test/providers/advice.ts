import type { GatewayDeclined } from '../../src/providers/contract.ts';

/** Words that have no place in the advice after a call, in both languages. */
const OUT_OF_PLACE = {
  create: /outRefundNo|退款|refund/i,
  close: /outRefundNo|重新下单|create a new|charge again/i,
  refund: /下单|create (a|the) (new )?payment|new outTradeNo|新的 outTradeNo|付款方式/i,
  charge: /下单|create a|outTradeNo|outRefundNo|refund|退款/i,
  unsign: /下单|create a|outTradeNo|outRefundNo|refund|退款/i,
  ask: /下单|create a|new outTradeNo|outRefundNo|top up|充值/i,
} as const;
/** A number that is in doubt must never be changed for another. */
const NEW_NUMBER = /用新的 out|a new out|under a new|use a new/i;

/** What is wrong with the advice of a refusal; empty when nothing is. */
export function misleading(verb: keyof typeof OUT_OF_PLACE, { advice, proven }: GatewayDeclined): string[] {
  const texts = [advice?.zh ?? '', advice?.en ?? ''];
  const moves = verb === 'create' || verb === 'refund';
  return [
    ...texts.filter((text) => OUT_OF_PLACE[verb].test(text)),
    ...texts.filter((text) => moves && !proven && NEW_NUMBER.test(text)),
  ];
}
