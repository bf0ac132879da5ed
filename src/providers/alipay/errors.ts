import { type DeclineReason, GatewayDeclined, OutcomeUnknown } from '../contract.ts';
import type { Answer } from './answer.ts';
import { adviceOn, type Operation, readWord, verdictOf } from './codes.ts';

const ACCEPTED = '10000';

/**
 * Judges an answer: returns when Alipay has provably accepted the call, else throws one of the port's errors. The
 * order number in the answer, where there is one, must be the one that was asked about: a signature covers neither
 * the name of the node nor the question, so an old answer about another order would verify as well.
 */
export function requireAccepted(answer: Answer, operation: Operation, outTradeNo: string): void {
  const { fields, proven, requestId } = answer;
  const code = readWord(fields.get('code'));
  if (code === undefined) throw new OutcomeUnknown('unreadable', requestId);
  const answeredNo = fields.get('out_trade_no');
  if (answeredNo !== undefined && answeredNo !== outTradeNo) {
    throw new OutcomeUnknown('answer-of-another-order', requestId);
  }
  if (code !== ACCEPTED) throw refusal(code, answer, operation);
  if (!proven) throw new OutcomeUnknown('unsigned-success', requestId);
}

/** For answers that have to name the order they are about. */
export function requireOrderNumber(answer: Answer, outTradeNo: string): void {
  if (answer.fields.get('out_trade_no') !== outTradeNo) {
    throw new OutcomeUnknown('answer-of-another-order', answer.requestId);
  }
}

/** Whether Alipay has proven that the order does not exist (for links: that nobody has opened it yet). */
export function isProvenNotExist(error: unknown): boolean {
  return error instanceof GatewayDeclined && error.proven && error.reason === 'not-exist';
}

function refusal(code: string, answer: Answer, operation: Operation): GatewayDeclined | OutcomeUnknown {
  const { fields, proven, requestId } = answer;
  const subCode = fields.get('sub_code');
  const verdict = verdictOf(code, subCode, operation);
  if (verdict === 'system-error' || verdict === 'unrecognised') return new OutcomeUnknown(verdict, requestId);
  // Law 2: a refund that was turned away for its rate may still have been taken in.
  if (verdict === 'rate-limited' && operation === 'refund') return new OutcomeUnknown(verdict, requestId);
  const reason: DeclineReason = verdict;
  const gatewayCode = subCode === undefined ? code : (readWord(subCode) ?? 'unreadable');
  return new GatewayDeclined(reason, gatewayCode, proven, requestId, adviceOn(subCode));
}
