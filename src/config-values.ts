import type { KeyObject } from 'node:crypto';
import { ACTORS, isActorName } from './domain/actors.ts';
import { type CashierError, configuration, type Text, wrongSetting } from './domain/errors.ts';
import { type Fen, fenFromYuan } from './domain/money.ts';
import { isLoopbackName, isOwnAddress } from './domain/names.ts';
import { readPastedKey } from './providers/pasted-key.ts';
import { whatItIs } from './providers/pasted-key-words.ts';
import { WALLETS } from './providers/registry.ts';

/* Single values of the environment. Each throws CONFIGURATION naming the variable and the remedy. */

type Env = Readonly<Record<string, string | undefined>>;

export function portOf(env: Env, name: string): number | undefined {
  const value = env[name];
  if (value === undefined) return undefined;
  const port = Number(value);
  if (/^\d{1,5}$/.test(value) && port >= 1 && port <= 65_535) return port;
  throw configuration(name, {
    zh: `${name} 必须是 1 到 65535 的端口号。`,
    en: `${name} must be a port from 1 to 65535.`,
    next: { zh: `改正 ${name}。`, en: `Correct ${name}.` },
  });
}

/** A whole number of days, 180 where nothing is said. */
export function keepPersonalDaysOf(env: Env): number {
  const value = env.CASHIER_KEEP_PERSONAL_DAYS ?? '180';
  if (/^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= MOST_DAYS) return Number(value);
  throw wrongSetting(
    'CASHIER_KEEP_PERSONAL_DAYS',
    '必须是 1 到 36500 的天数。',
    'must be a number of days from 1 to 36500.',
  );
}
const MOST_DAYS = 36_500;

/** What receipts are signed by; undefined where the ledger has a key of its own for that. */
export function receiptKeyOf(env: Env): KeyObject | undefined {
  const name = 'CASHIER_RECEIPT_KEY';
  const value = env[name];
  if (value === undefined) return undefined;
  const pasted = readPastedKey(value);
  if (pasted.kind !== 'private') throw noReceiptKey(whatItIs(pasted.kind, name));
  const curve = pasted.key.asymmetricKeyDetails?.namedCurve;
  if (curve === 'prime256v1') return pasted.key;
  const other = curve ?? pasted.algorithm.toUpperCase();
  throw noReceiptKey({
    zh: `填的是 ${other} 密钥，收据只用 P-256（ES256）`,
    en: `holds a key of ${other}; receipts take P-256 (ES256) only`,
  });
}

function noReceiptKey({ zh, en }: Text): CashierError {
  const make = 'openssl ecparam -name prime256v1 -genkey -noout -out receipt-key.pem';
  return configuration('CASHIER_RECEIPT_KEY', {
    zh: `CASHIER_RECEIPT_KEY ${zh}。`,
    en: `CASHIER_RECEIPT_KEY ${en}.`,
    next: {
      zh: `生成一把：${make}，把路径填到 CASHIER_RECEIPT_KEY_FILE；或不设置它，由账本生成。`,
      en: `Make one with ${make} and put its path into CASHIER_RECEIPT_KEY_FILE, or leave it unset: the ledger makes its own.`,
    },
  });
}

/** What one payment of the trial edition may be at most (fen), 1.00 yuan where nothing is said. */
export function trialMaxOf(env: Env): Fen {
  const max = fenFromYuan(env.CASHIER_TRIAL_MAX_YUAN ?? '1.00');
  if (max !== undefined && max >= 1 && max <= MOST_TRIAL_FEN) return max;
  throw wrongSetting(
    'CASHIER_TRIAL_MAX_YUAN',
    '必须是 0.01 到 10.00 之间的金额（元）。',
    'must be an amount from 0.01 to 10.00 (yuan).',
  );
}
const MOST_TRIAL_FEN = 1_000;

export function callerOf(env: Env): string | undefined {
  const name = env.CASHIER_CALLER;
  if (name === undefined || !isActorName(name)) return name;
  throw configuration('CASHIER_CALLER', {
    zh: `CASHIER_CALLER 不能是 ${ACTORS.join('、')}，也不能看起来像它们：审计记录用这些名称表示调用方以外的操作者。`,
    en: `CASHIER_CALLER must not be ${ACTORS.join(', ')}, nor look like one of them: these names are reserved for the audit trail.`,
    next: { zh: '换一个名称。', en: 'Choose another name.' },
  });
}

export function webAddressOf(env: Env, name: string): string | undefined {
  const value = env[name];
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const bare = url && !url.username && !url.password && !url.search && !url.hash;
  if (bare && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, '');
  throw configuration(name, {
    zh: `${name} 必须是不带参数的 http(s) 网址。`,
    en: `${name} must be an http(s) address without a query.`,
    next: { zh: `改正 ${name}。`, en: `Correct ${name}.` },
  });
}

