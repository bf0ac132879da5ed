import { DAY_MS } from '../../domain/clock.ts';
import { defined } from '../../domain/defined.ts';
import { invalidArgument } from '../../domain/errors.ts';
import type { RefundTerms } from '../../domain/order.ts';
import { unlessAbsent } from '../absence.ts';
import {
  GatewayDeclined,
  GatewayUnavailable,
  type Known,
  OutcomeUnknown,
  type RefundRules,
  type RefundSnapshot,
} from '../contract.ts';
import { readWord, refundStateOf } from './codes.ts';
import type { UnionpayConfig } from './config.ts';
import type { Fields } from './message.ts';
import { COMMON, ownWords, readFields, readPlan, requireNumber, writePlan } from './plan.ts';
import { readTime, timeText } from './times.ts';
import { type Asker, isYuan, question, readAmount, readQueryId } from './trade.ts';

/** UnionPay keeps a payment refundable for eleven months; it documents no distance between refunds, and no number. */
export const REFUND_RULES: RefundRules = {
  minIntervalMs: 0,
  maxPerOrder: Number.POSITIVE_INFINITY,
  windowMs: 330 * DAY_MS,
  numberUniquePerMerchant: true,
  byGatewayNo: true,
  finalTradeStates: new Set(),
  askAfterMs: [5_000, 30_000, 120_000, 600_000, 1_800_000],
};

/** Plans a refund of what the payment's `queryId` names. */
export function planRefund(refund: RefundTerms, { merId, notifyUrl }: UnionpayConfig): string {
  const { outTradeNo, outRefundNo, gatewayTradeNo, refundFen, sentAt, reason = '' } = refund;
  requireNumber('outRefundNo', outRefundNo);
  if (gatewayTradeNo === undefined || outRefundNo === outTradeNo) throw notYet(outRefundNo === outTradeNo);
  return writePlan({
    ...COMMON,
    ...{ txnType: '04', txnSubType: '00', bizType: '000000', channelType: '08' },
    ...{ merId, orderId: outRefundNo, txnTime: timeText(sentAt), origQryId: gatewayTradeNo },
    ...{ txnAmt: String(refundFen), currencyCode: '156', backUrl: notifyUrl },
    reqReserved: ownWords('refund', reason),
  });
}

/** The time in a plan (ms). */
export function refundSentAt(plan: string): number | undefined {
  return readTime(readFields(plan)?.get('txnTime'));
}

/**
 * Sends a refund. "00" only means taken in. What UnionPay has already ("12") is the same refund, for its number and time
 * are: how that stands is asked.
 *
 * @see https://open.unionpay.com/tjweb/acproduct/list?apiSvcId=448
 */
export async function sendRefund(
  asker: Asker,
  refund: RefundTerms,
  planText: string,
): Promise<RefundSnapshot> {
  const plan = readPlan(planText, '04', refund.outRefundNo);
  const answer = await asker.gateway
    .call('refund', '/gateway/api/backTransReq.do', plan)
    .catch((error: unknown) => {
      if (error instanceof GatewayDeclined && error.proven && error.reason === 'number-conflict')
        return undefined;
      throw error;
    });
  if (answer === undefined) {
    // UnionPay has it: whatever becomes of the question, and whether or not it is found yet, that is no refusal of it.
    const known = await ask(asker, refund.outTradeNo, plan).catch(() => undefined);
    if (!known?.exists) throw new OutcomeUnknown('repeated-and-not-found');
    return known;
  }
  const { outTradeNo, outRefundNo } = refund;
  return {
    ...{ exists: true, outTradeNo, outRefundNo, state: 'PROCESSING', gatewayState: 'accepted' },
    ...defined({ gatewayRefundNo: readQueryId(answer.get('queryId')) }),
  };
}

/** Asks for a refund by its own number and time: those in which it was sent, or, where they are not known, of its bill. */
export async function queryRefund(
  asker: Asker,
  outTradeNo: string,
  outRefundNo: string,
  { plan, sentAt }: Known,
): Promise<RefundSnapshot> {
  if (plan !== undefined) return ask(asker, outTradeNo, readPlan(plan, '04', outRefundNo));
  if (sentAt === undefined) throw new GatewayUnavailable('no-send-time');
  return ask(asker, outTradeNo, question(asker.merId, outRefundNo, timeText(sentAt)));
}

async function ask({ merId, gateway }: Asker, outTradeNo: string, sent: Fields): Promise<RefundSnapshot> {
  const outRefundNo = sent.get('orderId') ?? '';
  const asked = question(merId, outRefundNo, sent.get('txnTime') ?? '');
  const answer = await unlessAbsent(gateway.call('refund-query', '/gateway/api/queryTrans.do', asked));
  if (answer === undefined) return { exists: false };
  // Numbers of payments and refunds are of one kind: what comes back shows which it is.
  const words = answer.get('reqReserved');
  if (words !== undefined && sent.has('reqReserved') && words !== sent.get('reqReserved'))
    throw new OutcomeUnknown('answer-of-another-call');
  const refund = refundIn(answer, outTradeNo, answer.get('origRespCode'));
  if (refund === undefined) throw new OutcomeUnknown('unreadable');
  return refund;
}

/** What a signed message says of a refund; undefined where it is not told which, or one that has come about lacks its sum. */
export function refundIn(
  fields: Fields,
  outTradeNo: string,
  code: string | undefined,
): Extract<RefundSnapshot, { exists: true }> | undefined {
  const outRefundNo = fields.get('orderId');
  const sentAt = readTime(fields.get('txnTime'));
  const state = refundStateOf(code);
  const refundFen = readAmount(fields.get('txnAmt'));
  if (outRefundNo === undefined || sentAt === undefined || !isYuan(fields)) return undefined;
  if (state === 'SUCCESS' && refundFen === undefined) return undefined;
  return {
    ...{ exists: true, outTradeNo, outRefundNo, sentAt, state },
    gatewayState: readWord(code) ?? 'unreadable',
    ...defined({ refundFen, gatewayRefundNo: readQueryId(fields.get('queryId')) }),
  };
}

function notYet(isSame: boolean): Error {
  return isSame
    ? invalidArgument(
        'outRefundNo',
        {
          zh: '银联的退款单号不能与订单号相同。',
          en: "At UnionPay a refund cannot have its order's number.",
        },
        { zh: '换一个 outRefundNo，或省略它。', en: 'Use another outRefundNo, or leave it out.' },
      )
    : invalidArgument(
        'outTradeNo',
        {
          zh: '还不知道银联为这笔付款给出的查询流水号。',
          en: "UnionPay's number of this payment is not known yet.",
        },
        { zh: '先用 query-payment 查询这笔订单。', en: 'Ask query-payment for this order first.' },
      );
}
