import type { Delivery } from '../state/deliveries.ts';
import type { Message, World } from '../world.ts';
import { booked } from './calls.ts';
import { certificatesOf } from './certificates.ts';
import { type Fields, signed } from './message.ts';
import { stamp } from './times.ts';

/** The form by which UnionPay tells of a payment or a refund. */
export function unionpayMessage(world: World, delivery: Delivery): Message {
  const trade = delivery.forged ?? world.trades.byNumber('unionpay', delivery.outTradeNo);
  if (!trade) throw new Error(`no trade ${delivery.outTradeNo} to notify of`);
  const refund = trade.refunds.find(({ outRefundNo }) => outRefundNo === delivery.outRefundNo);
  const { amountFen } = refund ?? trade;
  const of: Fields = refund
    ? { orderId: refund.outRefundNo, queryId: refund.refundId, origQryId: trade.tradeNo ?? '', txnType: '04' }
    : {
        orderId: trade.outTradeNo,
        queryId: trade.tradeNo ?? '',
        txnType: '01',
        reqReserved: trade.attach ?? '',
      };
  const { identity } = world;
  const fields = {
    ...{ version: '5.1.0', encoding: 'UTF-8', signMethod: '01', accessType: '0', bizType: '000000' },
    ...of,
    txnSubType: refund ? '00' : trade.scene === 'qr' ? '07' : '01',
    merId: delivery.wrongAccount ? '700000000000000' : identity.merId,
    txnTime: stamp((refund ?? trade).sentAt ?? 0),
    ...booked(amountFen + (delivery.wrongAmount ? 1 : 0), refund?.createdAt ?? trade.paidAt ?? 0),
    ...{ accNo: '6216***********0018', payCardType: '01', respCode: '00', respMsg: '成功[0000000]' },
    signPubKeyCert: certificatesOf(identity).unionpay.replaceAll('\n', '\r\n'),
  };
  const present = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
  const key = (delivery.forged ? identity.keys.forger : identity.keys.unionpay).privateKey;
  return {
    headers: { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' },
    body: new URLSearchParams(signed(present, key)).toString(),
    accepts: (status) => status === 200,
  };
}
