import { createPublicKey, type KeyObject } from 'node:crypto';
import { wrongSetting } from '../../domain/errors.ts';
import { readPastedKey } from '../pasted-key.ts';
import { whatItIs } from '../pasted-key-words.ts';

/** The shortest RSA modulus that these gateways hand out, in bits. */
export const MIN_MODULUS_BITS = 2048;

/** Whether `publicKey` is the other half of `privateKey`. */
export function isPublicHalf(publicKey: KeyObject, privateKey: KeyObject): boolean {
  return createPublicKey(privateKey).equals(publicKey);
}

/** An RSA key long enough to be one of theirs or the merchant's. */
export function isRsa(key: KeyObject): boolean {
  return (
    key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_MODULUS_BITS
  );
}

/** A key of RSA as people paste it; throws CONFIGURATION. */
export function readKey(
  name: string,
  text: string,
  kind: 'private' | 'public',
  what: { readonly zh: string; readonly en: string },
): KeyObject {
  const pasted = readPastedKey(text);
  if (!('form' in pasted) || pasted.kind !== kind) {
    const wrong = whatItIs(pasted.kind, name);
    throw wrongSetting(name, `${wrong.zh}；填${what.zh}。`, `${wrong.en}; set ${what.en}.`);
  }
  if (!isRsa(pasted.key)) {
    throw wrongSetting(
      name,
      `不是 ${MIN_MODULUS_BITS} 位以上的 RSA 密钥；填${what.zh}。`,
      `is no RSA key of ${MIN_MODULUS_BITS} bits or more; set ${what.en}.`,
    );
  }
  return pasted.key;
}

/** A setting that is needed beside others that are there. */
export function missing(name: string, zh: string, en: string): Error {
  return wrongSetting(name, `没有设置；填${zh}。`, `is not set; set ${en}.`);
}
