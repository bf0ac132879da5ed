import { sign } from 'node:crypto';
import { beijingDateTime, type Clock } from '../../domain/clock.ts';
import { GatewayUnavailable } from '../contract.ts';
import type { AlipayConfig } from './config.ts';
import type { Plan } from './plan.ts';
import { DIGEST } from './signature.ts';

/** Signs calls. The result is `name=value&…` with every value percent-encoded and safe inside Markdown. */
export interface RequestSigner {
  /** Throws {@link GatewayUnavailable} when it cannot: nothing unsigned is ever sent. */
  sign(plan: Plan): string;
}

/**
 * Signs `name=value` joined by `&` in ASCII order, empty ones left out, by Beijing's time whatever the machine's.
 *
 * @see https://opendocs.alipay.com/common/02kf5q
 */
export function requestSigner(config: AlipayConfig, clock: Clock): RequestSigner {
  const { appId, appPrivateKey, signType, certificates, appAuthToken } = config;
  return {
    sign(plan) {
      const parameters = Object.entries({
        method: plan.method,
        app_id: appId,
        charset: 'utf-8',
        version: '1.0',
        sign_type: signType,
        timestamp: beijingDateTime(clock.now()),
        notify_url: plan.notify_url,
        return_url: plan.return_url,
        app_cert_sn: certificates?.appCertSn,
        alipay_root_cert_sn: certificates?.rootCertSn,
        app_auth_token: appAuthToken,
        biz_content: plan.biz_content,
      }).flatMap(([name, value]) => (value ? [[name, value] as const] : []));
      const text = parameters.map((parameter) => parameter.join('=')).sort();
      try {
        const signature = sign(DIGEST[signType], Buffer.from(text.join('&'), 'utf8'), appPrivateKey);
        const signed = [...parameters, ['sign', signature.toString('base64')] as const];
        return signed.map(([name, value]) => `${name}=${percentEncoded(value)}`).join('&');
      } catch {
        // Such as an OpenSSL with SHA-1 switched off. The error may carry key material, so it goes no further.
        throw new GatewayUnavailable('signing-failed');
      }
    },
  };
}

/** `encodeURIComponent` leaves `! ' ( ) *` raw, and a raw `)` ends a Markdown link early. */
function percentEncoded(value: string): string {
  return encodeURIComponent(value).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
