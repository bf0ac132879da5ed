import forge from 'node-forge';
import type { Opened, OpenPkcs12 } from './certificates.ts';

/**
 * Opens PKCS#12. OpenSSL 3 refuses the ciphers in which UnionPay issues its certificates (RC2 and triple DES of 1999),
 * and Node hands no key out of a container in any; hence the library, loaded for a merchant who has one.
 */
export const openPkcs12: OpenPkcs12 = (der, password) => {
  const container = forge.asn1.fromDer(der.toString('binary'));
  let opened: forge.pkcs12.Pkcs12Pfx;
  try {
    opened = forge.pkcs12.pkcs12FromAsn1(container, false, password);
  } catch (error) {
    if (error instanceof Error && /MAC could not be verified|Invalid password/.test(error.message))
      return undefined;
    throw error;
  }
  const { pkcs8ShroudedKeyBag: shrouded, keyBag, certBag } = forge.pki.oids as Record<string, string>;
  const bags = (type: string | undefined) =>
    type === undefined ? [] : (opened.getBags({ bagType: type })[type] ?? []);
  const key = [...bags(shrouded), ...bags(keyBag)].find((bag) => bag.key)?.key;
  if (!key) throw new Error('no key');
  const result: Opened = {
    key: forge.pki.privateKeyToPem(key),
    certificates: bags(certBag).flatMap(({ cert }) => (cert ? [forge.pki.certificateToPem(cert)] : [])),
  };
  return result;
};
