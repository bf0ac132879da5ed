import { createPublicKey, type KeyObject } from 'node:crypto';

/** The shortest RSA modulus WeChat Pay hands out, in bits. */
export const MIN_MODULUS_BITS = 2048;

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
