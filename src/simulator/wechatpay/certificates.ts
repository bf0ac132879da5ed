import { createHash } from 'node:crypto';
import { beijingIso } from '../../domain/clock.ts';
import { certificatePem } from '../certificate.ts';
import { type Numbered, nameOf, VALID, whenAsked } from '../certificates.ts';
import type { World } from '../world.ts';
import { seal } from './seal.ts';

/** The platform certificate, which goes by its serial number: the same one at every start. */
export const platformCertificateOf = whenAsked(({ keys }): Numbered => {
  const sn = createHash('sha1')
    .update(keys.authority.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .toUpperCase();
  const pem = certificatePem({
    subject: nameOf('Tenpay.com sign', '模拟微信支付'),
    issuer: { name: nameOf('Simulated Root', '模拟支付宝'), privateKey: keys.authority.privateKey },
    ...{ publicKey: keys.authority.publicKey, serial: sn, ...VALID },
  });
  return { pem, sn };
});

/**
 * `GET /v3/certificates`: the platform certificate, sealed under the APIv3 key.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012068814
 */
export function platformCertificates(world: World): object {
  const platform = platformCertificateOf(world.identity);
  return {
    data: [
      {
        serial_no: platform.sn,
        effective_time: beijingIso(VALID.from),
        expire_time: beijingIso(VALID.until),
        encrypt_certificate: seal(world, platform.pem, 'certificate'),
      },
    ],
  };
}
