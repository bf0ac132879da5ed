import type { Clock } from '../../domain/clock.ts';
import { GatewayDeclined, OutcomeUnknown } from '../contract.ts';
import type { GatewayHttp } from '../gateway-http.ts';
import { type SignerOf, signers } from './certificates.ts';
import { ACCEPTED, adviceFor, isDone, type Operation, readWord, verdictOf } from './codes.ts';
import type { UnionpayConfig } from './config.ts';
import { type Fields, readBytes, signatureHolds, signMessage, writeForm } from './message.ts';

/** Where a call goes, below the gateway. */
export type Path =
  | '/gateway/api/backTransReq.do'
  | '/gateway/api/queryTrans.do'
  | '/gateway/api/frontTransReq.do';

interface Sizes {
  readonly maxBodyBytes?: number;
  readonly timeoutMs?: number;
}

/** Signed calls to UnionPay. */
export interface UnionpayGateway {
  /** Fields with who signs them and the signature. */
  signed(fields: Fields): Fields;
  /** An answer that UnionPay has provably given to this very call, and that is no refusal; throws the port's errors. */
  call(operation: Operation, path: Path, fields: Fields): Promise<Fields>;
  /** As {@link call}, where bills are. */
  bill(fields: Fields, sizes: Sizes): Promise<Fields>;
  readonly signerOf: SignerOf;
}

export function unionpayGateway(
  config: UnionpayConfig,
  { clock, http }: { readonly clock: Clock; readonly http: GatewayHttp },
): UnionpayGateway {
  const { merchant, gateway, files } = config;
  const signerOf = signers(config.authority, config.sandbox);
  const signed = (fields: Fields) =>
    signMessage(new Map([...fields, ['certId', merchant.certId]]), merchant.key);

  async function send(operation: Operation, url: string, fields: Fields, sizes: Sizes = {}): Promise<Fields> {
    const { status, body } = await http.send({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' },
      body: writeForm(signed(fields)),
      ...sizes,
    });
    if (status !== 200) throw new OutcomeUnknown(`http-${status}`);
    return judged(operation, fields, readBytes(body), (answer) =>
      signedByUnionpay(answer, signerOf, clock.now()),
    );
  }
  return {
    ...{ signed, signerOf },
    call: (operation, path, fields) => send(operation, `${gateway}${path}`, fields),
    bill: (fields, sizes) => send('bill', `${files}/`, fields, sizes),
  };
}

/** Whether UnionPay has signed this, by the algorithm that was agreed on, which no message chooses. */
export function signedByUnionpay(fields: Fields, signerOf: SignerOf, now: number): boolean {
  if (fields.get('signMethod') !== '01') return false;
  const key = signerOf(fields.get('signPubKeyCert'), now);
  return key !== undefined && signatureHolds(fields, key);
}

/** By which an answer says what it answers. */
const BINDING = ['merId', 'orderId', 'txnTime', 'txnType'] as const;

function judged(
  operation: Operation,
  asked: Fields,
  answer: Fields | undefined,
  isSigned: (answer: Fields) => boolean,
): Fields {
  const code = readWord(answer?.get('respCode'));
  if (answer === undefined || code === undefined) throw new OutcomeUnknown('unreadable');
  const signs = answer.has('signature');
  if (signs && !isSigned(answer)) throw new OutcomeUnknown('bad-signature');
  const names = BINDING.filter((name) => asked.has(name));
  if (names.some((name) => answer.has(name) && answer.get(name) !== asked.get(name)))
    throw new OutcomeUnknown('answer-of-another-call');
  // What does not say what it answers may be an answer of yesterday.
  const proven = signs && names.every((name) => answer.has(name));
  if (code === ACCEPTED || (operation === 'create' && isDone(code))) {
    if (proven) return answer;
    throw new OutcomeUnknown(signs ? 'answer-of-another-call' : 'unsigned-success');
  }
  const verdict = verdictOf(operation, code);
  if (verdict === 'in-process' || verdict === 'system-error' || verdict === 'unrecognised')
    throw new OutcomeUnknown(verdict);
  const limited = verdict === 'rate-limited';
  // Law 2: what was turned away for its rate may have been taken in.
  if (limited && (operation === 'create' || operation === 'refund')) throw new OutcomeUnknown(verdict);
  const proves = proven && !limited;
  throw new GatewayDeclined(verdict, code, proves, undefined, adviceFor(operation, code, verdict, proves));
}
