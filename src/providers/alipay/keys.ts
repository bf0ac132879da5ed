import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { configurationError } from './configuration-error.ts';

/** RSA2 keys of an app have 2048 bits or more; the old RSA (SHA-1) was issued with 1024. Bits. */
const MIN_BITS = { RSA2: 2048, RSA: 1024 } as const;
export type SignType = keyof typeof MIN_BITS;

/** A `PUB_KEY_ID_…`, a 32-character APIv3 key, a 40-digit certificate serial: WeChat Pay's words. */
const WECHAT_PAY_WORD = /^(?:PUB_KEY_ID_\w+|[0-9A-Za-z]{32}|[0-9A-Fa-f]{40})$/;

type PastedKey =
  | { readonly kind: 'private' | 'public'; readonly key: KeyObject }
  | { readonly kind: 'certificate' | 'encrypted' | 'not-rsa' | 'wechat-pay' | 'unreadable' };

/** What is wrong with a pasted text that is not the key wanted; both columns say what to paste instead. */
const WRONG_KIND: Readonly<Record<PastedKey['kind'], { readonly zh: string; readonly en: string }>> = {
  private: { zh: '填的是私钥', en: 'holds a private key' },
  public: { zh: '填的是公钥', en: 'holds a public key' },
  certificate: {
    zh: '填的是证书（不支持证书模式）',
    en: 'holds a certificate (certificate mode is not supported)',
  },
  encrypted: { zh: '填的是带密码的密钥', en: 'holds a key locked with a passphrase' },
  'not-rsa': { zh: '填的不是 RSA 密钥', en: 'holds a key that is not RSA' },
  'wechat-pay': { zh: '填的像是微信支付的参数', en: 'holds what looks like a WeChat Pay setting' },
  unreadable: { zh: '无法识别，可能被截断', en: 'cannot be read, it may be cut off' },
};

const WANTED = {
  private: {
    zh: '请填应用私钥（密钥工具生成，PKCS1 或 PKCS8，PEM 或纯 base64）',
    en: "paste the app's private key (PKCS1 or PKCS8, PEM or bare base64)",
  },
  public: {
    zh: '请填开放平台“接口加签方式”中的支付宝公钥（PEM 或纯 base64）',
    en: "paste Alipay's public key, shown in the open platform next to your app's (PEM or bare base64)",
  },
} as const;

/** Reads AP_APP_KEY, the app's own private key. */
export function readAppPrivateKey(variable: string, text: string, signType: SignType): KeyObject {
  return readKey(variable, text, 'private', signType);
}

/** Reads AP_PUB_KEY: Alipay's key, not the public half of the app's own. */
export function readAlipayPublicKey(
  variable: string,
  text: string,
  signType: SignType,
  appPrivateKey: KeyObject,
): KeyObject {
  const key = readKey(variable, text, 'public', signType);
  if (key.equals(createPublicKey(appPrivateKey))) {
    throw configurationError(
      variable,
      `填的是应用公钥（与应用私钥是一对），${WANTED.public.zh}。`,
      `holds the app's own public key (it pairs with the private key): ${WANTED.public.en}.`,
    );
  }
  return key;
}

function readKey(
  variable: string,
  text: string,
  wanted: 'private' | 'public',
  signType: SignType,
): KeyObject {
  const pasted = parsePastedKey(text);
  if (!('key' in pasted) || pasted.kind !== wanted) {
    const wrong = WRONG_KIND[pasted.kind];
    throw configurationError(
      variable,
      `${wrong.zh}，${WANTED[wanted].zh}。`,
      `${wrong.en}: ${WANTED[wanted].en}.`,
    );
  }
  const bits = pasted.key.asymmetricKeyDetails?.modulusLength ?? 0;
  const least = MIN_BITS[signType];
  if (bits < least) {
    throw configurationError(
      variable,
      `只有 ${bits} 位，${signType} 至少要 ${least} 位，请重新生成密钥并上传到开放平台。`,
      `has ${bits} bits and ${signType} needs at least ${least}: make a new key pair and upload it.`,
    );
  }
  return pasted.key;
}

/**
 * Takes a key as people paste it: PEM or bare base64, with literal `\n`, blanks or line breaks anywhere. Told apart by
 * what its bytes are, not by the PEM label, which is often wrong.
 */
function parsePastedKey(text: string): PastedKey {
  const lines = text.replace(/\\r|\\n/g, '\n').trim();
  if (WECHAT_PAY_WORD.test(lines)) return { kind: 'wechat-pay' };
  if (lines.includes('ENCRYPTED')) return { kind: 'encrypted' };
  const pem = /-----BEGIN [A-Z0-9 ]+-----([\s\S]*?)-----END/.exec(lines);
  const base64 = (pem?.[1] ?? lines).replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return { kind: 'unreadable' };
  const key = Buffer.from(base64, 'base64');

  const privateKey =
    attempt(() => createPrivateKey({ key, format: 'der', type: 'pkcs8' })) ??
    attempt(() => createPrivateKey({ key, format: 'der', type: 'pkcs1' })) ??
    attempt(() => createPrivateKey({ key, format: 'der', type: 'sec1' }));
  if (privateKey) return rsaOnly('private', privateKey);
  if (attempt(() => new X509Certificate(key))) return { kind: 'certificate' };
  const publicKey =
    attempt(() => createPublicKey({ key, format: 'der', type: 'spki' })) ??
    attempt(() => createPublicKey({ key, format: 'der', type: 'pkcs1' }));
  return publicKey ? rsaOnly('public', publicKey) : { kind: 'unreadable' };
}

function rsaOnly(kind: 'private' | 'public', key: KeyObject): PastedKey {
  return key.asymmetricKeyType === 'rsa' ? { kind, key } : { kind: 'not-rsa' };
}

/** OpenSSL's own message may quote the input, so it is dropped. */
function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
