import { type Clock, DAY_MS, parseBeijingDateTime } from '../../domain/clock.ts';
import { fenFromYuan } from '../../domain/money.ts';
import type { OrderTerms } from '../../domain/order.ts';
import { unlessAbsent } from '../absence.ts';
import {
  type AgreementName,
  type AgreementRules,
  type AgreementSnapshot,
  type Agreements,
  type AgreementTerms,
  GatewayDeclined,
  GatewayUnavailable,
  OutcomeUnknown,
  type PaidTrade,
  type SignedAgreement,
  type SigningLink,
} from '../contract.ts';
import {
  type AgreementConfig,
  agreementNamed,
  CHARGE,
  planCharge,
  planPayAndSign,
  planSigning,
  planUnsign,
  SIGN,
  UNSIGN,
} from './agreement-plan.ts';
import { agreementSnapshot, DAYS_BEFORE } from './agreement-snapshot.ts';
import type { Answer } from './answer.ts';
import { readWord } from './codes.ts';
import { type AlipayConfig, GATEWAYS } from './config.ts';
import { accepted, DONE, requireNumber, requireOrderNumber } from './errors.ts';
import type { AlipayGateway } from './gateway.ts';
import { bizContent, parseBizContent, readPlanOf } from './plan.ts';
import type { RequestSigner } from './signer.ts';

const HOUR_MS = 3_600_000;

/** Alipay takes the money only when it is asked to, and leaves tries within a period to the merchant. */
const RULES: AgreementRules = {
  leastDays: 7,
  latestDayOfMonth: 28,
  daysBefore: DAYS_BEFORE,
  tellsWindow: true,
  retryAfterMs: [4 * HOUR_MS, 8 * HOUR_MS, 12 * HOUR_MS],
  signWithinMs: DAY_MS,
};

/** The way to Alipay's own app, for a phone's browser. It knows Alipay's production alone. */
const APP = 'alipays://platformapi/startapp?appId=60000157&appClearTop=false&startMultApp=YES&sign_params=';

interface Parts {
  readonly config: AlipayConfig;
  readonly account: string;
  readonly signer: RequestSigner;
  readonly gateway: AlipayGateway;
  readonly clock: Clock;
}

/** 商家扣款: undefined where the merchant has named no scene of a contract for it. */
export function agreementsOf({ config, ...parts }: Parts): Agreements | undefined {
  const { signScene } = config;
  if (signScene === undefined) return undefined;
  const own = { ...config, signScene };
  const asked = { ...parts, config: own };
  return {
    rules: RULES,
    planSigning: (terms) => planSigning(terms, own),
    sign: (terms, plan) => sign(terms, plan, asked),
    payAndSign: { scene: 'app', plan: (first, terms) => planPayAndSign(first, terms, own) },
    queryAgreement: (name) => queryAgreement(name, asked),
    planCharge: (order, agreement) => planCharge(order, agreement, own),
    sendCharge: (order, plan) => sendCharge(order, plan, asked),
    postpone: (agreement, day) => postpone(agreement, day, parts.gateway),
    planUnsign: (agreement) => planUnsign(agreement, own),
    unsign: (agreement, plan) => unsign(agreement, plan, parts.gateway),
  };
}

type Asked = Omit<Parts, 'config'> & { readonly config: AgreementConfig & AlipayConfig };

/**
 * Signs the link that asks for consent. There is no agreement before somebody opens it.
 *
 * @see https://opendocs.alipay.com/open/8bccfa0b_alipay.user.agreement.page.sign
 */
async function sign(
  { signNo, signBefore }: AgreementTerms,
  planText: string,
  { config, signer, clock }: Asked,
): Promise<SigningLink> {
  const plan = readPlanOf(planText, [SIGN], { external_agreement_no: signNo });
  const seconds = Math.floor((signBefore - clock.now()) / 1000);
  if (seconds < 1) throw new GatewayUnavailable('link-is-over');
  const fields = { ...parseBizContent(plan.biz_content), effect_time: String(seconds) };
  const signed = await signer.sign({ ...plan, biz_content: bizContent(fields) });
  const isProduction = config.gateway === GATEWAYS.prod;
  return {
    signUrl: `${config.gateway}?${signed}`,
    ...(isProduction ? { appUrl: `${APP}${encodeURIComponent(signed)}` } : {}),
  };
}