/** Scheme, host and port alone: all paths are the upstream's. */
export function gateUrlOf(env: Env): string | undefined {
  const address = webAddressOf(env, 'CASHIER_GATE_URL');
  if (address === undefined || new URL(address).pathname === '/') return address;
  throw wrongSetting(
    'CASHIER_GATE_URL',
    `只写到域名和端口为止：${new URL(address).origin}。网关之后的路径都是上游的。`,
    `ends with the host and port, ${new URL(address).origin}: paths behind it are the upstream's.`,
  );
}

/** Scheme and host alone: gateways compare the domain, and the page's path is ours. */
export function h5OriginOf(env: Env): string | undefined {
  const handOff = WALLETS.map(({ page }) => page.handOff).find((one) => one && env[one.variable]);
  const value = handOff && env[handOff.variable];
  if (!value) return undefined;
  const { variable, domain } = handOff;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isLocal = url && isLoopbackName(url.hostname);
  const isOurs = url && (url.protocol === 'https:' || (url.protocol === 'http:' && isLocal));
  if (isOurs && url.href === `${url.origin}/`) return url.origin;
  throw configuration(variable, {
    zh: `${variable} 必须只有 https 协议和域名（本机可用 http），例如 https://pay.example.com。`,
    en: `${variable} must be https and a domain only (http on this machine), such as https://pay.example.com.`,
    next: domain,
  });
}

/** An issuer of access tokens, for whom they are (undefined: the service's own address), and where its keys are. */
export interface OAuthIssuer {
  readonly issuer: string;
  readonly audience: string | undefined;
  readonly jwks: string | undefined;
}

export function oauthOf(env: Env): OAuthIssuer | undefined {
  const names = ['CASHIER_OAUTH_ISSUER', 'CASHIER_OAUTH_AUDIENCE', 'CASHIER_OAUTH_JWKS'] as const;
  const [issuer, audience, jwks] = names.map((name) => env[name]);
  const alone = names.find((name) => env[name] !== undefined);
  if (issuer === undefined && alone !== undefined) {
    throw configuration('CASHIER_OAUTH_ISSUER', {
      zh: `设置了 ${alone}，却没有 CASHIER_OAUTH_ISSUER。`,
      en: `${alone} is set, but CASHIER_OAUTH_ISSUER is not.`,
      next: {
        zh: '填写签发方的地址，或去掉前者。',
        en: 'Set it to the address of the issuer, or remove the other.',
      },
    });
  }
  if (issuer === undefined) return undefined;
  if (/[?#]/.test(issuer) || !isOwnAddress(issuer)) throw notSafe('CASHIER_OAUTH_ISSUER');
  if (jwks !== undefined && !isOwnAddress(jwks)) throw notSafe('CASHIER_OAUTH_JWKS');
  return { issuer, audience, jwks };
}

function notSafe(name: string): CashierError {
  return configuration(name, {
    zh: `${name} 必须是 https 网址（本机可用 http），不含用户名、密码和 # 部分；签发方地址也不含 ? 部分。`,
    en: `${name} must be an https address (http on this machine) without user, password or fragment; that of an issuer has no query either.`,
    next: { zh: `改正 ${name}。`, en: `Correct ${name}.` },
  });
}

/** Longest payee's name (characters) that a page has room for. */
const MAX_MERCHANT_NAME = 40;

export function merchantNameOf(env: Env): string | undefined {
  const name = env.CASHIER_MERCHANT_NAME?.trim();
  if (!name) return undefined;
  if (name.length <= MAX_MERCHANT_NAME && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name)) return name;
  throw configuration('CASHIER_MERCHANT_NAME', {
    zh: `CASHIER_MERCHANT_NAME 最多 ${MAX_MERCHANT_NAME} 个字符，不能含控制字符或不可见字符。`,
    en: `CASHIER_MERCHANT_NAME has at most ${MAX_MERCHANT_NAME} characters, none of them control or invisible ones.`,
    next: { zh: '改正 CASHIER_MERCHANT_NAME。', en: 'Correct CASHIER_MERCHANT_NAME.' },
  });
}

export function oneOf<T extends string>(env: Env, name: string, allowed: readonly T[]): T | undefined {
  const value = env[name];
  if (value === undefined) return undefined;
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw configuration(name, {
    zh: `${name} 的值不正确，只能是 ${allowed.join('、')}。`,
    en: `${name} must be one of ${allowed.join(', ')}.`,
    next: { zh: `改正 ${name}。`, en: `Correct ${name}.` },
  });
}
