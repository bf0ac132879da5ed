import { beijingDateTime } from '../../domain/clock.ts';
import { toYuan } from '../../domain/money.ts';
import type { OrderTerms } from '../../domain/order.ts';
import type { AgreementName, AgreementTerms, SignedAgreement } from '../contract.ts';
import type { AlipayConfig } from './config.ts';
import { requireTitle } from './payment.ts';
import { type BizContent, bizContent, writePlan } from './plan.ts';

export const SIGN = 'alipay.user.agreement.page.sign';
export const CHARGE = 'alipay.trade.pay';
export const UNSIGN = 'alipay.user.agreement.unsign';

/** What merchants sign up for since 2026-04: charges by the calendar. */
const PRODUCT = 'GENERAL_WITHHOLDING';
const PERSONAL_PRODUCT = 'CYCLE_PAY_AUTH_P';

/** What is needed to ask for consent. */
export type AgreementConfig = Pick<AlipayConfig, 'notifyUrl' | 'returnUrl'> & { readonly signScene: string };

/**
 * Plans a link to sign. Until when it may be used is not in it: Alipay wants that in seconds from the signing of the
 * link, which is no absolute time.
 */
export function planSigning(terms: AgreementTerms, config: AgreementConfig): string {
  return writePlan({
    method: SIGN,
    notify_url: config.notifyUrl,
    return_url: config.returnUrl,
    biz_content: bizContent(agreed(terms, config.signScene)),
  });
}

/** Plans the first period's order, whose payer signs by paying. What it takes counts for none of the agreement's charges. */
export function planPayAndSign(first: OrderTerms, terms: AgreementTerms, config: AgreementConfig): string {
  requireTitle(first.title);
  const { notifyUrl } = config;
  return writePlan({
    method: 'alipay.trade.app.pay',
    notify_url: notifyUrl,
    biz_content: bizContent({
      out_trade_no: first.outTradeNo,
      total_amount: toYuan(first.amountFen),
      subject: first.title,
      product_code: 'QUICK_MSECURITY_PAY',
      time_expire: beijingDateTime(first.expiresAt),
      agreement_sign_params: {
        ...agreed(terms, config.signScene),
        ...(notifyUrl === undefined ? {} : { sign_notify_url: notifyUrl }),
      },
    }),
  });
}

/** Plans the charge of one period. */
export function planCharge(order: OrderTerms, agreement: SignedAgreement, config: AgreementConfig): string {
  requireTitle(order.title);
  return writePlan({
    method: CHARGE,
    notify_url: config.notifyUrl,
    biz_content: bizContent({
      out_trade_no: order.outTradeNo,
      total_amount: toYuan(order.amountFen),
      subject: order.title,
      product_code: PRODUCT,
      agreement_params: { agreement_no: agreement.agreementNo },
    }),
  });
}

export function planUnsign(agreement: SignedAgreement, config: AgreementConfig): string {
  return writePlan({
    method: UNSIGN,
    notify_url: config.notifyUrl,
    biz_content: bizContent({ agreement_no: agreement.agreementNo }),
  });
}

/** What an agreement is asked for by: Alipay's number, or ours with what makes that one of a kind. */
export function agreementNamed({ agreementNo, signNo }: AgreementName, signScene: string): BizContent {
  return agreementNo === undefined ? ours(signNo, signScene) : { agreement_no: agreementNo };
}

/** Whether a message is about agreements of this kind. */
export function isOurs(fields: ReadonlyMap<string, string>): boolean {
  return fields.get('personal_product_code') === PERSONAL_PRODUCT;
}

function ours(signNo: string, signScene: string) {
  return {
    personal_product_code: PERSONAL_PRODUCT,
    sign_scene: signScene,
    external_agreement_no: signNo,
  };
}

function agreed({ signNo, period, mostFen, firstDay, times }: AgreementTerms, signScene: string): BizContent {
  return {
    ...ours(signNo, signScene),
    product_code: PRODUCT,
    access_params: { channel: 'ALIPAYAPP' },
    period_rule_params: {
      period_type: period.unit === 'day' ? 'DAY' : 'MONTH',
      period: String(period.count),
      execute_time: firstDay,
      single_amount: toYuan(mostFen),
      ...(times === undefined ? {} : { total_payments: String(times) }),
    },
  };
}
