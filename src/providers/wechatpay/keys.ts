import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';

/** What a piece of key text turned out to be; `key` is the private key, or the public one it carries. */
export interface KeyMaterial {
  readonly kind: 'private' | 'public' | 'certificate';
  readonly key: KeyObject;
}

/** The shortest RSA modulus WeChat Pay hands out, in bits. */
const MIN_MODULUS_BITS = 2048;

/**
 * Reads an RSA key as people paste it: PEM or bare base64, PKCS#1, PKCS#8 or SPKI, newlines real, written as `\n`, or
 * lost. The kind is found in the bytes, not in the label, so that a key in the wrong place can be named as such.
 */
export function readKeyMaterial(text: string): KeyMaterial | undefined {
  const der = derOf(text);
  if (!der) return undefined;
  const material =
    attempt('private', () => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })) ??
    attempt('private', () => createPrivateKey({ key: der, format: 'der', type: 'pkcs1' })) ??
    attempt('public', () => createPublicKey({ key: der, format: 'der', type: 'spki' })) ??
    attempt('public', () => createPublicKey({ key: der, format: 'der', type: 'pkcs1' })) ??
    attempt('certificate', () => new X509Certificate(der).publicKey);
  return material && isRsa(material.key) ? material : undefined;
}

/** Whether `publicKey` is the other half of `privateKey`. */
export function isPublicHalf(publicKey: KeyObject, privateKey: KeyObject): boolean {
  return createPublicKey(privateKey).equals(publicKey);
}

/** An RSA key long enough to be one of WeChat Pay's. */
export function isRsa(key: KeyObject): boolean {
  return (
    key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_MODULUS_BITS
  );
}

function derOf(text: string): Buffer | undefined {
  const unescaped = text.replaceAll('\\r', '').replaceAll('\\n', '\n');
  const armoured = /-----BEGIN [A-Z0-9 ]+-----([\s\S]*?)-----END [A-Z0-9 ]+-----/.exec(unescaped);
  const base64 = (armoured?.[1] ?? unescaped).replace(/\s+/g, '');
  return /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : undefined;
}

function attempt(kind: KeyMaterial['kind'], parse: () => KeyObject): KeyMaterial | undefined {
  try {
    return { kind, key: parse() };
  } catch {
    return undefined; // not of this form; the next one is tried
  }
}
