import { z } from 'zod';
import { beijingDateTime } from '../../domain/clock.ts';
import { type Fen, toYuan } from '../../domain/money.ts';
import { type Agreement, agreementState } from '../state/agreements.ts';
import type { Steered } from '../steering.ts';
import type { World } from '../world.ts';
import { stopAgreement } from './agreement-signing.ts';
import { checkPlannedDay } from './agreement-terms.ts';
import { FOR_EVER, midnightOf, nextPlan, takenPeriods } from './periods.ts';
import { addressIn, readBusiness } from './reading.ts';
import { AlipayRefusal } from './refusal.ts';
import type { AlipayCall } from './request.ts';
import type { Fields } from './trade-calls.ts';

/** By its own number, or by the merchant's with the product and the scene. */
const REFERENCE = {
  agreement_no: z.string().min(1).max(64).optional(),
  external_agreement_no: z.string().min(1).max(64).optional(),
  personal_product_code: z.string().max(64).optional(),
  sign_scene: z.string().max(64).optional(),
};
const queryFields = z.strictObject({
  ...REFERENCE,
  alipay_user_id: z.string().max(32).optional(),
  third_party_type: z.string().max(32).optional(),
});
const unsignFields = z.strictObject({
  ...REFERENCE,
  alipay_user_id: z.string().max(32).optional(),
  operate_type: z.enum(['confirm', 'invalid']).optional(),
  extend_params: z.string().optional(),
});
const modifyFields = z.strictObject({
  agreement_no: z.string().min(1).max(64),
  deduct_time: z.string(),
  memo: z.string().max(256).optional(),
});

/**
 * `alipay.user.agreement.query`.
 * @see https://opendocs.alipay.com/open/3dab71bc_alipay.user.agreement.query
 */
export function queryAgreement(world: World, call: AlipayCall, steered: Steered): Fields {
  const fields = readBusiness(call, queryFields);
  const agreement = steered.has('agreement-gone') ? undefined : referred(world, fields);
  if (!agreement) throw notThere();
  const state = agreementState(agreement, world.clock.now());
  const { signedAt, endsAt } = agreement;
  return {
    agreement_no: agreement.agreementNo,
    status: steered.has('unknown-word') ? 'PONDERING' : state,
    ...(signedAt === undefined
      ? {}
      : { sign_time: beijingDateTime(signedAt), valid_time: beijingDateTime(signedAt) }),
    invalid_time: endsAt === undefined ? FOR_EVER : beijingDateTime(endsAt),
    personal_product_code: agreement.personalProductCode,
    sign_scene: agreement.signScene,
    ...(agreement.externalNo === undefined ? {} : { external_agreement_no: agreement.externalNo }),
    ...(agreement.logonId === undefined ? {} : { external_logon_id: agreement.logonId }),
    ...{ pricipal_type: 'CARD', principal_id: agreement.payer, alipay_logon_id: '159****5620' },
    third_party_type: 'PARTNER',
    single_quota: toYuan(agreement.singleFen as Fen),
    ...(state === 'NORMAL' ? planned(world, agreement) : {}),
  };
}

/** When money was taken and will be. */
function planned(world: World, agreement: Agreement): Fields {
  const periods = takenPeriods(world, agreement);
  const paid = agreement.taken
    .filter(({ period }) => periods.has(period))
    .map(({ outTradeNo }) => world.trades.byNumber('alipay', outTradeNo)?.paidAt ?? 0);
  const last = Math.max(0, ...paid);
  const plan = nextPlan(world, agreement);
  return {
    ...(last === 0 ? {} : { last_deduct_time: beijingDateTime(last) }),
    ...(plan ? { next_deduct_time: plan.on } : {}),
    execution_plans: plan
      ? [
          {
            single_amount: toYuan(agreement.singleFen as Fen),
            period_id: String(plan.period + 1),
            ...{ execute_time: plan.on, latest_execute_time: plan.on },
          },
        ]
      : [],
  };
}

/**
 * `alipay.user.agreement.executionplan.modify`: the next deduction is put off, never brought forward.
 * @see https://opendocs.alipay.com/open/4c0a6b0a_alipay.user.agreement.executionplan.modify
 */
export function modifyPlan(world: World, call: AlipayCall): Fields {
  const { agreement_no: agreementNo, deduct_time: on } = readBusiness(call, modifyFields);
  const agreement = world.agreements.byNumber('alipay', agreementNo);
  if (!agreement || agreementState(agreement, world.clock.now()) !== 'NORMAL') throw notThere();
  checkPlannedDay(agreement.unit, on, 'deduct_time');
  const plan = nextPlan(world, agreement);
  if (!plan || midnightOf(on) <= midnightOf(plan.on)) {
    throw new AlipayRefusal('40004', 'INVALID_PARAMETER', '扣款时间只能延后');
  }
  world.agreements.save({ ...agreement, putOff: { period: plan.period, on } });
  return { agreement_no: agreementNo, deduct_time: on };
}

/**
 * `alipay.user.agreement.unsign`: answered with nothing but a code; that it is over is told by a notification.
 * @see https://opendocs.alipay.com/open/b841da1f_alipay.user.agreement.unsign
 */
export function unsign(world: World, call: AlipayCall): Fields {
  const agreement = referred(world, readBusiness(call, unsignFields));
  if (!agreement || agreementState(agreement, world.clock.now()) !== 'NORMAL') throw notThere();
  stopAgreement(world, agreement, addressIn(call, 'notify_url', 'notifyUrl').notifyUrl);
  return {};
}

function referred(world: World, fields: z.infer<typeof queryFields>): Agreement | undefined {
  const {
    agreement_no: own,
    external_agreement_no: external,
    personal_product_code: product,
    sign_scene: scene,
  } = fields;
  if (own !== undefined) return world.agreements.byNumber('alipay', own);
  if (external === undefined || product === undefined || scene === undefined) {
    throw new AlipayRefusal(
      '40004',
      'INVALID_PARAMETER',
      'agreement_no 与 external_agreement_no 不能同时为空',
    );
  }
  const found = world.agreements.byExternal('alipay', external);
  return found?.personalProductCode === product && found.signScene === scene ? found : undefined;
}

const notThere = () => new AlipayRefusal('40004', 'USER_AGREEMENT_NOT_EXIST', '用户协议不存在');
