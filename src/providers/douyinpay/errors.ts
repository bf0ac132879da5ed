import { nextStep } from '../advice.ts';
import { GatewayDeclined, OutcomeUnknown } from '../contract.ts';
import { UNREADABLE } from '../v3/answer.ts';
import { REASONS_OF_STATUS, rowIn, verbOf } from '../v3/codes.ts';
import type { Refused } from '../v3/exchange.ts';
import { CODE_TABLE, type Operation } from './codes.ts';

/** Calls that change something at the gateway. */
export const CHANGES: ReadonlySet<Operation> = new Set(['create', 'close', 'refund']);
/** Calls that may have been taken in all the same when their rate was too high. */
const MAY_BE_TAKEN: ReadonlySet<Operation> = new Set(['create', 'refund']);

/**
 * What an answer other than a success means to the money path.
 *
 * The official client looks at no signature of a refusal, and nobody says whether they bear one. Only one that is rightly
 * signed proves anything here; any other ends the call, and whatever it is about stays in doubt until something signed
 * tells. Douyin Pay lists no codes either, so that one nobody has met is common. After a refund it is an unknown outcome,
 * signed or not, for it could be a word for "accepted". After an order it is a no: whatever it means, nobody was given a
 * code to pay by.
 */
export function refusal(refused: Refused<Operation>): GatewayDeclined | OutcomeUnknown {
  const { operation, scene, status, code, signed, requestId } = refused;
  const row = rowIn(CODE_TABLE, operation, code, scene);
  const meaning = row?.meaning ?? REASONS_OF_STATUS.get(status);
  if (meaning === 'unsettled') return new OutcomeUnknown(`code-${code}`, requestId);
  const limited = meaning === 'rate-limited';
  if (limited && MAY_BE_TAKEN.has(operation)) return new OutcomeUnknown('rate-limited', requestId);
  if (meaning === undefined && operation === 'refund') {
    return new OutcomeUnknown(code === undefined ? `http-${status}` : `code-${code}`, requestId);
  }
  if (code === undefined && CHANGES.has(operation)) return new OutcomeUnknown(`http-${status}`, requestId);
  // A signature proves the body, not the status line: without a code in the body nothing was said.
  const said = signed && code !== undefined && !limited;
  const proven = said && (meaning !== undefined || operation === 'create');
  const reason = meaning ?? 'other';
  const advice = nextStep(verbOf(operation), reason, proven, row);
  return new GatewayDeclined(reason, code ?? UNREADABLE, proven, requestId, advice);
}
