import { beijingDateTime } from '../../domain/clock.ts';
import { asSteered, queue } from '../payer.ts';
import type { Agreement } from '../state/agreements.ts';
import type { Delivery } from '../state/deliveries.ts';
import type { Message, World } from '../world.ts';
import { formMessage, partiesOf } from './notify.ts';
import { FOR_EVER, nextPlan } from './periods.ts';

/**
 * Puts the news of an agreement in the queue: to the address that goes with it, else to the app's own. Without either
 * nobody is told. Call inside a write.
 */
export function announceAgreement(
  world: World,
  { provider, space, externalNo = '', agreementNo, title }: Agreement,
  event: 'sign' | 'unsign',
  to: { readonly url?: string | undefined; readonly forged?: true },
): void {
  const url = to.url ?? world.agreements.address(provider);
  if (url === undefined) return;
  const outTradeNo = externalNo === '' ? agreementNo : externalNo;
  const steered = world.steering.take({ provider, operation: 'notify', outTradeNo, title });
  if (steered.has('notify-never')) return;
  const agreement = { no: agreementNo, event, ...(to.forged ? { forged: to.forged } : {}) };
  queue(
    world,
    { provider, ...(space === undefined ? {} : { space }), outTradeNo },
    {
      ...{ kind: 'agreement', url, ...asSteered(steered, world.clock.now()), agreement },
    },
  );
}

/**
 * `dut_user_sign` and `dut_user_unsign`, which say UNSIGN where a query says STOP.
 * @see https://opendocs.alipay.com/open/s01rg2a
 */
export function agreementMessage(
  world: World,
  delivery: Delivery,
  { no, event, forged }: NonNullable<Delivery['agreement']>,
): Message {
  const books = {
    ...world,
    agreements: world.agreements.of(delivery.space),
    trades: world.trades.of(delivery.space),
  };
  const agreement = books.agreements.byNumber('alipay', no);
  if (!agreement) throw new Error(`no agreement ${no} to notify of`);
  const { appId, authAppId } = partiesOf(world, agreement, delivery.wrongAccount);
  const fields = new Map([
    ['notify_time', beijingDateTime(world.clock.now())],
    ['notify_type', `dut_user_${event}`],
    ['notify_id', delivery.notifyId],
    ...[['charset', 'utf-8'] as const, ['version', '1.0'] as const, ['sign_type', 'RSA2'] as const],
    ...[['app_id', appId] as const, ['auth_app_id', authAppId] as const],
    ['agreement_no', agreement.agreementNo],
    ...(agreement.externalNo === undefined ? [] : [['external_agreement_no', agreement.externalNo] as const]),
    ...(agreement.logonId === undefined ? [] : [['external_logon_id', agreement.logonId] as const]),
    ...[['alipay_user_id', agreement.payer] as const, ['alipay_logon_id', '159****5620'] as const],
    ['personal_product_code', agreement.personalProductCode],
    ['sign_scene', agreement.signScene],
    ...(event === 'sign' ? whenSigned(books, agreement) : whenEnded(world, agreement)),
  ]);
  return formMessage(world, fields, forged === true);
}

function whenSigned(world: World, agreement: Agreement): (readonly [string, string])[] {
  const at = beijingDateTime(agreement.signedAt ?? world.clock.now());
  const plan = nextPlan(world, agreement);
  return [
    ['status', 'NORMAL'],
    ['sign_time', at],
    ['valid_time', at],
    ['invalid_time', agreement.endsAt === undefined ? FOR_EVER : beijingDateTime(agreement.endsAt)],
    ...(plan ? [['next_deduct_time', plan.on] as const] : []),
  ];
}

function whenEnded(world: World, agreement: Agreement): (readonly [string, string])[] {
  return [
    ['status', 'UNSIGN'],
    ['unsign_time', beijingDateTime(agreement.stoppedAt ?? world.clock.now())],
  ];
}
