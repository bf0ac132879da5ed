import { type CashierError, wrongSetting } from '../../domain/errors.ts';
import { isLoopbackName } from '../../domain/names.ts';
import {
  type Authority,
  type MerchantCertificate,
  type OpenPkcs12,
  readAuthority,
  readMerchantCertificate,
} from './certificates.ts';

/** Where UnionPay takes calls and forms, and where it hands out bills. */
const HOSTS = {
  prod: { gateway: 'https://gateway.95516.com', files: 'https://filedownload.95516.com' },
  sandbox: { gateway: 'https://gateway.test.95516.com', files: 'https://filedownload.test.95516.com' },
} as const;

export const CREDENTIALS = [
  'UNIONPAY_MER_ID',
  'UNIONPAY_CERT',
  'UNIONPAY_CERT_PASSWORD',
  'UNIONPAY_ROOT_CERT',
  'UNIONPAY_MIDDLE_CERT',
] as const;
/** Without a password, PEM is meant. */
export const NEEDED = [
  'UNIONPAY_MER_ID',
  'UNIONPAY_CERT',
  'UNIONPAY_ROOT_CERT',
  'UNIONPAY_MIDDLE_CERT',
] as const;

/** UnionPay takes addresses up to this length (characters). */
const MAX_URL_LENGTH = 256;

/** Everything the adapter knows of the merchant. */
export interface UnionpayConfig {
  readonly merId: string;
  readonly merchant: MerchantCertificate;
  readonly authority: Authority;
  /** Whether it is UnionPay's test environment, where another name signs. */
  readonly sandbox: boolean;
  /** Origin, and a path before UnionPay's own where there is one; without a slash at the end. */
  readonly gateway: string;
  readonly files: string;
  readonly notifyUrl: string;
  /** Where a card page sends its buyer back to. */
  readonly frontUrl: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the `UNIONPAY_…` variables. Undefined when none of the credentials is set; CONFIGURATION on anything half or
 * wrong.
 */
export function readUnionpayConfig(env: Environment, open?: OpenPkcs12): UnionpayConfig | undefined {
  if (CREDENTIALS.every((name) => value(env, name) === undefined)) return undefined;
  const merId = readMerId(required(env, 'UNIONPAY_MER_ID'));
  const world = readWorld(env);
  const other = readGateway(env);
  const base = readUrl(env, 'CASHIER_PUBLIC_URL')?.replace(/\/+$/, '');
  const notifyUrl = readUrl(env, 'UNIONPAY_NOTIFY_URL') ?? (base && `${base}/notify/unionpay`);
  if (notifyUrl === undefined) throw noNotifyUrl();
  const password = value(env, 'UNIONPAY_CERT_PASSWORD') ?? '';
  const merchant = readMerchantCertificate(required(env, 'UNIONPAY_CERT'), password, open);
  const authority = readAuthority(required(env, 'UNIONPAY_ROOT_CERT'), required(env, 'UNIONPAY_MIDDLE_CERT'));
  return {
    ...{ merId, merchant, authority, notifyUrl, sandbox: world === 'sandbox' },
    gateway: other ?? HOSTS[world].gateway,
    files: other ?? HOSTS[world].files,
    frontUrl: base === undefined ? `${new URL(notifyUrl).origin}/` : `${base}/c/back/unionpay`,
  };
}

function value(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

function required(env: Environment, name: (typeof NEEDED)[number]): string {
  const text = value(env, name);
  if (text !== undefined) return text;
  throw wrongSetting(
    name,
    `没有设置：银联需要同时设置 ${NEEDED.join('、')}（.pfx 证书还要 UNIONPAY_CERT_PASSWORD），请补上，或都不设。`,
    `is not set: UnionPay needs ${NEEDED.join(', ')} together (and UNIONPAY_CERT_PASSWORD for a .pfx), so set it too, or unset all of them.`,
  );
}

function readMerId(text: string): string {
  if (/^[0-9A-Za-z]{15}$/.test(text)) return text;
  throw wrongSetting(
    'UNIONPAY_MER_ID',
    '不是银联商户号（15 位），请从银联商户服务平台复制。',
    'is not a UnionPay merchant number (15 characters): copy it from the UnionPay merchant platform.',
  );
}

function readWorld(env: Environment): keyof typeof HOSTS {
  const text = value(env, 'UNIONPAY_CURRENT_ENV') ?? 'prod';
  if (text === 'prod' || text === 'sandbox') return text;
  throw wrongSetting(
    'UNIONPAY_CURRENT_ENV',
    '只能是 prod 或 sandbox，请改成其中之一，或不设置（默认 prod）。',
    'must be prod or sandbox: set one of them, or unset it (default prod).',
  );
}

function readUrl(env: Environment, name: string): string | undefined {
  const text = value(env, name);
  const isUrl = text !== undefined && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
  const isPlain = text !== undefined && /^[\x21-\x7e]+$/.test(text) && !/["'<>&{}[\]]/.test(text);
  if (text === undefined || (isUrl && isPlain && text.length <= MAX_URL_LENGTH)) return text;
  throw wrongSetting(
    name,
    `不是可用的网址，请填不超过 ${MAX_URL_LENGTH} 个字符、不含空格、引号、括号和 & 的 http(s) 网址。`,
    `is not a usable address: put an http(s) URL of at most ${MAX_URL_LENGTH} characters without blanks, quotes, brackets or &.`,
  );
}

function noNotifyUrl(): CashierError {
  return wrongSetting(
    'UNIONPAY_NOTIFY_URL',
    '没有设置：银联要求每笔订单带通知地址。请填 https://<你的域名>/notify/unionpay，或设置 CASHIER_PUBLIC_URL。',
    'is not set: UnionPay wants a notify address in every order. Put https://<your domain>/notify/unionpay, or set CASHIER_PUBLIC_URL.',
  );
}

function readGateway(env: Environment): string | undefined {
  const text = value(env, 'UNIONPAY_GATEWAY');
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackName(url.hostname));
  const bare = !url?.username && !url?.password && !url?.search && !url?.hash;
  if (url && safe && bare) return url.href.replace(/\/+$/, '');
  throw wrongSetting(
    'UNIONPAY_GATEWAY',
    '不可用：请填不带参数的 https 网址（http 只允许本机回环地址），或不设置。',
    'cannot be used: put an https URL without a query (http only on loopback), or unset it.',
  );
}
