import { z } from 'zod';
import { BAD_GATEWAY, GARBAGE, type Incoming, type Outgoing, parseOrNull } from '../http.ts';
import { SLOW_MS } from '../limits.ts';
import { token } from '../numbers.ts';
import type { AnswerFault, Operation } from '../scenarios.ts';
import type { Steered } from '../steering.ts';
import type { World } from '../world.ts';
import { queryBill } from './bill-calls.ts';
import { certificatesOf } from './certificates.ts';
import { queryRefund, refund } from './refund-calls.ts';
import { AlipayRefusal, business, invalidParameter, tradeNotExist } from './refusal.ts';
import { type AlipayCall, authenticate, inCertificateMode, readParameters } from './request.ts';
import { signRsa2 } from './signature.ts';
import { readBusiness, type TradeTerms } from './terms.ts';
import { close, type Fields, precreate, query } from './trade-calls.ts';

type Handler = (world: World, call: AlipayCall, steered: Steered) => Fields;

/** The calls a server makes; links that a payer opens are elsewhere. */
const CALLS: Readonly<Record<string, { readonly operation: Operation; readonly handle: Handler }>> = {
  'alipay.trade.precreate': { operation: 'create', handle: precreate },
  'alipay.trade.query': { operation: 'query', handle: query },
  'alipay.trade.close': { operation: 'close', handle: close },
  'alipay.trade.refund': { operation: 'refund', handle: refund },
  'alipay.trade.fastpay.refund.query': { operation: 'query-refund', handle: queryRefund },
  'alipay.data.dataservice.bill.downloadurl.query': { operation: 'bill', handle: queryBill },
  'alipay.open.app.alipaycert.download': { operation: 'query', handle: downloadCertificate },
};

const certificateFields = z.strictObject({ alipay_cert_sn: z.string() });

/** `alipay.open.app.alipaycert.download`: Alipay's certificate of a number, as base64 of its PEM. */
function downloadCertificate({ identity }: World, call: AlipayCall): Fields {
  const { sn, pem } = certificatesOf(identity).alipay;
  if (readBusiness(call, certificateFields).alipay_cert_sn !== sn) throw invalidParameter('alipay_cert_sn');
  return { alipay_cert_content: Buffer.from(pem).toString('base64') };
}

/** Enough of any call's business parameters to know what it is about, before anything is checked. */
const reference = z.object({
  out_trade_no: z.string().optional(),
  trade_no: z.string().optional(),
  out_request_no: z.string().optional(),
  subject: z.string().optional(),
  refund_reason: z.string().optional(),
});

/** `POST /gateway.do`: one signed call, one signed answer. */
export async function alipayGateway(world: World, incoming: Incoming): Promise<Outgoing> {
  let method = '';
  let side = world;
  try {
    const parameters = readParameters(incoming);
    method = parameters.get('method') ?? '';
    if (inCertificateMode(parameters)) side = { ...world, signsWith: 'certificate' };
    const call = authenticate(world, parameters, Object.keys(CALLS));
    const { fields, fault } = await world.database.write(() => carryOut(world, call));
    return await spoil(side, method, fields, fault);
  } catch (error) {
    if (error instanceof AlipayRefusal) return reply(side, method, error.fields, error.signed);
    throw error;
  }
}

/** Looks up what steers the call, logs it, and carries it out unless a fault prevents that. */
function carryOut(world: World, call: AlipayCall): { fields: Fields; fault: AnswerFault | undefined } {
  const { operation, handle } = CALLS[call.method] ?? unknownMethod();
  const about = aboutCall(world, call, operation);
  const steered = world.steering.take({ provider: 'alipay', operation, ...about });
  const fault = steered.answer?.fault;
  const carriedOut = steered.answer?.carriedOut ?? true;
  const { outTradeNo, outRefundNo } = about;
  world.requests.add(
    {
      provider: 'alipay',
      operation,
      outTradeNo,
      ...(outRefundNo === undefined ? {} : { outRefundNo }),
      ...(fault ? { fault } : {}),
      carriedOut,
    },
    call.bizContent,
    world.clock.now(),
  );
  if (!carriedOut) return { fields: {}, fault };
  try {
    return { fields: { code: '10000', msg: 'Success', ...handle(world, call, steered) }, fault };
  } catch (error) {
    if (error instanceof AlipayRefusal) return { fields: error.fields, fault };
    throw error;
  }
}

