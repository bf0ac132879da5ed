import { randomBytes } from 'node:crypto';
import type { PaymentProvider, RawNotify } from '../../../src/providers/contract.ts';
import {
  createDouyinpayProvider,
  type DouyinpayConfig,
  readDouyinpayConfig,
} from '../../../src/providers/douyinpay/index.ts';
import type { GatewayRequest, GatewayResponse } from '../../../src/providers/gateway-http.ts';
import type { KeyPair } from '../../support/rsa.ts';
import { pem } from '../../support/rsa.ts';
import { certificatePem } from '../wechatpay/certificate-maker.ts';
import {
  fakeGateway,
  merchantKeys,
  NOW,
  platformKeys,
  strangerKeys,
  TestClock,
} from '../wechatpay/merchant.ts';
import { seal, signedAnswer } from '../wechatpay/platform.ts';

export { merchantKeys, NOW, platformKeys, strangerKeys };
export const API_KEY = 'abcdefghijklmnopqrstuvwxyz012345';
export const ORIGIN = 'https://api.douyinpay.com';
export const ACCOUNT = `${ORIGIN} 6020230307605084 tt1234567890abcdef`;
export const ENV: Readonly<Record<string, string>> = {
  DYPAY_APP_ID: 'tt1234567890abcdef',
  DYPAY_MCH_ID: '6020230307605084',
  DYPAY_MCH_KEY: pem(merchantKeys.privateKey),
  DYPAY_MCH_SERIAL: '2CCE55AD98ED71D6EDD4A4A16996DE7B47773A8C',
  DYPAY_API_KEY: API_KEY,
  DYPAY_NOTIFY_URL: 'https://pay.example.com/notify/douyinpay',
};
export const CERTIFICATES = '/v1/merchant/certificates/getPlatformCertificates';

export function configOf(more: Readonly<Record<string, string | undefined>> = {}): DouyinpayConfig {
  const config = readDouyinpayConfig({ ...ENV, ...more });
  if (!config) throw new Error('nothing is configured');
  return config;
}

/** A platform certificate, valid around now. */
export interface Certificate {
  readonly serial: string;
  readonly keys: KeyPair;
  readonly from: number;
  readonly until: number;
}
const HOUR = 3_600_000;
const second = Math.floor(NOW / 1000) * 1000;
const span = { from: second - 24 * HOUR, until: second + 240 * HOUR };
export const OLD: Certificate = {
  serial: '5157F09EFDC096DE15EBE81A47057A7232F1B8E1',
  keys: platformKeys,
  ...span,
};
export const NEW: Certificate = {
  serial: '50062CE505775F070CAB06E697F1BBD1AD4F4D87',
  keys: strangerKeys,
  ...span,
};

/** A row of the list, sealed under an API key; `name` is what the list calls it. */
export function listed(certificate: Certificate, apiKey = API_KEY, name = certificate.serial): object {
  const { ciphertext, nonce, associatedData } = seal(certificatePem(certificate.keys, certificate), apiKey);
  return {
    cert_no: name,
    effective_time: new Date(certificate.from).toISOString(),
    expire_time: new Date(certificate.until).toISOString(),
    encrypt_certificate: { cipher_text: ciphertext, nonce, associated_data: associatedData },
  };
}

/** An answer or notification that bears the platform's signature, in the headers of Douyin Pay. */
export function signed(
  status: number,
  body: unknown,
  { serial, keys }: Pick<Certificate, 'serial' | 'keys'> = OLD,
  at = NOW,
): GatewayResponse {
  const answer = signedAnswer(status, body, { serial, privateKey: keys.privateKey }, at);
  const named = Object.entries(answer.headers).map(([name, value]) => [
    name.replace('wechatpay', 'douyinpay'),
    value,
  ]);
  return { ...answer, headers: Object.fromEntries(named) };
}

export const PAID = {
  appid: ENV.DYPAY_APP_ID,
  mchid: ENV.DYPAY_MCH_ID,
  out_trade_no: 'ORDER_20261121_0001',
  transaction_id: 'TP2026112100000000000000000001',
  trade_type: 'NATIVE',
  trade_state: 'SUCCESS',
  success_time: '2026-11-21T14:29:40+08:00',
  payer: { openid: 'o1' },
  amount: { total: 990, payer_total: 990, currency: 'CNY' },
};
/** As the official model of a notification has it: without a merchant. */
export const REFUNDED = {
  refund_id: 'RP00000000000000000000000001',
  out_refund_no: 'REFUND_0001',
  transaction_id: PAID.transaction_id,
  out_trade_no: PAID.out_trade_no,
  success_time: '2026-11-21T14:30:05+08:00',
  refund_status: 'SUCCESS',
  amount: { total: 990, refund: 330, currency: 'CNY' },
};

/** A gateway whose list, signer and answers can change. */
export class DouyinWorld {
  readonly clock = new TestClock();
  listed: readonly object[] = [listed(OLD)];
  signer: Certificate = OLD;
  /** What the list is answered with; by default a signed one. */
  list: (() => GatewayResponse) | undefined;
  answer: (request: GatewayRequest) => GatewayResponse = () =>
    signed(200, PAID, this.signer, this.clock.now());
  readonly requests: GatewayRequest[];
  readonly provider: PaymentProvider;

  constructor(config = configOf()) {
    const { http, requests } = fakeGateway((request) => {
      if (!request.url.endsWith(CERTIFICATES)) return this.answer(request);
      return this.list?.() ?? signed(200, { certificates: this.listed }, this.signer, this.clock.now());
    });
    this.requests = requests;
    this.provider = createDouyinpayProvider(config, { clock: this.clock, http, randomBytes });
  }

  get downloads(): number {
    return this.requests.filter(({ url }) => url.endsWith(CERTIFICATES)).length;
  }
}

interface NotifyTerms {
  readonly resource: unknown;
  readonly event: string;
  readonly apiKey: string;
  readonly by: Pick<Certificate, 'serial' | 'keys'>;
  /** ms */
  readonly signedAt: number;
  /** Changes the envelope before it is signed. */
  readonly envelope: (envelope: Readonly<Record<string, unknown>>) => unknown;
}

export function notification(change: Partial<NotifyTerms> = {}): RawNotify {
  const terms: NotifyTerms = {
    ...{ resource: PAID, event: 'PAYMENT.SUCCESS', apiKey: API_KEY, by: OLD, signedAt: NOW },
    envelope: (envelope) => envelope,
    ...change,
  };
  const text = typeof terms.resource === 'string' ? terms.resource : JSON.stringify(terms.resource);
  const { ciphertext, nonce, associatedData } = seal(text, terms.apiKey, '61f9c719728a', 'transaction');
  const envelope = terms.envelope({
    ...{ id: 'N2026112100000001', create_time: '2026-11-21T14:30:04+08:00', event_type: terms.event },
    ...{ resource_type: 'encrypt-resource', summary: '支付成功' },
    resource: { algorithm: 'AEAD_AES_256_GCM', ciphertext, nonce, associated_data: associatedData },
  });
  const { headers, body } = signed(200, envelope, terms.by, terms.signedAt);
  return { headers, body };
}
