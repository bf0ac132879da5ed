import { type Carried, carryOut, spoilt } from '../exchange.ts';
import type { Incoming, Outgoing } from '../http.ts';
import type { AnswerFault, Operation } from '../scenarios.ts';
import type { Steered } from '../steering.ts';
import type { World } from '../world.ts';
import { billOf } from './bill-file.ts';
import { applyForCode, query, refund } from './calls.ts';
import { certificatesOf } from './certificates.ts';
import { type Fields, readForm, signed } from './message.ts';
import { UnionpayRefusal } from './refusal.ts';
import { authenticate, ownWords, Stranger } from './request.ts';

type Handler = (world: World, fields: Fields, steered: Steered) => Fields;

/** Where each kind of transaction is asked for, and what it does. */
const CALLS: Readonly<
  Record<string, { readonly at: string; readonly operation: Operation; readonly handle: Handler }>
> = {
  '01/07': { at: 'backTransReq.do', operation: 'create', handle: applyForCode },
  '04/00': { at: 'backTransReq.do', operation: 'refund', handle: refund },
  '00/00': { at: 'queryTrans.do', operation: 'query', handle: query },
  '76/01': { at: '', operation: 'bill', handle: billOf },
};

/** One signed form, one signed text. */
export async function unionpayGateway(world: World, { target, body }: Incoming): Promise<Outgoing> {
  const fields = readForm(body.toString('utf8')) ?? {};
  try {
    const asked = authenticate(world, fields);
    const call = CALLS[`${asked.txnType}/${asked.txnSubType}`];
    if (!call || !target.endsWith(`/${call.at}`)) throw new UnionpayRefusal('32', '无此交易权限');
    const { result = {}, fault } = await world.database.write(() => answerTo(world, asked, call));
    return await spoilt(world, fault, (kind) => inWords(world, asked, result, kind));
  } catch (error) {
    if (error instanceof Stranger)
      return text({ respCode: '9100004', respMsg: 'Signature verification failed' });
    if (error instanceof UnionpayRefusal) return inWords(world, fields, told(error), undefined);
    throw error;
  }
}

function answerTo(
  world: World,
  asked: Fields,
  { operation, handle }: { readonly operation: Operation; readonly handle: Handler },
): Carried<Fields> {
  return carryOut(world, occasionOf(world, asked, operation), JSON.stringify(asked), (steered) => {
    try {
      return { respCode: '00', respMsg: '成功[0000000]', ...handle(world, asked, steered) };
    } catch (error) {
      if (error instanceof UnionpayRefusal) return told(error);
      throw error;
    }
  });
}

const told = ({ code, message }: UnionpayRefusal): Fields => ({
  respCode: code,
  respMsg: `${message}[${code}]`,
});

/** What a call is about, with the texts in which scenarios may be written. */
function occasionOf(world: World, asked: Fields, operation: Operation) {
  const { orderId = '', origQryId = '' } = asked;
  const provider = 'unionpay';
  if (operation === 'create') return { provider, operation, outTradeNo: orderId, title: ownWords(asked) };
  const { trades, codes } = world;
  const owner =
    operation === 'refund' ? trades.byTradeNo(provider, origQryId) : trades.byRefundNumber(provider, orderId);
  if (operation === 'refund' || (owner && operation === 'query')) {
    const known = owner?.refunds.find(({ outRefundNo }) => outRefundNo === orderId);
    return {
      ...{ provider, outTradeNo: owner?.outTradeNo ?? '', outRefundNo: orderId, title: owner?.title },
      operation: operation === 'refund' ? operation : ('query-refund' as const),
      reason: operation === 'refund' ? ownWords(asked) : known?.reason,
    };
  }
  const terms = codes.latest(provider, orderId)?.terms;
  const title = trades.byNumber(provider, orderId)?.title ?? (terms && JSON.parse(terms).title);
  return { provider, operation, outTradeNo: orderId, title };
}

/** By which an answer says what it answers. */
const ECHOED = [
  ...['version', 'encoding', 'signMethod', 'accessType', 'txnType', 'txnSubType', 'bizType'],
  ...['merId', 'orderId', 'txnTime'],
];

const CODES: Readonly<Partial<Record<AnswerFault, string>>> = {
  ...{ declined: '38', 'declined-unsigned': '38', 'not-exist-unsigned': '34', balance: '64' },
  ...{ 'system-error': '06', 'rate-limited': '37' },
};
const UNSIGNED: readonly (AnswerFault | undefined)[] = [
  'unsigned',
  'declined-unsigned',
  'not-exist-unsigned',
];

/** The answer that the fault wants. */
function inWords(
  { identity }: World,
  asked: Fields,
  result: Fields,
  fault: AnswerFault | undefined,
): Outgoing {
  const code = fault && CODES[fault];
  const echo = Object.fromEntries(ECHOED.flatMap((name) => (asked[name] ? [[name, asked[name]]] : [])));
  const said = { ...echo, ...(code ? { respCode: code, respMsg: `应答[${code}]` } : result) };
  if (UNSIGNED.includes(fault)) return text(said);
  const key = fault === 'forged' ? identity.keys.forger : identity.keys.unionpay;
  const certificate = certificatesOf(identity).unionpay.replaceAll('\n', '\r\n');
  return text(signed({ ...said, signPubKeyCert: certificate }, key.privateKey));
}

/** Nothing in it is encoded. */
function text(fields: Readonly<Record<string, string | undefined>>): Outgoing {
  const body = Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  return { status: 200, headers: { 'content-type': 'text/html;charset=UTF-8' }, body };
}
