import { z } from 'zod';
import { type Carried, carryOut, spoilt } from '../exchange.ts';
import { type Incoming, type Outgoing, parseOrNull } from '../http.ts';
import { token } from '../numbers.ts';
import type { AnswerFault, Operation } from '../scenarios.ts';
import type { Steered } from '../steering.ts';
import { inSpace, type World } from '../world.ts';
import { confirmFulfilment, verifyProof } from './a2m-calls.ts';
import { modifyPlan, queryAgreement, unsign } from './agreement-calls.ts';
import { queryBill } from './bill-calls.ts';
import { certificatesOf } from './certificates.ts';
import { deduct } from './deduction.ts';
import { readBusiness } from './reading.ts';
import { queryRefund, refund } from './refund-calls.ts';
import { AlipayRefusal, FAULT_REFUSALS, invalidParameter, tradeNotExist } from './refusal.ts';
import { type AlipayCall, authenticate, inCertificateMode, readParameters } from './request.ts';
import { signRsa2 } from './signature.ts';
import type { TradeTerms } from './terms.ts';
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
  'alipay.aipay.agent.payment.verify': { operation: 'verify', handle: verifyProof },
  'alipay.aipay.agent.fulfillment.confirm': { operation: 'confirm', handle: confirmFulfilment },
  'alipay.trade.pay': { operation: 'deduct', handle: deduct },
  'alipay.user.agreement.query': { operation: 'agreement', handle: queryAgreement },
  'alipay.user.agreement.executionplan.modify': { operation: 'replan', handle: modifyPlan },
  'alipay.user.agreement.unsign': { operation: 'unsign', handle: unsign },
  'alipay.open.app.alipaycert.download': { operation: 'query', handle: downloadCertificate },
};

const certificateFields = z.strictObject({ alipay_cert_sn: z.string() });

/** `alipay.open.app.alipaycert.download`: Alipay's certificate of a number, as base64 of its PEM. */
function downloadCertificate({ identity }: World, call: AlipayCall): Fields {
  const { sn, pem } = certificatesOf(identity).alipay;
  if (readBusiness(call, certificateFields).alipay_cert_sn !== sn) throw invalidParameter('alipay_cert_sn');
  return { alipay_cert_content: Buffer.from(pem).toString('base64') };
}

const OF_AGREEMENTS: readonly Operation[] = ['agreement', 'replan', 'unsign'];

/** Enough of any call's business parameters to know what it is about, before anything is checked. */
const reference = z.object({
  out_trade_no: z.string().optional(),
  trade_no: z.string().optional(),
  out_request_no: z.string().optional(),
  subject: z.string().optional(),
  refund_reason: z.string().optional(),
  agreement_no: z.string().optional(),
  external_agreement_no: z.string().optional(),
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
    const own = inSpace(world, call.merchant?.sellerId);
    const { result = {}, fault } = await world.database.write(() => answerTo(own, call));
    return await spoilt(side, fault, (kind) => inWords(side, method, result, kind));
  } catch (error) {
    if (error instanceof AlipayRefusal) return reply(side, method, error.fields, error.signed);
    throw error;
  }
}

/** Carries a call out, unless a fault prevents that. */
function answerTo(world: World, call: AlipayCall): Carried<Fields> {
  const { operation, handle } = CALLS[call.method] ?? unknownMethod();
  const occasion = { provider: 'alipay', operation, ...aboutCall(world, call, operation) };
  return carryOut(world, occasion, call.bizContent, (steered) => {
    try {
      return { code: '10000', msg: 'Success', ...handle(world, call, steered) };
    } catch (error) {
      if (error instanceof AlipayRefusal) return error.fields;
      throw error;
    }
  });
}

/** The order and refund a call names, with the texts in which scenarios may be written. */
function aboutCall(world: World, call: AlipayCall, operation: Operation) {
  const parsed = reference.safeParse(parseOrNull(call.bizContent));
  if (!parsed.success) throw invalidParameter('biz_content');
  const biz = parsed.data;
  if (OF_AGREEMENTS.includes(operation)) return aboutAgreement(world, biz);
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

/** The same of an agreement: it is called by the merchant's number where it has one. */
function aboutAgreement(world: World, biz: z.infer<typeof reference>) {
  const { agreement_no: own, external_agreement_no: external = '' } = biz;
  const known = own === undefined ? undefined : world.agreements.byNumber('alipay', own);
  const agreement = known ?? world.agreements.byExternal('alipay', external);
  const outTradeNo = agreement?.externalNo ?? own ?? external;
  return { outTradeNo, outRefundNo: undefined, title: agreement?.title, reason: undefined };
}

function unopenedTitle(world: World, outTradeNo: string): string | undefined {
  const terms = world.codes.latest('alipay', outTradeNo)?.terms;
  return terms && (JSON.parse(terms) as TradeTerms).title;
}

/** The answer that the fault wants, in Alipay's words. */
function inWords(world: World, method: string, fields: Fields, fault: AnswerFault | undefined): Outgoing {
  switch (fault) {
    case 'unsigned':
      return reply(world, method, fields, false);
    case 'forged':
      return reply(world, method, fields, true, true);
    case 'declined-unsigned':
      return reply(world, method, FAULT_REFUSALS.declined().fields, false);
    case 'not-exist-unsigned':
      return reply(world, method, tradeNotExist().fields, false);
    case 'declined':
    case 'balance':
    case 'system-error':
    case 'rate-limited': {
      const refusal = FAULT_REFUSALS[fault]();
      return reply(world, method, refusal.fields, refusal.signed);
    }
    default:
      return reply(world, method, fields, true);
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
