import type { Text } from '../../domain/errors.ts';
import type { Scene } from '../../domain/order.ts';
import { nextStep, type Verb } from '../advice.ts';
import type { ChargeRetry } from '../contract.ts';
import { AGREEMENT_ROWS } from './agreement-codes.ts';
import { BUSINESS_ROWS, type CodeRow, GATEWAY_ROWS, type Operation, type Verdict } from './code-table.ts';

export type { Operation, Verdict } from './code-table.ts';

/** Alipay's codes are words like `40004`, `ACQ.TRADE_NOT_EXIST`, `isv.invalid-signature`; anything else is not kept. */
const WORD = /^[A-Za-z0-9._-]{1,64}$/;

/** A word of the gateway that is fit for a log line or an error; undefined for anything longer or stranger. */
export function readWord(text: string | undefined): string | undefined {
  return text !== undefined && WORD.test(text) ? text : undefined;
}

/**
 * The gateway's own codes, where the sub code says nothing more exact.
 *
 * @see https://opendocs.alipay.com/common/02km9f
 */
const BY_CODE: ReadonlyMap<string, Verdict> = new Map([
  ['20001', 'credentials'],
  ['40001', 'bad-parameter'],
  ['40002', 'bad-parameter'],
  ['40003', 'credentials'],
  ['40005', 'rate-limited'],
  ['40006', 'permission'],
]);

/**
 * 40004 with a sub code that is in no table. After a query or a precreate (which makes a code, not yet a trade)
 * nothing can have moved, so it is a plain no. Any other call may have done something.
 */
const UNLISTED_BUSINESS_FAILURE: Readonly<Record<Operation, Verdict>> = {
  create: 'other',
  query: 'other',
  close: 'unrecognised',
  refund: 'unrecognised',
  'refund-query': 'other',
  bill: 'other',
  verify: 'other',
  confirm: 'unrecognised',
  agreement: 'other',
  charge: 'unrecognised',
  postpone: 'unrecognised',
  unsign: 'unrecognised',
};

const VERBS: Readonly<Record<Operation, Verb>> = {
  create: 'create',
  query: 'ask',
  close: 'close',
  refund: 'refund',
  'refund-query': 'ask',
  bill: 'ask',
  verify: 'ask',
  confirm: 'ask',
  agreement: 'ask',
  charge: 'charge',
  postpone: 'charge',
  unsign: 'unsign',
};

/** What was answered with a code other than 10000. */
export interface Refused {
  readonly operation: Operation;
  readonly code: string;
  readonly subCode: string | undefined;
  /** Of the order that was to be made. */
  readonly scene?: Scene | undefined;
}

/** Reads a code other than 10000. What is in no table is unrecognised. */
export function verdictOf(refused: Refused): Verdict {
  const { operation, code } = refused;
  const row = rowOf(refused);
  // A bill that is not there is said by words alone; they come with more than one code.
  if (operation === 'bill' && row?.meaning === 'not-exist') return row.meaning;
  if (code === '20000') return 'system-error';
  if (code !== '40004') return row?.meaning ?? BY_CODE.get(code) ?? 'unrecognised';
  return row?.meaning ?? UNLISTED_BUSINESS_FAILURE[operation];
}

/** What to do next about it. */
export function adviceFor(
  refused: Refused,
  verdict: Exclude<Verdict, 'system-error' | 'unrecognised'>,
  proven: boolean,
): Text {
  const isOfGateway = refused.code !== '40004' && verdict === 'bad-parameter';
  const row = rowOf(refused) ?? (isOfGateway ? { remedy: BAD_REQUEST } : {});
  return nextStep(VERBS[refused.operation], verdict, proven, row);
}

/** The gateway itself refuses what this program sends with every call: no argument of the agent's can mend that. */
const BAD_REQUEST: Text = {
  zh: '请商家按错误码核对应用与网关的配置，以及服务器时间',
  en: "Ask the merchant to look the code up and to check the app's and gateway's settings and the clock",
};

/** What may still come of the period for which a charge was refused; undefined where the code does not say. */
export function retryOf(refused: Refused): ChargeRetry | undefined {
  return rowOf(refused)?.retry;
}

function rowOf({ operation, code, subCode, scene }: Refused): CodeRow | undefined {
  // Only "business failed" speaks of the order; other codes have been seen with a bill's words.
  const hasBusiness = code === '40004' || operation === 'bill';
  const known = code === '40004' || BY_CODE.has(code) || operation === 'bill';
  if (subCode === undefined || !known) return undefined;
  const word = bare(subCode);
  return [...GATEWAY_ROWS, ...(hasBusiness ? [...AGREEMENT_ROWS, ...BUSINESS_ROWS] : [])].find(
    ({ calls, codes, scenes }) =>
      calls.includes(operation) &&
      codes.some((part) => word.includes(bare(part))) &&
      (scenes === undefined || (scene !== undefined && scenes.includes(scene))),
  );
}

/** Without case and separators, in which the spellings of one code differ: `isp.bill_not_exist`, `BILL-NOT-EXIST`. */
function bare(code: string): string {
  return code.toUpperCase().replace(/[^A-Z0-9]/g, '');
}
