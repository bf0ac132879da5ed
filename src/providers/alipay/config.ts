import type { KeyObject } from 'node:crypto';
import { defined } from '../../domain/defined.ts';
import { wrongSetting } from '../../domain/errors.ts';
import { isLoopbackName } from '../../domain/names.ts';
import type { Realm } from '../../domain/order.ts';
import { type A2mSeller, readA2mSeller } from './a2m-seller.ts';
import {
  type AppCertificates,
  CERTIFICATE_VARIABLES,
  readAppCertificates,
  requireInForce,
} from './certificates.ts';
import { readAlipayPublicKey, readAppPrivateKey, type SignType } from './keys.ts';
import { readSignScene } from './sign-scene.ts';

/** The addresses Alipay publishes for its v2 gateway. */
export const GATEWAYS = {
  prod: 'https://openapi.alipay.com/gateway.do',
  sandbox: 'https://openapi-sandbox.dl.alipaydev.com/gateway.do',
} as const;

const PRECREATE_PRODUCT_CODES = ['QR_CODE_OFFLINE', 'FACE_TO_FACE_PAYMENT'] as const;
const SIGN_TYPES = ['RSA2', 'RSA'] as const;

/** Alipay takes notify_url and return_url up to this length (characters). */
const MAX_URL_LENGTH = 256;

