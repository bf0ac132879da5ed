import { beijingIso } from '../../domain/clock.ts';
import type { Delivery } from '../state/deliveries.ts';
import { refundStatus } from '../state/trades.ts';
import type { Message, World } from '../world.ts';
import { partiesOf } from './parties.ts';
import { amountFields } from './refunds.ts';
import { signedHeaders } from './reply.ts';
import { seal } from './seal.ts';
import { transaction } from './transactions.ts';

/** What happened, before it is encrypted. */
interface Event {
  readonly type: string;
  readonly summary: string;
  readonly originalType: string;
  readonly resource: Record<string, unknown>;
}

/**
 * The encrypted notification; each attempt is signed afresh. 200 and 204 acknowledge it.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791882
 */
export function wechatPayMessage(world: World, delivery: Delivery): Message {
  const event = eventOf(world, delivery);
  const body = JSON.stringify({
    id: delivery.notifyId,
    create_time: beijingIso(world.clock.now()),
    resource_type: 'encrypt-resource',
    event_type: event.type,
    summary: event.summary,
    resource: encrypt(world, event),
  });
  return {
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Mozilla/4.0',
      'Request-ID': `${world.randomBytes(16).toString('hex').toUpperCase()}-0`,
      ...signedHeaders(
        delivery.byCertificate ? { ...world, signsWith: 'certificate' } : world,
        body,
        delivery.forged ? 'forged' : 'signed',
      ),
    },
    body,
    accepts: (status) => status === 200 || status === 204,
  };
}

function encrypt(world: World, { originalType, resource }: Event): Record<string, string> {
  return { original_type: originalType, ...seal(world, JSON.stringify(resource), originalType) };
}

function eventOf(world: World, delivery: Delivery): Event {
  if (delivery.kind === 'echo') {
    return {
      type: 'SECURITY_ECHO.SUCCESS',
      summary: '自测通知',
      originalType: 'security_echo',
      resource: { echo_message: delivery.echo ?? '' },
    };
  }
  const trade = delivery.forged ?? world.trades.of(delivery.space).byNumber('wechatpay', delivery.outTradeNo);
  if (!trade) throw new Error(`no order ${delivery.outTradeNo} to notify of`);
  if (delivery.kind === 'payment') {
    const lies = { state: 'SUCCESS', ...flags(delivery) };
    return {
      type: 'TRANSACTION.SUCCESS',
      summary: '支付成功',
      originalType: 'transaction',
      resource: transaction(world, trade, lies),
    };
  }
  const refund = trade.refunds.find(({ outRefundNo }) => outRefundNo === delivery.outRefundNo);
  if (!refund) throw new Error(`no refund ${delivery.outRefundNo} to notify of`);
  const status = refundStatus(refund, world.clock.now());
  // Nobody says by which app it was ordered.
  const { appid, sp_appid, sub_appid, ...merchants } = partiesOf(
    world.identity,
    trade,
    delivery.wrongAccount,
  );
  const reported = delivery.wrongAmount ? { ...refund, amountFen: refund.amountFen + 1 } : refund;
  return {
    type: `REFUND.${status}`,
    summary: '退款结果',
    originalType: 'refund',
    resource: {
      ...merchants,
      out_trade_no: trade.outTradeNo,
      transaction_id: trade.tradeNo,
      out_refund_no: refund.outRefundNo,
      refund_id: refund.refundId,
      refund_status: status,
      ...(status === 'SUCCESS' ? { success_time: beijingIso(refund.settlesAt) } : {}),
      user_received_account: '支付用户零钱',
      amount: amountFields(trade, reported as typeof refund),
    },
  };
}

function flags(delivery: Delivery) {
  return {
    ...(delivery.wrongAmount ? { wrongAmount: true } : {}),
    ...(delivery.wrongAccount ? { wrongAccount: true } : {}),
  };
}
