import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';

/** What a pasted text is. The text itself goes no further than this file. */
export type KeyFacts =
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
  | { readonly kind: 'encrypted' | 'path' | 'wechat-id' | 'short-word' | 'empty-pem' | 'unreadable' };

type Form = Extract<KeyFacts, { form: string }>['form'];

/** Looks at the bytes, not at the label, which is often wrong. */
export function inspectKey(text: string): KeyFacts {
  const lines = text.replaceAll('\\r', '').replaceAll('\\n', '\n').trim();
  if (lines.includes('ENCRYPTED')) return { kind: 'encrypted' };
  if (/^PUB_KEY_ID_\w+$/.test(lines)) return { kind: 'wechat-id' };
  const armoured = /-----BEGIN [A-Z0-9 ]+-----([\s\S]*?)-----END/.exec(lines);
  if (!armoured && looksLikePath(lines)) return { kind: 'path' };
  const base64 = (armoured?.[1] ?? lines).replace(/\s+/g, '');
  if (base64 === '' || base64 === '...') return { kind: 'empty-pem' };
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return { kind: 'unreadable' };
  if (base64.length <= 64) return { kind: 'short-word' };
  const der = Buffer.from(base64, 'base64');
  const coat = armoured ? 'PEM' : 'base64';
  const described = (kind: 'private' | 'public', form: Form, key: KeyObject): KeyFacts => ({
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
  return { kind: 'unreadable' };
}

/** The public half, whatever was pasted; undefined when there is none. */
export function publicHalf(facts: KeyFacts): KeyObject | undefined {
  if (!('key' in facts)) return undefined;
  return facts.kind === 'private' ? createPublicKey(facts.key) : facts.key;
}

/** Whether two texts belong to one pair. */
export function isSamePair(a: KeyFacts, b: KeyFacts): boolean {
  const [one, other] = [publicHalf(a), publicHalf(b)];
  return one !== undefined && other !== undefined && one.equals(other);
}

function looksLikePath(text: string): boolean {
  return (
    text.length < 300 &&
    (/\.(pem|key|txt|crt|cer|p12|der)$/i.test(text) ||
      /^(~|\.{1,2})?[\\/]\S*$/.test(text) ||
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
