import { isPkcs12, type OpenPkcs12 } from './certificates.ts';

/** What opens PKCS#12, loaded where the merchant's certificate is in it. */
export async function openerFor(
  env: Readonly<Record<string, string | undefined>>,
): Promise<OpenPkcs12 | undefined> {
  const { UNIONPAY_CERT: value } = env;
  return value !== undefined && isPkcs12(value) ? (await import('./pkcs12.ts')).openPkcs12 : undefined;
}