/** The order and refund a call names, with the texts in which scenarios may be written. */
function aboutCall(world: World, call: AlipayCall, operation: Operation) {
  const parsed = reference.safeParse(parseOrNull(call.bizContent));
  if (!parsed.success) throw invalidParameter('biz_content');
  const biz = parsed.data;
  const trade = biz.trade_no
    ? world.trades.byTradeNo('alipay', biz.trade_no)
    : world.trades.byNumber('alipay', biz.out_trade_no ?? '');
  const outTradeNo = trade?.outTradeNo ?? biz.out_trade_no ?? '';
  const refunded = trade?.refunds.find(({ outRefundNo }) => outRefundNo === biz.out_request_no);
  return {
    outTradeNo,
    outRefundNo: operation === 'refund' || operation === 'query-refund' ? biz.out_request_no : undefined,
    title: biz.subject ?? trade?.title ?? unopenedTitle(world, outTradeNo),
    reason: biz.refund_reason ?? refunded?.reason,
  };
}

function unopenedTitle(world: World, outTradeNo: string): string | undefined {
  const terms = world.codes.latest('alipay', outTradeNo)?.terms;
  return terms && (JSON.parse(terms) as TradeTerms).title;
}

/** Turns the true answer into the one that the fault wants. */
async function spoil(
  world: World,
  method: string,
  fields: Fields,
  fault: AnswerFault | undefined,
): Promise<Outgoing> {
  switch (fault) {
    case 'cut':
      return 'cut';
    case 'garbage':
      return GARBAGE;
    case 'http-502':
      return BAD_GATEWAY;
    case 'slow':
      await world.clock.sleep(SLOW_MS);
      return reply(world, method, fields, true);
    case 'unsigned':
      return reply(world, method, fields, false);
    case 'forged':
      return reply(world, method, fields, true, true);
    case 'declined-unsigned':
      return reply(world, method, faultRefusal('declined').fields, false);
    case 'not-exist-unsigned':
      return reply(world, method, tradeNotExist().fields, false);
    case 'declined':
    case 'balance':
    case 'system-error':
    case 'rate-limited': {
      const refusal = faultRefusal(fault);
      return reply(world, method, refusal.fields, refusal.signed);
    }
    default:
      return reply(world, method, fields, true);
  }
}

/** The words for a fault that is an ordinary refusal. */
export function faultRefusal(fault: 'declined' | 'balance' | 'system-error' | 'rate-limited'): AlipayRefusal {
  switch (fault) {
    case 'declined':
      return business('ACCESS_FORBIDDEN', '无权限使用接口');
    case 'balance':
      return business('SELLER_BALANCE_NOT_ENOUGH', '卖家余额不足');
    case 'system-error':
      return business('SYSTEM_ERROR', '系统错误');
    case 'rate-limited':
      return new AlipayRefusal('40005', 'isv.app-call-limited', '应用调用次数超限');
  }
}

/**
 * The answer, signed over the very substring of its node. Slashes are escaped as Alipay escapes them, so that whoever
 * parses and writes the node again before verifying finds out.
 * @see https://opendocs.alipay.com/common/02mse7
 */
function reply(world: World, method: string, fields: Fields, signed: boolean, forged = false): Outgoing {
  const node = method ? `${method.replaceAll('.', '_')}_response` : 'error_response';
  const text = JSON.stringify(fields).replaceAll('/', '\\/');
  const { alipay, forger } = world.identity.keys;
  // Which certificate it was, outside of what is signed.
  const sn =
    world.signsWith === 'certificate'
      ? `,"alipay_cert_sn":"${certificatesOf(world.identity).alipay.sn}"`
      : '';
  const signature = signRsa2(text, (forged ? forger : alipay).privateKey);
  return {
    status: 200,
    headers: {
      'content-type': 'text/html;charset=utf-8',
      trace_id: token(world.randomBytes),
    },
    body: signed
      ? `{${JSON.stringify(node)}:${text}${sn},"sign":"${signature}"}`
      : `{${JSON.stringify(node)}:${text}${sn}}`,
  };
}

function unknownMethod(): never {
  throw new AlipayRefusal('40002', 'isv.invalid-method', '不存在的方法名');
}
