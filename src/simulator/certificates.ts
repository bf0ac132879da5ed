import { createHash } from 'node:crypto';
import { certificatePem, type Name } from './certificate.ts';
import type { KeyName, KeyPair } from './state/identity.ts';

/** A certificate with the number that its users go by. */
export interface Numbered {
  readonly pem: string;
  readonly sn: string;
}

/** What certificate mode of either wallet works with. */
export interface Certificates {
  readonly root: Numbered;
  readonly app: Numbered;
  readonly alipay: Numbered;
  /** WeChat Pay's platform certificate; its number is its serial number. */
  readonly platform: Numbered;
  /** ms */
  readonly from: number;
  readonly until: number;
}

const FROM = Date.parse('2020-01-01T00:00:00Z');
const UNTIL = Date.parse('2049-12-31T00:00:00Z');

/** The folder's certificates: the same ones at every start, since nothing but names and keys goes into them. */
export function certificatesOf(appId: string, keys: Readonly<Record<KeyName, KeyPair>>): Certificates {
  const authority = keys.authority.privateKey;
  const make = (subject: Name, serial: string, pair: KeyPair, more = {}) =>
    certificatePem({
      subject,
      issuer: { name: ROOT, privateKey: authority },
      publicKey: pair.publicKey,
      serial,
      from: FROM,
      until: UNTIL,
      ...more,
    });
  const platformSerial = createHash('sha1')
    .update(keys.authority.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .toUpperCase();
  const tenpay = nameOf('Tenpay.com sign', '模拟微信支付');
  return {
    root: { pem: make(ROOT, '01', keys.authority, { ca: true }), sn: alipaySn(1n) },
    app: { pem: make(nameOf(appId, '模拟商户'), '02', keys.app), sn: alipaySn(2n) },
    alipay: { pem: make(nameOf('支付宝', '模拟支付宝'), '03', keys.alipay), sn: alipaySn(3n) },
    platform: { pem: make(tenpay, platformSerial, keys.authority), sn: platformSerial },
    from: FROM,
    until: UNTIL,
  };
}

function nameOf(name: string, organisation: string): Name {
  return [
    ['C', 'CN'],
    ['O', organisation],
    ['CN', name],
  ];
}

const ROOT = nameOf('Simulated Root', '模拟支付宝');

/** MD5 over the issuer, from its name to its country, and the serial number in decimal. */
function alipaySn(serial: bigint): string {
  const issuer = [...ROOT].reverse().map(([attribute, value]) => `${attribute}=${value}`);
  return createHash('md5')
    .update(`${issuer.join(',')}${serial}`, 'utf8')
    .digest('hex');
}
