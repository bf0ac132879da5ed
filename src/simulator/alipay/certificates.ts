import { createHash } from 'node:crypto';
import { certificatePem, type Name } from '../certificate.ts';
import { type Numbered, nameOf, VALID, whenAsked } from '../certificates.ts';
import type { KeyPair } from '../state/identity.ts';

const ROOT = nameOf('Simulated Root', '模拟支付宝');

/** What certificate mode works with. Each goes by the number that Alipay makes of a certificate. */
interface Certificates {
  readonly root: Numbered;
  readonly app: Numbered;
  readonly alipay: Numbered;
}

/** The folder's certificates: the same ones at every start, since nothing but names and keys goes into them. */
export const certificatesOf = whenAsked(({ appId, keys }): Certificates => {
  const authority = keys.authority.privateKey;
  const make = (subject: Name, serial: string, pair: KeyPair, more = {}) =>
    certificatePem({
      ...{ subject, issuer: { name: ROOT, privateKey: authority } },
      ...{ publicKey: pair.publicKey, serial, ...VALID, ...more },
    });
  return {
    root: { pem: make(ROOT, '01', keys.authority, { ca: true }), sn: numberOf(1n) },
    app: { pem: make(nameOf(appId, '模拟商户'), '02', keys.app), sn: numberOf(2n) },
    alipay: { pem: make(nameOf('支付宝', '模拟支付宝'), '03', keys.alipay), sn: numberOf(3n) },
  };
});

/** MD5 over the issuer, from its name to its country, and the serial number in decimal. */
function numberOf(serial: bigint): string {
  const issuer = [...ROOT].reverse().map(([attribute, value]) => `${attribute}=${value}`);
  return createHash('md5')
    .update(`${issuer.join(',')}${serial}`, 'utf8')
    .digest('hex');
}