/**
 * Asks for an agreement. One whose link nobody has opened does not exist yet.
 *
 * @see https://opendocs.alipay.com/open/3dab71bc_alipay.user.agreement.query
 */
export async function queryAgreement(
  name: AgreementName,
  {
    config,
    account,
    gateway,
    clock,
  }: Pick<Asked, 'account' | 'gateway' | 'clock'> & {
    readonly config: AgreementConfig;
  },
): Promise<AgreementSnapshot> {
  const call = gateway.call({
    method: 'alipay.user.agreement.query',
    biz_content: bizContent(agreementNamed(name, config.signScene)),
  });
  const answer = await unlessAbsent(accepted(call, 'agreement', undefined));
  if (answer === undefined) return { exists: false };
  const { fields, lists, requestId } = answer;
  if (name.agreementNo === undefined) requireNumber(answer, 'external_agreement_no', name.signNo);
  else requireNumber(answer, 'agreement_no', name.agreementNo);
  const snapshot = agreementSnapshot(fields, account, lists.get('execution_plans') ?? [], clock.now());
  if (snapshot === undefined) throw new OutcomeUnknown('agreement-unreadable', requestId);
  return snapshot;
}

/**
 * Takes a period's money. The same number takes it once.
 *
 * @see https://opendocs.alipay.com/open/1f1fe18c_alipay.trade.pay
 */
async function sendCharge(
  { outTradeNo }: OrderTerms,
  planText: string,
  { account, gateway }: Asked,
): Promise<PaidTrade | 'accepted'> {
  const plan = readPlanOf(planText, [CHARGE], { out_trade_no: outTradeNo });
  const answer = await unlessTaken(accepted(gateway.call(plan), 'charge', outTradeNo));
  if (answer === undefined) return 'accepted';
  requireOrderNumber(answer, outTradeNo);
  const { fields, requestId } = answer;
  const paidAt = parseBeijingDateTime(fields.get('gmt_payment') ?? '');
  const gatewayTradeNo = readWord(fields.get('trade_no'));
  // Without time or number of the payment it says that the call went well, and no more.
  if (fields.get('code') !== DONE || paidAt === undefined || gatewayTradeNo === undefined) return 'accepted';
  const amountFen = fenFromYuan(fields.get('total_amount') ?? '');
  if (amountFen === undefined) throw new OutcomeUnknown('amount-unreadable', requestId);
  return {
    ...{ exists: true, opened: true, account, outTradeNo, state: 'PAID', gatewayState: `code.${DONE}` },
    ...{ gatewayTradeNo, amountFen, paidAt },
  };
}

/** undefined where the charge is on its way, or has been made under this number before: asking for the trade tells. */
async function unlessTaken(asked: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof GatewayDeclined && error.proven && error.reason === 'already-paid') return undefined;
    throw error;
  }
}

/**
 * Puts the next deduction off.
 *
 * @see https://opendocs.alipay.com/open/4c0a6b0a_alipay.user.agreement.executionplan.modify
 */
async function postpone(
  { agreementNo }: SignedAgreement,
  day: string,
  gateway: AlipayGateway,
): Promise<void> {
  const call = gateway.call({
    method: 'alipay.user.agreement.executionplan.modify',
    biz_content: bizContent({ agreement_no: agreementNo, deduct_time: day }),
  });
  const answer = await accepted(call, 'postpone', undefined);
  requireNumber(answer, 'agreement_no', agreementNo);
  if (!answer.fields.get('deduct_time')?.startsWith(day)) {
    throw new OutcomeUnknown('answer-of-another-call', answer.requestId);
  }
}

/** What other calls answer with; this one's answer has nothing of its own. */
const FOREIGN_TO_UNSIGN = ['out_trade_no', 'status', 'deduct_time', 'trade_status'];

/**
 * Ends an agreement. That it was taken is all that the answer says.
 *
 * @see https://opendocs.alipay.com/open/b841da1f_alipay.user.agreement.unsign
 */
async function unsign(
  { agreementNo }: SignedAgreement,
  planText: string,
  gateway: AlipayGateway,
): Promise<void> {
  const plan = readPlanOf(planText, [UNSIGN], { agreement_no: agreementNo });
  const answer = await accepted(gateway.call(plan), 'unsign', undefined);
  if (FOREIGN_TO_UNSIGN.some((field) => answer.fields.has(field))) {
    throw new OutcomeUnknown('answer-of-another-call', answer.requestId);
  }
}
