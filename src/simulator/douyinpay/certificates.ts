import { createHash } from 'node:crypto';
import { beijingIso } from '../../domain/clock.ts';
import { certificatePem } from '../certificate.ts';
import { type Numbered, nameOf, VALID, whenAsked } from '../certificates.ts';
import type { Identity, KeyPair } from '../state/identity.ts';
import { type Signature, sealed } from '../v3/signing.ts';
import type { World } from '../world.ts';

/** The platform certificates: the one in use, and the one that takes its place. */
const certificatesOf = whenAsked(({ keys }): readonly [Numbered & KeyPair, Numbered & KeyPair] => [
  certificateOf(keys, keys.douyinpay),
  certificateOf(keys, keys.authority),
]);

function certificateOf({ authority }: Identity['keys'], pair: KeyPair): Numbered & KeyPair {
  const der = pair.publicKey.export({ type: 'spki', format: 'der' });
  const sn = createHash('sha1').update('douyinpay').update(der).digest('hex').toUpperCase();
  const pem = certificatePem({
    subject: nameOf('Douyin Pay Platform', '模拟抖音支付'),
    issuer: { name: nameOf('Simulated Root', '模拟抖音支付'), privateKey: authority.privateKey },
    ...{ publicKey: pair.publicKey, serial: sn, ...VALID },
  });
  return { ...pair, pem, sn };
}

/** What brings the next certificate into use, for an order whose title has it. */
const ROTATES = 'sim:new-certificate';
/** Orders looked through. */
const MOST_TRADES = 1_000;

/** Whether an answer about an order, or its notification, is signed by the next certificate. */
export function isRotated(title: string | undefined): boolean {
  return title?.includes(ROTATES) === true;
}

export function signatureOf({ identity }: World, rotated: boolean): Signature {
  const { sn, privateKey } = certificatesOf(identity)[rotated ? 1 : 0];
  return { prefix: 'Douyinpay', serial: sn, privateKey };
}

/** `GET /v1/merchant/certificates/getPlatformCertificates`: the next certificate stands there once it is in use. */
export function platformCertificates({ identity, randomBytes, trades }: World): object {
  const inUse = trades
    .recent(MOST_TRADES)
    .some(({ provider, title }) => provider === 'douyinpay' && isRotated(title));
  const listed = certificatesOf(identity).slice(0, inUse ? 2 : 1);
  return {
    certificates: listed.map(({ pem, sn }) => {
      const { ciphertext, ...rest } = sealed(randomBytes, identity.douyin.apiKey, pem, 'certificate');
      return {
        cert_no: sn,
        effective_time: beijingIso(VALID.from),
        expire_time: beijingIso(VALID.until),
        encrypt_certificate: { cipher_text: ciphertext, ...rest },
      };
    }),
  };
}
