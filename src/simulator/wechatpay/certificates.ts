import { beijingIso } from '../../domain/clock.ts';
import type { World } from '../world.ts';
import { seal } from './seal.ts';

/**
 * `GET /v3/certificates`: the platform certificate, sealed under the APIv3 key.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012068814
 */
export function platformCertificates(world: World): object {
  const { platform, from, until } = world.identity.certificates;
  return {
    data: [
      {
        serial_no: platform.sn,
        effective_time: beijingIso(from),
        expire_time: beijingIso(until),
        encrypt_certificate: seal(world, platform.pem, 'certificate'),
      },
    ],
  };
}
