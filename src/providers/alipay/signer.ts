import type { AlipaySdk } from 'alipay-sdk';
import { beijingDateTime, type Clock } from '../../domain/clock.ts';
import { GatewayUnavailable } from '../contract.ts';
import type { AlipayConfig } from './config.ts';
import { CERTIFICATE_DOWNLOAD, type Plan, parseBizContent } from './plan.ts';

/** Signs calls. The result is `name=value&…` with every value percent-encoded and safe inside Markdown. */
export interface RequestSigner {
  sign(plan: Plan): Promise<string>;
}

/**
 * Signs with the official SDK, which is loaded by the first signature (it costs about 0.2 s). Only its signer is
 * used: its transport verifies nothing, and its clock is the machine's instead of Beijing's.
 *
 * @see https://opendocs.alipay.com/common/02kf5q
 */
export function requestSigner(config: AlipayConfig, clock: Clock): RequestSigner {
  let sdk: Promise<AlipaySdk> | undefined;
  return {
    async sign(plan) {
      const parameters = {
        timestamp: beijingDateTime(clock.now()),
        // Absent ones must not be keys: the SDK cannot take undefined.
        ...(plan.notify_url === undefined ? {} : { notify_url: plan.notify_url }),
        ...(plan.return_url === undefined ? {} : { return_url: plan.return_url }),
        ...(config.certificates === undefined
          ? {}
          : {
              app_cert_sn: config.certificates.appCertSn,
              alipay_root_cert_sn: config.certificates.rootCertSn,
            }),
        ...(config.appAuthToken === undefined || plan.method === CERTIFICATE_DOWNLOAD
          ? {}
          : { app_auth_token: config.appAuthToken }),
        bizContent: parseBizContent(plan.biz_content),
      };
      try {
        sdk ??= loadSdk(config);
        // Without this option the SDK renames business keys; with it, it writes the fields back as the plan's bytes.
        const signed = (await sdk).sdkExecute(plan.method, parameters, { bizContentAutoSnakeCase: false });
        return percentEncodeRest(signed);
      } catch {
        // Nothing unsigned is ever sent; the SDK's own error may carry key material, so it goes no further.
        sdk = undefined;
        throw new GatewayUnavailable('signing-failed');
      }
    },
  };
}

async function loadSdk(config: AlipayConfig): Promise<AlipaySdk> {
  const { AlipaySdk } = await import('alipay-sdk');
  const { appId, appPrivateKey, signType, gateway } = config;
  const sdk = new AlipaySdk({ appId, privateKey: 'see below', signType, gateway });
  // The SDK hands its key to node:crypto as it is: one that is parsed already saves most of a signature's cost.
  return Object.assign(sdk, { config: { ...sdk.config, privateKey: appPrivateKey } });
}

/**
 * `encodeURIComponent` leaves `! ' ( ) *` raw, and a raw `)` ends a Markdown link early. Encoding them changes the
 * text of the link, not the values that were signed.
 */
function percentEncodeRest(encoded: string): string {
  return encoded.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
