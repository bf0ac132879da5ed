import { z } from 'zod';
import { parseBeijingDateTime } from '../../domain/clock.ts';
import type { AgreementTerms } from '../state/agreed.ts';
import type { World } from '../world.ts';
import { midnightOf } from './periods.ts';
import { addressIn, readBusiness, readPrice } from './reading.ts';
import { business, invalidParameter } from './refusal.ts';
import type { AlipayCall } from './request.ts';

/** Fewer days than this make no period. */
const FEWEST_DAYS = 7;
/** No month's plan stands behind this day. */
const LAST_DAY_OF_MONTH = 28;

const whole = z.union([z.string().regex(/^[1-9]\d{0,3}$/), z.int().min(1).max(9999)]).transform(Number);
const seconds = z
  .string()
  .regex(/^[1-9]\d{0,6}$/)
  .transform(Number);
const price = z.union([z.string(), z.number()]).transform(String);
const anything = z.unknown();

/** `period_rule_params`, where each deduction lies and what it may take. */
const periodRule = z.strictObject({
  period_type: z.enum(['DAY', 'MONTH']),
  period: whole,
  execute_time: z.string(),
  single_amount: price,
  total_amount: price.optional(),
  total_payments: whole.optional(),
});

/** What the documents list for signing alone and for signing with a payment. */
const SIGNING = {
  personal_product_code: z.enum(['CYCLE_PAY_AUTH_P']),
  product_code: z.enum(['GENERAL_WITHHOLDING', 'CYCLE_PAY_AUTH']).optional(),
  sign_scene: z
    .string()
    .regex(/^[A-Z]+\|[A-Z_]+$/)
    .max(64)
    .optional(),
  external_agreement_no: z
    .string()
    .regex(/^[A-Za-z0-9]{1,32}$/)
    .optional(),
  external_logon_id: z.string().max(100).optional(),
  access_params: z.strictObject({ channel: z.enum(['ALIPAYAPP', 'QRCODE', 'QRCODEORSMS']) }),
  period_rule_params: periodRule,
  effect_time: seconds.optional(),
  allow_huazhi_degrade: anything.optional(),
  sub_merchant: anything.optional(),
};
const pageSignFields = z.strictObject({
  ...SIGNING,
  sign_validity_period: z
    .string()
    .regex(/^[1-9]\d{0,6}[dm]$/)
    .optional(),
  agreement_effect_type: anything.optional(),
  merchant_process_url: anything.optional(),
  third_party_type: z.literal('PARTNER').optional(),
  device_params: anything.optional(),
  identity_params: anything.optional(),
  prod_params: anything.optional(),
  promo_params: anything.optional(),
});
/** Inside an order of app.pay. */
export const paySignFields = z.strictObject({ ...SIGNING, sign_notify_url: z.string().optional() });
type SignFields = z.infer<typeof pageSignFields> | z.infer<typeof paySignFields>;

/**
 * `alipay.user.agreement.page.sign`: what a link asks its opener to agree to.
 * @see https://opendocs.alipay.com/open/8bccfa0b_alipay.user.agreement.page.sign
 */
export function readSignLink(world: World, call: AlipayCall): AgreementTerms {
  const fields = readBusiness(call, pageSignFields);
  const asked = parseBeijingDateTime(call.parameters.get('timestamp') ?? '') ?? 0;
  if (fields.effect_time !== undefined && world.clock.now() > asked + fields.effect_time * 1000) {
    throw business('NOW_TIME_AFTER_EXPIRE_TIME_ERROR', '签约链接已失效，请返回商家重新发起');
  }
  return {
    ...readAgreement(call, fields),
    ...(fields.sign_validity_period ? { validity: fields.sign_validity_period } : {}),
    ...addressIn(call, 'notify_url', 'notifyUrl'),
    ...addressIn(call, 'return_url', 'returnUrl'),
  };
}

/**
 * `agreement_sign_params` of app.pay: signed as soon as the order is paid, which counts as no period.
 * @see https://opendocs.alipay.com/open/20190319114403226822/signpay
 */
export function readPaySign(
  call: AlipayCall,
  fields: z.infer<typeof paySignFields>,
  title: string,
): AgreementTerms {
  const url = fields.sign_notify_url;
  if (url !== undefined && !/^https?:\/\/\S{1,248}$/.test(url)) throw invalidParameter('sign_notify_url');
  const notify = url === undefined ? addressIn(call, 'notify_url', 'notifyUrl') : { notifyUrl: url };
  return { ...readAgreement(call, fields), title, ...notify };
}

function readAgreement(call: AlipayCall, fields: SignFields): AgreementTerms {
  const { period_rule_params: rule, sign_scene: scene, external_agreement_no: externalNo } = fields;
  if (externalNo !== undefined && (scene === undefined || scene === 'DEFAULT|DEFAULT')) {
    throw invalidParameter('sign_scene');
  }
  checkRule(rule);
  const seller = call.merchant?.sellerId;
  const terms = {
    personalProductCode: fields.personal_product_code,
    productCode: fields.product_code ?? 'GENERAL_WITHHOLDING',
    signScene: scene ?? 'DEFAULT|DEFAULT',
    ...{ unit: rule.period_type, every: rule.period, firstOn: rule.execute_time },
    singleFen: readPrice(rule.single_amount),
    ...(rule.total_amount === undefined ? {} : { totalFen: readPrice(rule.total_amount) }),
    ...(rule.total_payments === undefined ? {} : { times: rule.total_payments }),
    ...(fields.external_logon_id ? { logonId: fields.external_logon_id } : {}),
  } as const;
  return {
    provider: 'alipay',
    ...(seller === undefined ? {} : { space: seller, seller }),
    ...(externalNo === undefined ? {} : { externalNo }),
    ...terms,
    fingerprint: JSON.stringify(terms),
  };
}

function checkRule({ period_type: unit, period, execute_time: day }: z.infer<typeof periodRule>): void {
  if (unit === 'DAY' && period < FEWEST_DAYS) throw invalidParameter('period');
  checkPlannedDay(unit, day, 'execute_time');
}

/** Whether money can be planned to be taken on a day (`yyyy-MM-dd`). */
export function checkPlannedDay(unit: 'DAY' | 'MONTH', day: string, field: string): void {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) throw invalidParameter(field);
  try {
    midnightOf(day);
  } catch {
    throw invalidParameter(field);
  }
  if (unit === 'MONTH' && Number(day.slice(8)) > LAST_DAY_OF_MONTH) throw invalidParameter(field);
}
