import { nextStep } from '../advice.ts';
import { GatewayDeclined, OutcomeUnknown } from '../contract.ts';
import { UNREADABLE } from '../v3/answer.ts';
import { type CodeRow, REASONS_OF_STATUS, verbOf } from '../v3/codes.ts';
import type { Refused } from '../v3/exchange.ts';
import { type Operation, rowOf } from './codes.ts';

/** Calls that change something at the gateway: what we do not understand of their answer is an unknown outcome. */
export const CHANGES: ReadonlySet<Operation> = new Set(['create', 'close', 'refund']);
/** Calls that may have been taken in all the same when their rate was too high. */
const MAY_BE_TAKEN: ReadonlySet<Operation> = new Set(['create', 'refund']);

/** An umbrella under which the number at the end of `Request-ID` says what it is. */
const UMBRELLA = /^INVALID_?REQUEST$/i;
/** Under these it does where it names what has to be set up. */
const HALF_AN_UMBRELLA = /^(PARAM_?ERROR|NO_?AUTH)$/i;

/** Whether the documents give this code, which is a no all the same, a status of 500. */
export function isRefusalDespite500({ operation, scene, status, code, signed }: Refused<Operation>): boolean {
  return signed && status === 500 && rowOf(operation, code, scene)?.despite500 === true;
}

/**
 * What an answer other than a success means to the money path.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791877
 */
export function refusal(refused: Refused<Operation>): GatewayDeclined | OutcomeUnknown {
  const { operation, scene, status, code, signed, requestId } = refused;
  const row = rowOf(operation, code, scene);
  const meaning = row?.meaning ?? REASONS_OF_STATUS.get(status);
  if (meaning === 'unsettled') return new OutcomeUnknown(`code-${code}`, requestId);
  const limited = meaning === 'rate-limited';
  if (limited && MAY_BE_TAKEN.has(operation)) return new OutcomeUnknown('rate-limited', requestId);
  if (meaning === undefined && CHANGES.has(operation)) {
    return new OutcomeUnknown(code === undefined ? `http-${status}` : `code-${code}`, requestId);
  }
  const detail = detailOf(refused);
  // Somebody else has the number that was asked for: all that follows is that it is taken.
  const taken = operation === 'query-trade' && detail?.meaning === 'number-conflict';
  const reason = taken ? 'number-conflict' : (meaning ?? 'other');
  // A signature proves the body, not the status line: without a code in the body nothing was said.
  const proven = !taken && signed && code !== undefined && meaning !== undefined && !limited;
  const told = detail ?? row;
  const why = told === undefined || told.meaning === 'unsettled' ? reason : told.meaning;
  const advice = nextStep(verbOf(operation), why, proven, told);
  return new GatewayDeclined(reason, code ?? UNREADABLE, proven, requestId, advice);
}

/** No signature covers `Request-ID`: the number at its end may sharpen the advice, never what is taken for proven. */
function detailOf({
  operation,
  scene,
  code = '',
  requestId,
}: Refused<Operation>): CodeRow<Operation> | undefined {
  const row = rowOf(operation, requestId?.split('-').at(-1), scene);
  const counts = UMBRELLA.test(code) || (HALF_AN_UMBRELLA.test(code) && row?.remedy !== undefined);
  return counts ? row : undefined;
}
