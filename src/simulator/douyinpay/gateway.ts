import { type Carried, carryOut, spoilt } from '../exchange.ts';
import type { Answer, Incoming, Outgoing } from '../http.ts';
import type { AnswerFault, Operation } from '../scenarios.ts';
import { checkSignature, readAuthorization } from '../v3/authorization.ts';
import { type Signing, signatureHeaders } from '../v3/signing.ts';
import type { World } from '../world.ts';
import { isRotated, platformCertificates, signatureOf } from './certificates.ts';
import { DouyinPayRefusal, parameterError, signError } from './refusal.ts';
import { type Route, routeOf } from './routes.ts';

const CERTIFICATES = '/v1/merchant/certificates/getPlatformCertificates';

/** A truthful answer: status and JSON value (undefined: empty body), or a refusal. */
type Result = { readonly status: number; readonly value?: unknown } | DouyinPayRefusal;

/** Any signed `/v1/…` call: authenticated, carried out, answered with a signature. */
export async function douyinPayGateway(world: World, incoming: Incoming): Promise<Outgoing> {
  try {
    authenticate(world, incoming);
    if (incoming.method === 'GET' && incoming.target === CERTIFICATES) {
      const value = await world.database.read(() => platformCertificates(world));
      return answer(world, { status: 200, value }, 'signed');
    }
    const route = routeOf(world, incoming);
    const {
      result = { status: 204 },
      fault,
      rotated,
    } = await world.database.write(() => answerTo(world, route, incoming));
    return await spoilt(world, fault, (kind) => {
      const [told, signing] = inWords(route.operation, result, kind);
      return answer(world, told, signing, rotated);
    });
  } catch (error) {
    if (!(error instanceof DouyinPayRefusal)) throw error;
    return answer(world, error, error.code === 'SIGN_ERROR' ? 'unsigned' : 'signed');
  }
}

/** Checks what every call must carry. */
function authenticate({ identity, clock }: World, incoming: Incoming): void {
  const { headers, method } = incoming;
  const fields = readAuthorization(headers.authorization, 'DouyinPay-RSA', signError);
  if (fields.mchid !== identity.douyin.mchId) throw signError('商户号不存在');
  if (fields.serial_no !== identity.douyin.mchSerial) throw signError('商户证书序列号有误');
  const { publicKey } = identity.keys.douyinMerchant;
  checkSignature(incoming, fields, { publicKey, now: clock.now() }, signError);
  if (!headers['user-agent']) throw parameterError('User-Agent', '缺少 User-Agent', 'header');
  if (method === 'POST' && !headers['content-type']?.startsWith('application/json'))
    throw parameterError('Content-Type', '须为 application/json', 'header');
}

/** Carries a call out, unless a fault prevents that; and whether the answer is signed by the next certificate. */
function answerTo(
  world: World,
  route: Route,
  { body }: Incoming,
): Carried<Result> & { readonly rotated: boolean } {
  const occasion = { provider: 'douyinpay', operation: route.operation, ...route.about() };
  const carried = carryOut(world, occasion, body, (steered) => {
    try {
      return route.handle(steered);
    } catch (error) {
      if (error instanceof DouyinPayRefusal) return error;
      throw error;
    }
  });
  return { ...carried, rotated: isRotated(occasion.title) };
}

/** The answer that the fault wants, in Douyin Pay's words. */
function inWords(
  operation: Operation,
  result: Result,
  fault: AnswerFault | undefined,
): [told: Result, signing: Signing] {
  switch (fault) {
    case 'unsigned':
    case 'forged':
    case 'stale':
      return [result, fault];
    case 'declined-unsigned':
    case 'not-exist-unsigned':
      return [refusalFor(fault, operation), 'unsigned'];
    case 'declined':
    case 'unlisted':
    case 'balance':
    case 'system-error':
    case 'rate-limited':
      return [refusalFor(fault, operation), 'signed'];
    default:
      return [result, 'signed'];
  }
}

/** The words for a fault that is an ordinary refusal. */
function refusalFor(fault: AnswerFault, operation: Operation): DouyinPayRefusal {
  const aboutRefund = operation === 'refund' || operation === 'query-refund';
  switch (fault) {
    case 'balance':
      return new DouyinPayRefusal('NOT_ENOUGH', '账户余额不足，请充值后用原单号重试');
    case 'unlisted':
      return new DouyinPayRefusal('BIZ_CHECK_0417', '业务校验未通过');
    case 'system-error':
      return new DouyinPayRefusal('SYSTEM_ERROR', '系统异常，请使用相同参数稍后重新调用');
    case 'rate-limited':
      return new DouyinPayRefusal('FREQUENCY_LIMITED', '频率超限，请降低请求频率');
    case 'not-exist-unsigned':
      return aboutRefund
        ? new DouyinPayRefusal('RESOURCE_NOT_EXISTS', '退款单不存在')
        : new DouyinPayRefusal('ORDER_NOT_EXIST', '订单不存在');
    default:
      return aboutRefund
        ? new DouyinPayRefusal('REQUEST_BLOCKED', '退款请求受限')
        : new DouyinPayRefusal('NO_AUTH', '商户无权限');
  }
}

function answer(world: World, result: Result, signing: Signing, rotated = false): Answer {
  const told = result instanceof DouyinPayRefusal ? result.body : undefined;
  const value = result instanceof DouyinPayRefusal ? undefined : result.value;
  const body = told ?? (value === undefined ? '' : JSON.stringify(value));
  return {
    status: result.status,
    headers: {
      ...(body ? { 'content-type': 'application/json; charset=utf-8' } : {}),
      'Request-Id': world.randomBytes(16).toString('hex').toUpperCase(),
      ...signatureHeaders(world, signatureOf(world, rotated), body, signing),
    },
    body,
  };
}
