import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';

/** What a pasted text is. The text itself goes no further than this file. */
export type PastedKey =
  | {
      readonly kind: 'private' | 'public';
      readonly key: KeyObject;
      readonly form: 'PKCS#1' | 'PKCS#8' | 'SPKI' | 'SEC1';
      readonly coat: 'PEM' | 'base64';
      /** Such as `rsa`, `ec`. */
      readonly algorithm: string;
      /** Of the modulus; 0 for what is not RSA. */
      readonly bits: number;
    }
  | { readonly kind: 'certificate'; readonly key: KeyObject; readonly serial: string }
  | { readonly kind: NoKey };

/** What people put where a key belongs. */
export type NoKey =
  | 'encrypted'
  | 'path'
  | 'wechat-id'
  | 'short-word'
  | 'empty'
  | 'request'
  | 'openssh'
  | 'pkcs12'
  | 'unreadable';

type Form = Extract<PastedKey, { form: string }>['form'];

/** Characters that nobody sees: zero-width ones, marks of direction and byte order, soft hyphens. */
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/g;
/** Word processors make others of the armour's dashes. */
const DASH = '[-\u2010-\u2015\uff0d]';
const DASHES = `(?<!${DASH})${DASH}+(?!${DASH})`;
/** Begins only where dashes do and ends before another one, or the time it takes would grow with the square of a text. */
const ARMOUR = new RegExp(
  `${DASHES}\\s*BEGIN ([A-Z0-9]+(?: [A-Z0-9]+)*)\\s*${DASH}+(?!${DASH})((?:(?!BEGIN )[\\s\\S])*?)${DASHES}\\s*END`,
  'g',
);
/** As they come along from code, JSON and shells. */
const QUOTED = /^(["'`“”‘’「])([\s\S]*)["'`“”‘’」]$/;
/** Pairs of quotes around one another. */
const MAX_QUOTES = 4;
/** Keys are longer; serial numbers, APIv3 keys and passwords are not (characters). */
const MAX_WORD = 64;
/** How often a text may be wrapped in base64 once more. */
const MAX_COATS = 2;
/** A configuration is read again and again, and a private key takes milliseconds to be checked. */
const RECENT = 16;
const recent = new Map<string, PastedKey>();

/**
 * Reads a key as people paste it: PEM or base64 of PEM or of the bytes (PKCS#1, PKCS#8, SPKI), in quotes, its line
 * breaks real, lost, or escaped once or twice, with characters in it that nobody sees. Told apart by what its bytes
 * are, not by the PEM label, which is often wrong.
 */
export function readPastedKey(text: string): PastedKey {
  const known = recent.get(text);
  if (known) return known;
  const pasted = read(text, MAX_COATS);
  const [oldest] = recent.keys();
  if (recent.size >= RECENT && oldest !== undefined) recent.delete(oldest);
  recent.set(text, pasted);
  return pasted;
}

/** The public half of what was pasted; undefined when there is none. */
function publicHalf(pasted: PastedKey): KeyObject | undefined {
  if (!('key' in pasted)) return undefined;
  return pasted.kind === 'private' ? createPublicKey(pasted.key) : pasted.key;
}

/** Whether two texts belong to one pair. */
export function isSamePair(a: PastedKey, b: PastedKey): boolean {
  const [one, other] = [publicHalf(a), publicHalf(b)];
  return one !== undefined && other !== undefined && one.equals(other);
}

function read(text: string, coats: number): PastedKey {
  const bare = unquoted(text.replace(INVISIBLE, '').trim());
  if (/^PUB_KEY_ID_\w*$/.test(bare)) return { kind: 'wechat-id' };
  if (looksLikePath(bare)) return { kind: 'path' };
  if (/^ssh-\w+ |OPENSSH PRIVATE KEY|^PuTTY/.test(bare)) return { kind: 'openssh' };
  const lines = bare.replace(/(?<!\\)\\+[rnt]/g, '\n');
  if (/\bENCRYPTED\b/.test(lines)) return { kind: 'encrypted' };
  const blocks = [...lines.matchAll(ARMOUR)];
  if (blocks.length === 0) return ofBase64(lines, 'base64', coats);
  if (blocks.every(([, label]) => label?.endsWith('REQUEST'))) return { kind: 'request' };
  // Some files carry a certificate or parameters beside the key.
  const found = blocks.map(([, , base64 = '']) => ofBase64(base64, 'PEM', 0));
  return found.find(({ kind }) => kind === 'private') ?? found[0] ?? { kind: 'unreadable' };
}

function unquoted(text: string): string {
  let bare = text;
  for (let coats = 0; coats < MAX_QUOTES; coats += 1) {
    const inner = QUOTED.exec(bare.replace(/[,;]$/, ''))?.[2];
    if (inner === undefined) break;
    bare = inner.trim();
  }
  return bare;
}

function ofBase64(text: string, coat: 'PEM' | 'base64', coats: number): PastedKey {
  const base64 = text.replace(/\s+/g, '');
  if (base64 === '' || base64 === '...') return { kind: 'empty' };
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return { kind: 'unreadable' };
  if (base64.length <= MAX_WORD) return { kind: 'short-word' };
  const bytes = Buffer.from(base64, 'base64');
  const isText = bytes.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d));
  if (isText && coats > 0) return read(bytes.toString('utf8'), coats - 1);
  return ofBytes(bytes, coat);
}

function ofBytes(der: Buffer, coat: 'PEM' | 'base64'): PastedKey {
  const described = (kind: 'private' | 'public', form: Form, key: KeyObject): PastedKey => ({
    kind,
    key,
    form,
    coat,
    algorithm: key.asymmetricKeyType ?? 'unknown',
    bits: key.asymmetricKeyDetails?.modulusLength ?? 0,
  });
  for (const [type, form] of [
    ['pkcs8', 'PKCS#8'],
    ['pkcs1', 'PKCS#1'],
    ['sec1', 'SEC1'],
  ] as const) {
    const key = attempt(() => createPrivateKey({ key: der, format: 'der', type }));
    if (key) return described('private', form, key);
  }
  const certificate = attempt(() => new X509Certificate(der));
  if (certificate) {
    return {
      kind: 'certificate',
      key: certificate.publicKey,
      serial: certificate.serialNumber.toUpperCase(),
    };
  }
  for (const [type, form] of [
    ['spki', 'SPKI'],
    ['pkcs1', 'PKCS#1'],
  ] as const) {
    const key = attempt(() => createPublicKey({ key: der, format: 'der', type }));
    if (key) return described('public', form, key);
  }
  // EncryptedPrivateKeyInfo begins with an algorithm out of PKCS#5 or PKCS#12, a PFX with its version, 3.
  if (/^3082....30..06(09|0a)2a864886f70d01(05|0c)/.test(der.toString('hex', 0, 24))) {
    return { kind: 'encrypted' };
  }
  return { kind: /^3082....02010330/.test(der.toString('hex', 0, 8)) ? 'pkcs12' : 'unreadable' };
}

function looksLikePath(text: string): boolean {
  return (
    text.length < 300 &&
    !text.includes('\n') &&
    (/\.(pem|key|txt|crt|cer|p12|pfx|der)$/i.test(text) ||
      /^(~|\.{1,2}|\$\{?HOME\}?|%\w+%|file:\/)?[\\/]\S*$/.test(text) ||
      /^[A-Za-z]:[\\/]/.test(text)) &&
    !/^\/[A-Za-z0-9+/]{200,}/.test(text)
  );
}

/** OpenSSL's own message may quote the input, so it is dropped. */
function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
