import { DAY_MS, parseBeijingDateTime } from '../../domain/clock.ts';
import type { Incoming } from '../http.ts';
import type { World } from '../world.ts';
import { certificatesOf } from './certificates.ts';
import { AlipayRefusal } from './refusal.ts';
import { signingText, verifyRsa2 } from './signature.ts';

/** An Alipay call whose app and signature have been checked. */
export interface AlipayCall {
  readonly method: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** The business parameters, exactly as sent. */
  readonly bizContent: string;
  /** In whose name an ISV calls. */
  readonly merchant?: AuthorisingMerchant;
}

/** A merchant who has authorised an ISV. */
export interface AuthorisingMerchant {
  readonly appId: string;
  readonly sellerId: string;
  /** `app_auth_token` */
  readonly token: string;
}

/**
 * ms a call's `timestamp` (Beijing time) may be off. A signed link may be opened as long as an order can wait (15
 * days), which only its `time_expire` limits.
 */
const TIMESTAMP_TOLERANCE_MS = DAY_MS;
const LINK_LIFETIME_MS = 15 * DAY_MS;

/** Methods that a payer's browser or phone calls with a locally signed link. */
export const LINK_METHODS: readonly string[] = [
  'alipay.trade.page.pay',
  'alipay.trade.wap.pay',
  'alipay.trade.app.pay',
  'alipay.user.agreement.page.sign',
];
/** The one of them that asks for no payment. */
export const SIGN_METHOD = 'alipay.user.agreement.page.sign';

/** Common and business parameters may stand in the query string or in the form; each once. */
export function readParameters(incoming: Incoming): Map<string, string> {
  const query = incoming.target.split('?').slice(1).join('?');
  return parametersOf([query, incoming.body.toString('utf8')]);
}

export function parametersOf(texts: readonly string[]): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const text of texts) {
    for (const [name, value] of new URLSearchParams(text)) {
      if (parameters.has(name)) {
        throw new AlipayRefusal('40002', 'isv.suspected-attack', `参数重复：${name}`);
      }
      parameters.set(name, value);
    }
  }
  return parameters;
}

/**
 * The gateway's own checks, in its order: the app is looked up before the signature is looked at.
 * @see https://opendocs.alipay.com/common/02km9f
 */
export function authenticate(
  world: World,
  parameters: ReadonlyMap<string, string>,
  methods: readonly string[],
): AlipayCall {
  const given = (name: string) => parameters.get(name) ?? '';
  const method = given('method');
  if (!given('app_id')) throw missing('app-id');
  const { appId, isv } = world.identity;
  if (given('app_id') !== appId && given('app_id') !== isv.appId) throw invalid('app-id', '无效的AppID参数');
  if (!method) throw missing('method');
  if (!methods.includes(method)) throw invalid('method', '不存在的方法名');
  if (!given('sign_type')) throw missing('signature-type');
  if (given('sign_type') !== 'RSA2') throw invalid('signature-type', '无效的签名类型');
  if (!given('sign')) throw missing('signature');
  if (!verifyRsa2(signingText(parameters), given('sign'), world.identity.keys.app.publicKey)) {
    throw invalid('signature', '验签出错，请确认应用公钥与私钥配对、编码一致');
  }
  checkCertificates(world, given);
  if (!/^utf-?8$/i.test(given('charset'))) throw invalid('charset', '字符集错误');
  if (given('version') !== '1.0') throw invalid('version', '无效的版本参数');
  if (given('format') && given('format').toUpperCase() !== 'JSON') throw invalid('format', '无效的数据格式');
  checkTimestamp(given('timestamp'), world.clock.now(), LINK_METHODS.includes(method));
  const merchant = authorising(world, method, given('app_id'), given('app_auth_token'));
  return { method, parameters, bizContent: given('biz_content'), ...(merchant && { merchant }) };
}

/** What belongs to an app and not to the merchants who have authorised it. */
const OF_THE_APP: readonly string[] = ['alipay.open.app.alipaycert.download'];

/** In whose name: a merchant's app speaks for itself, an ISV's for whoever has granted it the token. */
function authorising(
  { identity: { isv } }: World,
  method: string,
  appId: string,
  authToken: string,
): AuthorisingMerchant | undefined {
  if (appId !== isv.appId) {
    if (authToken) throw new AlipayRefusal('40006', 'isv.not-support-app-auth', '应用不支持代调用');
    return undefined;
  }
  if (OF_THE_APP.includes(method)) {
    if (authToken) throw tokenRefused('invalid-app-auth-token-no-api', '应用授权令牌未授权当前接口');
    return undefined;
  }
  if (!authToken) throw new AlipayRefusal('40006', 'isv.self-invoke-forbidden', '第三方应用不能自己调用');
  const merchant = isv.merchants.find(({ token }) => token === authToken);
  if (!merchant) throw tokenRefused('invalid-app-auth-token', '无效的应用授权令牌');
  return merchant;
}

function tokenRefused(what: string, why: string): AlipayRefusal {
  return new AlipayRefusal('20001', `aop.${what}`, why);
}

/** An app in certificate mode says which certificate is its own and which roots it has; one in key mode says neither. */
export function inCertificateMode(parameters: ReadonlyMap<string, string>): boolean {
  return parameters.has('app_cert_sn') || parameters.has('alipay_root_cert_sn');
}

function checkCertificates({ identity }: World, given: (name: string) => string): void {
  const [app, root] = [given('app_cert_sn'), given('alipay_root_cert_sn')];
  if (!app && !root) return;
  if (!app) throw missing('app-cert-sn');
  if (!root) throw missing('alipay-root-cert-sn');
  const certificates = certificatesOf(identity);
  if (app !== certificates.app.sn) {
    throw new AlipayRefusal('40002', 'isv.app-cert-not-exist', '应用公钥证书不存在');
  }
  if (root !== certificates.root.sn) throw invalid('alipay-root-cert-sn', '支付宝根证书序列号错误');
}

function checkTimestamp(text: string, now: number, isLink: boolean): void {
  if (!text) throw missing('timestamp');
  const at = parseBeijingDateTime(text);
  const oldest = now - (isLink ? LINK_LIFETIME_MS : TIMESTAMP_TOLERANCE_MS);
  if (at === undefined || at < oldest || at > now + TIMESTAMP_TOLERANCE_MS) {
    throw invalid('timestamp', '非法的时间戳参数');
  }
}

function missing(what: string): AlipayRefusal {
  return new AlipayRefusal('40001', `isv.missing-${what}`, `缺少参数：${what}`);
}

function invalid(what: string, why: string): AlipayRefusal {
  return new AlipayRefusal('40002', `isv.invalid-${what}`, why);
}
