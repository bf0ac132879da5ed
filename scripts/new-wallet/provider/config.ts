import { wrongSetting } from '../../domain/errors.ts';
import { isLoopbackName } from '../../domain/names.ts';

// To do 12: the form of each setting, so that a wrong one is named at the start and not by a refused payment
export const CREDENTIALS = ['NEWPAY_MCH_ID', 'NEWPAY_KEY'] as const;

/** Everything the adapter knows of the merchant. */
export interface NewpayConfig {
  readonly merchant: string;
  readonly key: string;
  /** Without a slash at the end. */
  readonly gateway: string;
  readonly notifyUrl: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the `NEWPAY_…` variables. Undefined when none of the credentials is set; throws CONFIGURATION on anything half
 * or wrong.
 */
export function readNewpayConfig(env: Environment): NewpayConfig | undefined {
  if (CREDENTIALS.every((name) => value(env, name) === undefined)) return undefined;
  const merchant = required(env, 'NEWPAY_MCH_ID');
  const key = required(env, 'NEWPAY_KEY');
  const base = value(env, 'CASHIER_PUBLIC_URL')?.replace(/\/+$/, '');
  const notifyUrl = value(env, 'NEWPAY_NOTIFY_URL') ?? (base && `${base}/notify/newpay`);
  if (notifyUrl === undefined || !URL.canParse(notifyUrl))
    throw wrongSetting(
      'NEWPAY_NOTIFY_URL',
      '没有设置或不是网址：请填 https://<你的域名>/notify/newpay，或设置 CASHIER_PUBLIC_URL。',
      'is not set, or no URL: put https://<your domain>/notify/newpay, or set CASHIER_PUBLIC_URL.',
    );
  return { merchant, key, gateway: readGateway(env), notifyUrl };
}

function value(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

function required(env: Environment, name: (typeof CREDENTIALS)[number]): string {
  const text = value(env, name);
  if (text !== undefined) return text;
  throw wrongSetting(
    name,
    `没有设置：Newpay 需要同时设置 ${CREDENTIALS.join('、')}，请补上，或都不设。`,
    `is not set: Newpay needs ${CREDENTIALS.join(', ')} together, so set it too, or unset all of them.`,
  );
}

function readGateway(env: Environment): string {
  const text = value(env, 'NEWPAY_GATEWAY') ?? 'https://gateway.newpay.example';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackName(url.hostname));
  const bare = !url?.username && !url?.password && !url?.search && !url?.hash;
  if (url && safe && bare) return url.href.replace(/\/+$/, '');
  throw wrongSetting(
    'NEWPAY_GATEWAY',
    '不可用：请填不带参数的 https 网址（http 只允许本机回环地址），或不设置。',
    'cannot be used: put an https URL without a query (http only on loopback), or unset it.',
  );
}
