import { type DeclineReason, GatewayDeclined, OutcomeUnknown } from '../contract.ts';
import { UNREADABLE } from './answer.ts';

export type Operation =
  | 'create'
  | 'query-trade'
  | 'close'
  | 'refund'
  | 'query-refund'
  | 'certificates'
  | 'bill'
  | 'self-test';

/** Calls that change something at the gateway: what we do not understand of their answer is an unknown outcome. */
const CHANGES: ReadonlySet<Operation> = new Set(['create', 'close', 'refund']);

/** What each code means, spelled without `_` (the documents disagree on that); numbers are the detailed codes. */
const REASONS: ReadonlyMap<string, DeclineReason> = new Map<string, DeclineReason>([
  ['ORDERPAID', 'already-paid'],
  ['268449538', 'already-paid'],
  ['268498689', 'already-paid'],
  ['ORDERCLOSED', 'closed'],
  ['268447914', 'closed'],
  ['OUTTRADENOUSED', 'number-conflict'],
  ['268498688', 'number-conflict'],
  ['NOTENOUGH', 'balance'],
  ['PARAMERROR', 'bad-parameter'],
  ['268435461', 'bad-parameter'],
  ['268435464', 'bad-parameter'],
  ['268501013', 'bad-parameter'],
  ['270924358', 'bad-parameter'],
  ['SIGNERROR', 'credentials'],
  ['268443699', 'credentials'],
  ['MCHNOTEXISTS', 'credentials'],
  ['APPIDMCHIDNOTMATCH', 'credentials'],
  ['268445527', 'credentials'],
  ['NOAUTH', 'permission'],
  ['RULELIMIT', 'permission'],
  ['REQUESTBLOCKED', 'permission'],
  ['USERACCOUNTABNORMAL', 'permission'],
  ['268443715', 'permission'],
  ['268447843', 'permission'],
  ['268448010', 'permission'],
  ['FREQUENCYLIMITED', 'rate-limited'],
  ['RATELIMITEXCEEDED', 'rate-limited'],
  ['268447840', 'rate-limited'],
  ['TRADEERROR', 'other'],
  ['268449641', 'other'],
]);

/** The gateway's own "I do not know", whatever status they come with. */
const UNSETTLED: ReadonlySet<string> = new Set([
  'SYSTEMERROR',
  'BANKERROR',
  'SERVICEUNAVAILABLE',
  'USERPAYING',
]);

const NO_ORDER: ReadonlyMap<string, DeclineReason> = new Map<string, DeclineReason>([
  ['ORDERNOTEXIST', 'not-exist'],
  ['ORDERNOTEXISTS', 'not-exist'],
  ['268512771', 'not-exist'],
]);

/** Codes that mean different things to different calls. */
const REASONS_OF: Readonly<Record<Operation, ReadonlyMap<string, DeclineReason>>> = {
  // Said when the number was used before with other parameters, closed or paid: the order may well exist, so it is
  // never read as "nothing was created".
  create: new Map([['INVALIDREQUEST', 'number-conflict']]),
  'query-trade': new Map([...NO_ORDER, ['INVALIDREQUEST', 'bad-parameter']]),
  close: new Map([...NO_ORDER, ['INVALIDREQUEST', 'bad-parameter']]),
  refund: new Map([
    ...NO_ORDER,
    ['RESOURCENOTEXISTS', 'not-exist'],
    ['INVALIDREQUEST', 'refund-not-allowed'],
  ]),
  'query-refund': new Map([
    ['RESOURCENOTEXISTS', 'not-exist'],
    ['INVALIDREQUEST', 'bad-parameter'],
  ]),
  // Merchants who only have WeChat Pay's public key are told that there are no platform certificates for them.
  certificates: new Map([['RESOURCENOTEXISTS', 'credentials']]),
  // A bill that is still being made is none yet: that must never look like a day without trades.
  bill: new Map([
    ['NOSTATEMENTEXIST', 'not-exist'],
    ['STATEMENTCREATING', 'other'],
    ['INVALIDREQUEST', 'bad-parameter'],
  ]),
  'self-test': new Map(),
};

/** For answers of proxies and the edge, which carry no code of WeChat Pay. */
const REASONS_OF_STATUS: ReadonlyMap<number, DeclineReason> = new Map<number, DeclineReason>([
  [401, 'credentials'],
  [429, 'rate-limited'],
]);

/**
 * What a 4xx answer means to the money path.
 * @param code the gateway's word, already checked to be one; undefined when the body could not be read
 * @param proven whether the answer carried a valid signature
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012791877
 */
export function refusal(
  operation: Operation,
  status: number,
  code: string | undefined,
  proven: boolean,
  requestId: string | undefined,
): GatewayDeclined | OutcomeUnknown {
  const word = code?.replaceAll('_', '').toUpperCase();
  if (word !== undefined && UNSETTLED.has(word)) return new OutcomeUnknown(`code-${code}`, requestId);
  const reason =
    (word === undefined ? undefined : (REASONS_OF[operation].get(word) ?? REASONS.get(word))) ??
    REASONS_OF_STATUS.get(status);
  if (reason === 'rate-limited' && operation === 'refund') {
    return new OutcomeUnknown('rate-limited', requestId); // it may have been accepted all the same
  }
  if (reason === undefined && CHANGES.has(operation)) {
    return new OutcomeUnknown(code === undefined ? `http-${status}` : `code-${code}`, requestId);
  }
  // A signature proves the body, not the status line: without a code in the body nothing was said.
  return new GatewayDeclined(
    reason ?? 'other',
    code ?? UNREADABLE,
    proven && code !== undefined && reason !== undefined,
    requestId,
  );
}

/** Whether the gateway has proven, by its signature, that what was asked for is not there. */
export function provesAbsence(error: unknown): boolean {
  return error instanceof GatewayDeclined && error.proven && error.reason === 'not-exist';
}