/** Everything the adapter knows of the merchant. Keys are opaque objects: printing one shows nothing. */
export interface AlipayConfig {
  readonly appId: string;
  readonly appPrivateKey: KeyObject;
  readonly alipayPublicKey: KeyObject;
  /** In certificate mode; `alipayPublicKey` is the key in Alipay's. */
  readonly certificates?: AppCertificates;
  /** The one algorithm used and accepted; a message never chooses it. */
  readonly signType: SignType;
  /** The whole URL, `…/gateway.do`. */
  readonly gateway: string;
  /** Which of Alipay's worlds AP_CURRENT_ENV names. */
  readonly realm: Extract<Realm, 'live' | 'sandbox'>;
  readonly precreateProductCode: (typeof PRECREATE_PRODUCT_CODES)[number];
  readonly returnUrl?: string;
  readonly notifyUrl?: string;
  /** The `app_auth_token` that a merchant has granted an ISV: a secret. Then `appId` is the ISV's. */
  readonly appAuthToken?: string;
  /** The 2088… id that notifications must carry; always there with `appAuthToken`. */
  readonly sellerId?: string;
  /** Who sells single calls to programs; there once it is known who, by number and name. */
  readonly a2m?: A2mSeller;
  /** Under which agreements are signed; there where the merchant has a contract for 商家扣款. */
  readonly signScene?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the `AP_…` variables. Undefined when none of the credentials is set; CONFIGURATION on anything half or wrong. An
 * empty value counts as unset.
 *
 * @param now ms; without it nothing is said of what has run out
 */
export function readAlipayConfig(env: Environment, now?: number): AlipayConfig | undefined {
  const credentials = ['AP_APP_ID', 'AP_APP_KEY', 'AP_PUB_KEY', ...CERTIFICATE_VARIABLES] as const;
  if (credentials.every((name) => value(env, name) === undefined)) return undefined;

  const appId = readAppId(required(env, 'AP_APP_ID'));
  const signType = choice(env, 'AP_ENCRYPTION_ALGO', SIGN_TYPES);
  const appPrivateKey = readAppPrivateKey('AP_APP_KEY', required(env, 'AP_APP_KEY'), signType);
  const certificates = readCertificates(env, appPrivateKey, now);
  const alipayPublicKey =
    certificates?.alipay.publicKey ??
    readAlipayPublicKey('AP_PUB_KEY', required(env, 'AP_PUB_KEY'), signType, appPrivateKey);
  if (certificates) requireSameKey(env, alipayPublicKey, signType, appPrivateKey);
  const world = choice(env, 'AP_CURRENT_ENV', ['prod', 'sandbox']);
  const appAuthToken = readAuthToken(env);
  const sellerId = readSellerId(env);
  if (appAuthToken !== undefined && sellerId === undefined) throw sellerUnknown();
  return {
    appId,
    appPrivateKey,
    alipayPublicKey,
    signType,
    gateway: readGateway(env, world) ?? GATEWAYS[world],
    realm: world === 'prod' ? 'live' : 'sandbox',
    precreateProductCode: choice(env, 'AP_PRECREATE_PRODUCT_CODE', PRECREATE_PRODUCT_CODES),
    ...defined({
      certificates,
      returnUrl: readUrl(env, 'AP_RETURN_URL'),
      notifyUrl: readUrl(env, 'AP_NOTIFY_URL') ?? derivedNotifyUrl(env),
      appAuthToken,
      sellerId,
      a2m: readA2mSeller(env, { sellerId, signType, world }),
      signScene: readSignScene(value(env, 'AP_SIGN_SCENE')),
    }),
  };
}

function value(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

function required(env: Environment, name: string): string {
  const text = value(env, name);
  if (text !== undefined) return text;
  throw wrongSetting(
    name,
    '没有设置：支付宝需要同时设置 AP_APP_ID、AP_APP_KEY、AP_PUB_KEY（证书模式以三个证书代替 AP_PUB_KEY），请补上，或都不设。',
    'is not set: Alipay needs AP_APP_ID, AP_APP_KEY and AP_PUB_KEY (or the three certificates in its place) together, so set it too, or unset all of them.',
  );
}

/** All three or none. */
function readCertificates(
  env: Environment,
  appPrivateKey: KeyObject,
  now: number | undefined,
): AppCertificates | undefined {
  const [app, alipay, root] = CERTIFICATE_VARIABLES.map((name) => value(env, name));
  if (app === undefined && alipay === undefined && root === undefined) return undefined;
  if (app === undefined || alipay === undefined || root === undefined) {
    const missing = CERTIFICATE_VARIABLES.find((name) => value(env, name) === undefined) ?? 'AP_APP_CERT';
    throw wrongSetting(
      missing,
      '没有设置：证书模式需要同时设置 AP_APP_CERT、AP_ALIPAY_CERT、AP_ROOT_CERT 三项，请补上，或三项都不设。',
      'is not set: certificate mode needs AP_APP_CERT, AP_ALIPAY_CERT and AP_ROOT_CERT together, so set it too, or unset all three.',
    );
  }
  const certificates = readAppCertificates(
    { AP_APP_CERT: app, AP_ALIPAY_CERT: alipay, AP_ROOT_CERT: root },
    appPrivateKey,
  );
  if (now !== undefined) requireInForce(app, now);
  return certificates;
}

/** A public key left over beside certificates must at least be the same. */
function requireSameKey(
  env: Environment,
  key: KeyObject,
  signType: SignType,
  appPrivateKey: KeyObject,
): void {
  const text = value(env, 'AP_PUB_KEY');
  if (text === undefined) return;
  if (readAlipayPublicKey('AP_PUB_KEY', text, signType, appPrivateKey).equals(key)) return;
  throw wrongSetting(
    'AP_PUB_KEY',
    '与证书模式的 AP_ALIPAY_CERT 不是同一把公钥：一个应用只用一种加签方式，证书模式请去掉 AP_PUB_KEY。',
    'is another key than that in AP_ALIPAY_CERT: an app signs in one way only, so remove AP_PUB_KEY in certificate mode.',
  );
}

/** The first choice is the default. */
function choice<T extends string>(env: Environment, name: string, choices: readonly [T, T]): T {
  const text = value(env, name);
  if (text === undefined) return choices[0];
  const chosen = choices.find((word) => word === text);
  if (chosen !== undefined) return chosen;
  throw wrongSetting(
    name,
    `只能是 ${choices.join(' 或 ')}，请改成其中之一，或不设置（默认 ${choices[0]}）。`,
    `must be ${choices.join(' or ')}: set one of them, or unset it (default ${choices[0]}).`,
  );
}

function readAppId(text: string): string {
  if (/^2088\d{12}$/.test(text)) {
    throw wrongSetting(
      'AP_APP_ID',
      '填的是商户号 PID（2088 开头），请填开放平台上应用的 APPID。',
      'holds the seller id (PID, 2088…): put the APPID of your app in the open platform.',
    );
  }
  // Alipay allows 32 characters and issues 16 digits; shorter ones are WeChat merchant IDs or cut off.
  if (/^\d{12,32}$/.test(text)) return text;
  throw wrongSetting(
    'AP_APP_ID',
    '不是支付宝的 APPID（一般是 16 位数字），请从开放平台的应用详情里复制。',
    "is not an Alipay APPID (usually 16 digits): copy it from your app's page in the open platform.",
  );
}

function readSellerId(env: Environment): string | undefined {
  const text = value(env, 'AP_SELLER_ID');
  if (text === undefined || /^2088\d{12}$/.test(text)) return text;
  throw wrongSetting(
    'AP_SELLER_ID',
    '不是商户号 PID，请填 2088 开头的 16 位数字，或不设置。',
    'is not a seller id: put the 16 digits that begin with 2088, or unset it.',
  );
}

/**
 * All merchants of an ISV share its app and keys, each with order numbers of its own: without the seller, a notification
 * of another's payment would count for an order with the same number and sum. The token says nothing, it is replaced.
 */
function sellerUnknown(): Error {
  return wrongSetting(
    'AP_SELLER_ID',
    '没有设置，却设置了 AP_INVOKE_AUTH_TOKEN：代商家收款必须填授权商家的商户号 PID（2088 开头），否则同一应用下其他商家的付款通知无法区分。',
    "is not set, but AP_INVOKE_AUTH_TOKEN is: to collect for a merchant set the authorising merchant's seller id (2088…), without which another merchant's payments of the same app could not be told apart.",
  );
}

function readAuthToken(env: Environment): string | undefined {
  const text = value(env, 'AP_INVOKE_AUTH_TOKEN');
  if (text === undefined || /^[\x21-\x7e]{1,128}$/.test(text)) return text;
  throw wrongSetting(
    'AP_INVOKE_AUTH_TOKEN',
    '不是 app_auth_token，请原样复制商户授权得到的令牌，或不设置。',
    'is not an app_auth_token: copy the token that the merchant granted as it is, or unset it.',
  );
}

function readUrl(env: Environment, name: string): string | undefined {
  const text = value(env, name);
  if (text === undefined || isHttpUrl(text)) return text;
  throw wrongSetting(
    name,
    `不是可用的网址，请填不超过 ${MAX_URL_LENGTH} 个字符、不含空格和引号的 http(s) 网址，或不设置。`,
    `is not a usable address: put an http(s) URL of at most ${MAX_URL_LENGTH} characters without blanks or quotes, or unset it.`,
  );
}

/** Without AP_NOTIFY_URL the notify route of our own public address is used. */
function derivedNotifyUrl(env: Environment): string | undefined {
  const base = readUrl(env, 'CASHIER_PUBLIC_URL');
  return base === undefined ? undefined : `${base.replace(/\/+$/, '')}/notify/alipay`;
}

/** One of Alipay's own has to be that of the world that is meant: a payment in its sandbox is no money. */
function readGateway(env: Environment, world: keyof typeof GATEWAYS): string | undefined {
  const text = value(env, 'AP_GATEWAY');
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackName(url.hostname));
  const bare = !url?.username && !url?.password && !url?.search && !url?.hash;
  if (url && safe && bare && url.pathname.endsWith('/gateway.do')) {
    const { hostname } = url;
    const own = /(^|\.)alipaydev\.com\.?$/.test(hostname)
      ? 'sandbox'
      : /(^|\.)alipay\.com\.?$/.test(hostname)
        ? 'prod'
        : world;
    if (own === world) return url.href;
    throw wrongSetting(
      'AP_GATEWAY',
      `是支付宝 ${own} 环境的网关，而 AP_CURRENT_ENV 是 ${world}：两者必须一致，或不设置 AP_GATEWAY。`,
      `is Alipay's gateway of ${own}, while AP_CURRENT_ENV is ${world}: both must be of one world, or leave AP_GATEWAY unset.`,
    );
  }
  throw wrongSetting(
    'AP_GATEWAY',
    '不可用：请填以 /gateway.do 结尾、不带参数的 https 网址（http 只允许本机回环地址），或不设置。',
    'cannot be used: put an https URL that ends in /gateway.do and has no query (http only on loopback), or unset it.',
  );
}

function isHttpUrl(text: string): boolean {
  if (text.length > MAX_URL_LENGTH || !/^[\x21-\x7e]+$/.test(text) || /["'<>]/.test(text)) return false;
  return /^https?:$/.test(URL.canParse(text) ? new URL(text).protocol : '');
}
