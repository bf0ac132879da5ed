import { type Carried, carryOut, spoilt } from '../exchange.ts';
import type { Incoming, Outgoing } from '../http.ts';
import type { AnswerFault, Operation } from '../scenarios.ts';
import type { Signing } from '../v3/signing.ts';
import { inSpace, type World } from '../world.ts';
import { BILL_FILE_PATH, serveBill } from './bill-calls.ts';
import { platformCertificates } from './certificates.ts';
import { echo } from './echo.ts';
import { type Side, spaceOf } from './parties.ts';
import { WechatPayRefusal } from './refusal.ts';
import { reply } from './reply.ts';
import { authenticate } from './request.ts';
import { type Route, routeOf } from './routes.ts';

/** A truthful answer: status and JSON value (undefined: empty body), or a refusal. */
type Result = { readonly status: number; readonly value?: unknown } | WechatPayRefusal;

/** Any `/v3/…` call: authenticated, carried out, answered with a signature. */
export async function wechatPayGateway(gateway: World, incoming: Incoming): Promise<Outgoing> {
  // Who does not ask for answers by the public key gets them by the certificate.
  const byPublicKey = incoming.headers['wechatpay-serial'] === gateway.identity.publicKeyId;
  let world: World = byPublicKey ? gateway : { ...gateway, signsWith: 'certificate' };
  let side: Side;
  try {
    side = authenticate(world, incoming);
    world = inSpace(world, spaceOf(side));
  } catch (error) {
    if (!(error instanceof WechatPayRefusal)) throw error;
    return answer(world, error, error.code === 'SIGN_ERROR' ? 'unsigned' : 'signed');
  }
  try {
    if (incoming.target === '/v3/security/echo' && incoming.method === 'POST') {
      const value = await world.database.write(() => echo(world, incoming));
      return answer(world, { status: 200, value });
    }
    if (incoming.method === 'GET' && incoming.target.startsWith(`${BILL_FILE_PATH}?`)) {
      return serveBill(world, incoming);
    }
    if (incoming.method === 'GET' && incoming.target === '/v3/certificates') {
      return answer(world, { status: 200, value: platformCertificates(world) });
    }
    const route = routeOf(world, side, incoming);
    const { result = { status: 204 }, fault } = await world.database.write(() =>
      answerTo(world, route, incoming),
    );
    return await spoilt(world, fault, (kind) => inWords(world, route.operation, result, kind));
  } catch (error) {
    if (error instanceof WechatPayRefusal) return answer(world, error);
    throw error;
  }
}

/** Carries a call out, unless a fault prevents that. */
function answerTo(world: World, route: Route, { body }: Incoming): Carried<Result> {
  const occasion = { provider: 'wechatpay', operation: route.operation, ...route.about() };
  return carryOut(world, occasion, body, (steered) => {
    try {
      return route.handle(steered);
    } catch (error) {
      if (error instanceof WechatPayRefusal) return error;
      throw error;
    }
  });
}

/** The answer that the fault wants, in WeChat Pay's words. */
function inWords(
  world: World,
  operation: Operation,
  result: Result,
  fault: AnswerFault | undefined,
): Outgoing {
  switch (fault) {
    case 'unsigned':
    case 'forged':
    case 'stale':
    case 'signtest':
      return answer(world, result, fault);
    case 'declined-unsigned':
      return answer(world, faultRefusal('declined', operation), 'unsigned');
    case 'not-exist-unsigned':
      return answer(world, faultRefusal(fault, operation), 'unsigned');
    case 'declined':
    case 'balance':
    case 'system-error':
    case 'rate-limited':
      return answer(world, faultRefusal(fault, operation));
    default:
      return answer(world, result);
  }
}

/** The words for a fault that is an ordinary refusal. */
function faultRefusal(fault: AnswerFault, operation: Operation): WechatPayRefusal {
  const aboutRefund = operation === 'refund' || operation === 'query-refund';
  switch (fault) {
    case 'balance':
      return new WechatPayRefusal('NOT_ENOUGH', '基本账户余额不足，请充值后用原单号重试');
    case 'system-error':
      return new WechatPayRefusal('SYSTEM_ERROR', '系统异常，请使用相同参数稍后重新调用');
    case 'rate-limited':
      return new WechatPayRefusal('FREQUENCY_LIMITED', '频率超限，请降低请求频率');
    case 'not-exist-unsigned':
      return aboutRefund
        ? new WechatPayRefusal('RESOURCE_NOT_EXISTS', '退款单不存在')
        : new WechatPayRefusal('ORDER_NOT_EXIST', '订单不存在');
    default:
      return aboutRefund
        ? new WechatPayRefusal('REQUEST_BLOCKED', '退款请求受限')
        : new WechatPayRefusal('NO_AUTH', '商户无权限');
  }
}

function answer(world: World, result: Result, signing: Signing = 'signed'): Outgoing {
  if (result instanceof WechatPayRefusal) {
    return reply(world, result.status, result.body, signing, result.number);
  }
  const body = result.value === undefined ? '' : JSON.stringify(result.value);
  return reply(world, result.status, body, signing);
}
