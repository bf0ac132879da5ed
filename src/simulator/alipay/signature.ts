import { createSign, createVerify, type KeyObject } from 'node:crypto';

/**
 * What Alipay signs of a set of parameters: `k=v` joined by `&` in ASCII order, without `sign` and without what is
 * empty. A notification leaves `sign_type` out as well, a request keeps it.
 * @see https://opendocs.alipay.com/common/057k53
 */
export function signingText(
  parameters: ReadonlyMap<string, string>,
  leaveOut: readonly string[] = ['sign'],
): string {
  return [...parameters]
    .filter(([name, value]) => value !== '' && !leaveOut.includes(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** RSA2: SHA256withRSA, base64. */
export function signRsa2(text: string, key: KeyObject): string {
  return createSign('sha256').update(text, 'utf8').sign(key, 'base64');
}

export function verifyRsa2(text: string, signature: string, key: KeyObject): boolean {
  return createVerify('sha256').update(text, 'utf8').verify(key, signature, 'base64');
}
