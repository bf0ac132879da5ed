import type { Scene } from '../../domain/order.ts';
import { ChargeDeclined, GatewayDeclined, OutcomeUnknown } from '../contract.ts';
import type { Answer } from './answer.ts';
import { adviceFor, type Operation, type Refused, readWord, retryOf, verdictOf } from './codes.ts';
import type { TradeName } from './plan.ts';

/** The code of an answer that says yes. */
export const DONE = '10000';
/** A charge that is on its way. */
const IN_PROGRESS = '10003';
/** Law 2: a call that was turned away for its rate may still have been taken in. */
const MAY_BE_TAKEN: ReadonlySet<Operation> = new Set([
  ...(['create', 'refund', 'confirm', 'charge', 'postpone', 'unsign'] as const),
]);

/**
 * Judges an answer: returns when Alipay has provably accepted the call, else throws one of the port's errors. The
 * order number in the answer, where there is one, must be the one that was asked about: a signature covers neither
 * the name of the node nor the question, so an old answer about another order would verify as well.
 *
 * @param outTradeNo undefined where the answer is to tell it
 * @param scene of the order that was to be made
 */
export function requireAccepted(
  answer: Answer,
  operation: Operation,
  outTradeNo: string | undefined,
  scene?: Scene,
): void {
  const { fields, proven, requestId } = answer;
  const code = readWord(fields.get('code'));
  if (code === undefined) throw new OutcomeUnknown('unreadable', requestId);
  const answeredNo = fields.get('out_trade_no');
  if (answeredNo !== undefined && outTradeNo !== undefined && answeredNo !== outTradeNo) {
    throw new OutcomeUnknown('answer-of-another-order', requestId);
  }
  if (code !== DONE && !(code === IN_PROGRESS && operation === 'charge')) {
    throw refusal(answer, { operation, code, subCode: fields.get('sub_code'), scene });
  }
  if (!proven) throw new OutcomeUnknown('unsigned-success', requestId);
}

/** An answer that {@link requireAccepted} lets pass. */
export async function accepted(
  asked: Promise<Answer>,
  ...judged: [operation: Operation, outTradeNo: string | undefined, scene?: Scene]
): Promise<Answer> {
  const answer = await asked;
  requireAccepted(answer, ...judged);
  return answer;
}

/** For answers that have to name the order they are about. */
export function requireOrderNumber(answer: Answer, outTradeNo: string): void {
  requireNumber(answer, 'out_trade_no', outTradeNo);
}

/** For answers that have to name what they are about, by the very number that was asked with. */
export function requireNumber(answer: Answer, field: string, asked: string): void {
  if (answer.fields.get(field) !== asked)
    throw new OutcomeUnknown('answer-of-another-order', answer.requestId);
}

/** As {@link requireOrderNumber}; by Alipay's number where it was asked with that. */
export function requireTrade(answer: Answer, { outTradeNo, gatewayTradeNo }: TradeName): void {
  if (gatewayTradeNo === undefined) requireOrderNumber(answer, outTradeNo);
  else requireNumber(answer, 'trade_no', gatewayTradeNo);
}

function refusal({ proven, requestId }: Answer, refused: Refused): GatewayDeclined | OutcomeUnknown {
  const { operation, code, subCode } = refused;
  const verdict = verdictOf(refused);
  if (verdict === 'system-error' || verdict === 'unrecognised') return new OutcomeUnknown(verdict, requestId);
  const limited = verdict === 'rate-limited';
  if (limited && MAY_BE_TAKEN.has(operation)) return new OutcomeUnknown(verdict, requestId);
  const gatewayCode = subCode === undefined ? code : (readWord(subCode) ?? 'unreadable');
  const proves = proven && !limited;
  const advice = adviceFor(refused, verdict, proves);
  const retry = retryOf(refused);
  if (retry !== undefined && proves)
    return new ChargeDeclined(retry, verdict, gatewayCode, requestId, advice);
  return new GatewayDeclined(verdict, gatewayCode, proves, requestId, advice);
}
