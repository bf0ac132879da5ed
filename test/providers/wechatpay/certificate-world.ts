import { randomBytes } from 'node:crypto';
import type { PaymentProvider } from '../../../src/providers/contract.ts';
import type { GatewayResponse } from '../../../src/providers/gateway-http.ts';
import { createWechatpayProvider } from '../../../src/providers/wechatpay/index.ts';
import type { KeyPair } from '../../support/rsa.ts';
import { certificatePem } from './certificate-maker.ts';
import {
  API_V3_KEY,
  configOf,
  fakeGateway,
  NOW,
  ORIGIN,
  OUT_TRADE_NO,
  outcome,
  PAID_TRADE,
  platformKeys,
  strangerKeys,
  TestClock,
} from './merchant.ts';
import { type SigningIdentity, seal, signedAnswer } from './platform.ts';

/** ms */
export const HOUR = 3_600_000;
export const MINUTE = 60_000;
/** ms; now, as a certificate can say it. */
export const second = Math.floor(NOW / 1000) * 1000;

export interface Certificate {
  readonly serial: string;
  readonly keys: KeyPair;
  readonly from: number;
  readonly until: number;
}

export const OLD: Certificate = {
  serial: '5157F09EFDC096DE15EBE81A47057A7232F1B8E1',
  keys: platformKeys,
  from: second - 24 * HOUR,
  until: second + 48 * HOUR,
};
export const NEW: Certificate = {
  serial: '50062CE505775F070CAB06E697F1BBD1AD4F4D87',
  keys: strangerKeys,
  from: second - HOUR,
  until: second + 240 * HOUR,
};

export function identity({ serial, keys }: Certificate): SigningIdentity {
  return { serial, privateKey: keys.privateKey };
}

/** One row of the list. `listed` (ms) is the time at which WeChat Pay says it stops using the certificate. */
export function entry(certificate: Certificate, apiV3Key = API_V3_KEY, listed = certificate.until): object {
  const sealed = seal(certificatePem(certificate.keys, certificate), apiV3Key);
  return {
    serial_no: certificate.serial,
    effective_time: new Date(certificate.from).toISOString(),
    expire_time: new Date(listed).toISOString(),
    encrypt_certificate: {
      algorithm: 'AEAD_AES_256_GCM',
      nonce: sealed.nonce,
      associated_data: sealed.associatedData,
      ciphertext: sealed.ciphertext,
    },
  };
}

/** A gateway of the certificate kind: what it lists and what it signs with can change. */
export class CertificateWorld {
  readonly clock = new TestClock();
  listed: readonly object[] = [entry(OLD)];
  signer: Certificate = OLD;
  download: (() => GatewayResponse | Promise<GatewayResponse>) | undefined;
  answer: (() => GatewayResponse) | undefined;
  private readonly gateway = fakeGateway((request) => {
    const now = this.clock.now();
    if (request.url.endsWith('/v3/certificates')) {
      return this.download?.() ?? signedAnswer(200, { data: this.listed }, identity(this.signer), now);
    }
    return this.answer?.() ?? signedAnswer(200, PAID_TRADE, identity(this.signer), now);
  });
  readonly provider: PaymentProvider;

  /** @param env by default of a merchant without a public key */
  constructor(
    env: Readonly<Record<string, string | undefined>> = {
      WXPAY_PUB_KEY: undefined,
      WXPAY_PUB_KEY_ID: undefined,
    },
  ) {
    const { clock, gateway } = this;
    this.provider = createWechatpayProvider(configOf(env), { clock, http: gateway.http, randomBytes });
  }

  ask(): Promise<string> {
    return outcome(this.provider.queryTrade(OUT_TRADE_NO));
  }
  /** Not counting what went to the backup. */
  count(path: string): number {
    const { requests } = this.gateway;
    return requests.filter(({ url }) => url.startsWith(ORIGIN) && url.includes(path)).length;
  }
  get downloads(): number {
    return this.count('/v3/certificates');
  }
  get queries(): number {
    return this.count('/v3/pay/');
  }
  get requests() {
    return this.gateway.requests;
  }
}
