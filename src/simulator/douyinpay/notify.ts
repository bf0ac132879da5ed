import { beijingIso } from '../../domain/clock.ts';
import type { Fen } from '../../domain/money.ts';
import { parseOrNull } from '../http.ts';
import type { Delivery } from '../state/deliveries.ts';
import { refundStatus } from '../state/trades.ts';
import { sealed, signatureHeaders } from '../v3/signing.ts';
import type { Message, World } from '../world.ts';
import { isRotated, signatureOf } from './certificates.ts';
import { told } from './refunds.ts';
import { transaction } from './transactions.ts';

/** The encrypted notification; each attempt is signed afresh. `{"code":"SUCCESS"}` with 200 acknowledges it. */
export function douyinPayMessage(world: World, delivery: Delivery): Message {
  const trade = delivery.forged ?? world.trades.byNumber('douyinpay', delivery.outTradeNo);
  if (!trade) throw new Error(`no order ${delivery.outTradeNo} to notify of`);
  const [type, resource] = eventOf(world, delivery, trade);
  const body = JSON.stringify({
    ...{ id: delivery.notifyId, create_time: beijingIso(world.clock.now()), event_type: type },
    ...{ resource_type: 'encrypt-resource', summary: type },
    resource: {
      algorithm: 'AEAD_AES_256_GCM',
      ...sealed(world.randomBytes, world.identity.douyin.apiKey, JSON.stringify(resource), 'notify'),
    },
  });
  const signature = signatureOf(world, isRotated(trade.title));
  return {
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'Request-Id': world.randomBytes(16).toString('hex').toUpperCase(),
      ...signatureHeaders(world, signature, body, delivery.forged ? 'forged' : 'signed'),
    },
    body,
    accepts: (status, answer) =>
      status === 200 && (parseOrNull(answer) as { code?: unknown } | null)?.code === 'SUCCESS',
  };
}

type Trade = Parameters<typeof transaction>[1];

function eventOf(
  world: World,
  delivery: Delivery,
  trade: Trade,
): [type: string, resource: Record<string, unknown>] {
  const { wrongAmount, wrongAccount } = delivery;
  if (delivery.kind === 'payment')
    return ['PAYMENT.SUCCESS', transaction(world, trade, { wrongAmount, wrongAccount, state: 'SUCCESS' })];
  const refund = trade.refunds.find(({ outRefundNo }) => outRefundNo === delivery.outRefundNo);
  if (!refund) throw new Error(`no refund ${delivery.outRefundNo} to notify of`);
  const status = refundStatus(refund, world.clock.now());
  const reported = { ...refund, amountFen: (refund.amountFen + (wrongAmount ? 1 : 0)) as Fen };
  // It names no merchant, unless it lies about that.
  const whose = wrongAccount ? { mchid: '6020000000000000' } : {};
  return [`REFUND.${status}`, { ...whose, ...told(trade, reported, status), refund_status: status }];
}
