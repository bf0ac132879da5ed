import type { Text } from '../../domain/errors.ts';
import { nextStep, type RowAdvice, type Verb } from '../advice.ts';
import type { DeclineReason, RefundSnapshot, TradeSnapshot } from '../contract.ts';

/** The call that was answered. */
export type Operation = 'create' | 'query' | 'refund' | 'refund-query' | 'bill';
export type Verdict = DeclineReason | 'in-process' | 'system-error' | 'unrecognised';

type TradeState = Extract<TradeSnapshot, { exists: true }>['state'];
type RefundState = Extract<RefundSnapshot, { exists: true }>['state'];

/** A code is two characters; what has no certificate of ours to go by answers with longer numbers. */
const WORD = /^[A-Za-z0-9]{1,16}$/;
export function readWord(text: string | undefined): string | undefined {
  return text !== undefined && WORD.test(text) ? text : undefined;
}

export const ACCEPTED = '00';
/** Done, with some defect that is UnionPay's own. */
const DONE: ReadonlySet<string> = new Set([ACCEPTED, 'A6']);
export const isDone = (code: string | undefined): boolean => code !== undefined && DONE.has(code);

function merchant(zh: string, en: string): Text {
  return { zh: `请商家${zh}`, en: `Ask the merchant to ${en}` };
}
const SETUP = merchant(
  '核对 UNIONPAY_MER_ID 与 UNIONPAY_CERT 是否属于同一商户、环境（UNIONPAY_CURRENT_ENV）是否正确、证书是否在有效期内',
  'see that UNIONPAY_MER_ID and UNIONPAY_CERT are of one merchant, that UNIONPAY_CURRENT_ENV is the right one and the certificate in force',
);
const PRODUCT = merchant(
  '在银联商户服务平台确认商户状态正常，并已开通该产品（二维码、网关支付或退货）',
  'see on the UnionPay merchant platform that the merchant is active and this product (QR, card page or refund) is enabled',
);

interface Row extends RowAdvice {
  readonly codes: readonly string[];
  readonly meaning: Verdict;
  /** Only after these calls; after any when absent. */
  readonly calls?: readonly Operation[];
}

/**
 * What a `respCode` says of a call. 03, 04 and 05 are none: the transaction may have been carried out.
 *
 * @see https://open.unionpay.com/tjweb/support/faq/respCode
 */
const ROWS: readonly Row[] = [
  { codes: ['03', '04', '05'], meaning: 'in-process' },
  { codes: ['02', '06', '99'], meaning: 'system-error' },
  // Done, or money was taken, although something went wrong after it.
  { codes: ['42', '74', '75', 'A6'], meaning: 'unrecognised' },
  { codes: ['10', '13', '14'], meaning: 'bad-parameter', remedy: SETUP },
  { codes: ['11'], meaning: 'credentials', remedy: SETUP },
  {
    codes: ['12'],
    meaning: 'number-conflict',
    calls: ['create'],
    advice: {
      zh: '银联已有这一笔，而付款码只在首次下单时给出：没有人能付这一笔，请用新的 outTradeNo 下单。',
      en: 'UnionPay has this order already and gives its code only with the first answer: nobody can pay it, so create the payment under a new outTradeNo.',
    },
  },
  { codes: ['12'], meaning: 'number-conflict' },
  { codes: ['31', '32', '43'], meaning: 'permission', remedy: PRODUCT },
  { codes: ['33'], meaning: 'bad-parameter' },
  { codes: ['34', '35'], meaning: 'not-paid', calls: ['refund'] },
  { codes: ['36', '45', '46', '47'], meaning: 'refund-not-allowed', calls: ['refund'] },
  { codes: ['64'], meaning: 'balance', calls: ['refund'] },
  { codes: ['34'], meaning: 'not-exist', calls: ['query', 'refund-query'] },
  { codes: ['98'], meaning: 'not-exist', calls: ['bill'] },
  { codes: ['37'], meaning: 'rate-limited' },
  { codes: ['38', '39'], meaning: 'other' },
];

/** In no table: nothing can have moved by a question or by a code that nobody was given; a refund may have. */
const UNLISTED: Readonly<Record<Operation, Verdict>> = {
  create: 'other',
  query: 'other',
  refund: 'unrecognised',
  'refund-query': 'other',
  bill: 'other',
};

const VERBS: Readonly<Record<Operation, Verb>> = {
  create: 'create',
  query: 'ask',
  refund: 'refund',
  'refund-query': 'ask',
  bill: 'ask',
};

export function verdictOf(operation: Operation, code: string): Verdict {
  // Longer ones come from in front of the gateway, which knows no such merchant or certificate.
  if (/^\d{6,}$/.test(code)) return 'credentials';
  return rowOf(operation, code)?.meaning ?? UNLISTED[operation];
}

export function adviceFor(operation: Operation, code: string, reason: DeclineReason, proven: boolean): Text {
  const row = rowOf(operation, code) ?? (reason === 'credentials' ? { remedy: SETUP } : {});
  return nextStep(VERBS[operation], reason, proven, row);
}

function rowOf(operation: Operation, code: string): Row | undefined {
  return ROWS.find(({ codes, calls }) => codes.includes(code) && (!calls || calls.includes(operation)));
}

/** Of a transaction that has provably failed: no money moved by it. */
const FAILED: ReadonlySet<string> = new Set([
  ...['01', '30', '31', '32', '33', '38', '39', '40', '43', '44', '46'],
  ...['60', '61', '62', '63', '64', '65', '66', '67', '68', '69'],
  ...['71', '72', '73', '76', '77', '78', '79', '80'],
]);
/** Of a refund alone: they speak of the payment that it was to be of. */
const FAILED_REFUND: ReadonlySet<string> = new Set(['35', '36', '45', '47']);
/** Waits for the payer. */
const WAITING = '70';

/**
 * An order by the `origRespCode` of the payment. A payer whose card was refused may try another until the time is up,
 * so that a failure closes nothing before.
 */
export function tradeStateOf(code: string | undefined, isOver: boolean): TradeState {
  if (isDone(code)) return 'PAID';
  if (code === WAITING) return 'NOTPAY';
  if (code === undefined || !FAILED.has(code)) return 'UNKNOWN';
  return isOver ? 'CLOSED' : 'NOTPAY';
}

/** A refund by its `origRespCode`, or the `respCode` of its notification. */
export function refundStateOf(code: string | undefined): RefundState {
  if (isDone(code)) return 'SUCCESS';
  if (code === '03' || code === '04' || code === '05') return 'PROCESSING';
  const failed = code !== undefined && (FAILED.has(code) || FAILED_REFUND.has(code));
  return failed ? 'CLOSED' : 'UNKNOWN';
}
