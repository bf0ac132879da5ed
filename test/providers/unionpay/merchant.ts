import type { KeyObject } from 'node:crypto';
import { DAY_MS } from '../../../src/domain/clock.ts';
import { type Fen, fen } from '../../../src/domain/money.ts';
import type { OrderTerms, RefundTerms } from '../../../src/domain/order.ts';
import type { PaymentProvider } from '../../../src/providers/contract.ts';
import type { GatewayRequest } from '../../../src/providers/gateway-http.ts';
import { createUnionpayProvider, readUnionpayConfig } from '../../../src/providers/unionpay/index.ts';
import { signMessage } from '../../../src/providers/unionpay/message.ts';
import { type CertificateTerms, certificatePem, type Name } from '../../../src/simulator/certificate.ts';
import { PAIRS, pem } from '../../support/rsa.ts';

/** 2026-11-28 18:00:00 in Beijing. */
export const NOW = Date.parse('2026-11-28T10:00:00Z');
export const MER_ID = '777290058110048';

const [merchantKeys, unionpayKeys, strangerKeys, rootKeys, middleKeys] = PAIRS;

export { merchantKeys, strangerKeys, unionpayKeys };

const name = (cn: string): Name => [
  ['C', 'CN'],
  ['O', 'CFCA'],
  ['CN', cn],
];
const ROOT = { name: name('Demo Root'), privateKey: rootKeys.privateKey };
const MIDDLE = { name: name('Demo OCA1'), privateKey: middleKeys.privateKey };
const UNIONPAY_NAME = '041@8310000000083040@中国银联股份有限公司@00016495';

/** A certificate under the middle one; by default UnionPay's own. */
export const issued = (more: Partial<CertificateTerms> = {}) =>
  certificatePem({
    ...{ from: NOW - 10 * DAY_MS, until: NOW + 300 * DAY_MS, issuer: MIDDLE, serial: '1036a5' },
    ...{ subject: name(UNIONPAY_NAME), publicKey: unionpayKeys.publicKey, ...more },
  });
const rootCert = issued({ subject: ROOT.name, issuer: ROOT, publicKey: rootKeys.publicKey, ca: true });
const middleCert = issued({
  ...{ subject: MIDDLE.name, issuer: ROOT, publicKey: middleKeys.publicKey, ca: true },
});
export const unionpayCert = issued();
export const merchantCert = issued({
  ...{ subject: name(`041@${MER_ID}@商户@00000001`), publicKey: merchantKeys.publicKey },
});
export { MIDDLE, name, ROOT };

export const ENV = {
  UNIONPAY_MER_ID: MER_ID,
  UNIONPAY_CERT: `${pem(merchantKeys.privateKey)}${merchantCert}`,
  UNIONPAY_ROOT_CERT: rootCert,
  UNIONPAY_MIDDLE_CERT: middleCert,
  UNIONPAY_NOTIFY_URL: 'https://s.example/u',
};
export const ACCOUNT = `https://gateway.95516.com ${MER_ID}`;

export const order = (more: Partial<OrderTerms> = {}): OrderTerms => ({
  ...{ outTradeNo: 'ord20261128001', scene: 'qr', amountFen: 1990 as Fen, title: '咖啡' },
  ...{ sentAt: NOW, expiresAt: NOW + 1_800_000, ...more },
});
export const QUERY_ID = '202611281800001234567';
export const refund = (more: Partial<RefundTerms> = {}): RefundTerms => ({
  ...{
    outTradeNo: 'ord20261128001',
    outRefundNo: 'ref20261128001',
    refundFen: fen(300),
    totalFen: fen(1990),
  },
  ...{ sentAt: NOW, gatewayTradeNo: QUERY_ID, ...more },
});

export type Said = Readonly<Record<string, string>>;

/** A message with a signature under it: UnionPay's, unless another key or certificate is given. */
export function sealed(
  said: Said,
  { key = unionpayKeys.privateKey, cert = unionpayCert }: { key?: KeyObject; cert?: string } = {},
): Said {
  const all = { signMethod: '01', version: '5.1.0', encoding: 'UTF-8', ...said, signPubKeyCert: cert };
  return Object.fromEntries(signMessage(new Map(Object.entries(all)), key));
}
export const asText = (said: Said) =>
  Object.entries(said)
    .map(([field, value]) => `${field}=${value}`)
    .join('&');
export const asForm = (said: Said) => new URLSearchParams(said).toString();

export interface World {
  readonly provider: PaymentProvider;
  readonly requests: GatewayRequest[];
}

/** A merchant whose gateway answers as it is told. */
export function world(
  answer: (asked: URLSearchParams, request: GatewayRequest) => string | Said,
  { env = ENV as Readonly<Record<string, string>>, now = NOW } = {},
): World {
  const requests: GatewayRequest[] = [];
  const config = readUnionpayConfig(env);
  if (!config) throw new Error('not configured');
  const provider = createUnionpayProvider(config, {
    clock: { now: () => now, sleep: async () => undefined },
    http: {
      async send(request) {
        requests.push(request);
        const said = answer(new URLSearchParams(request.body), request);
        return {
          status: 200,
          headers: {},
          body: Buffer.from(typeof said === 'string' ? said : asText(said)),
        };
      },
    },
  });
  return { provider, requests };
}

/** What an answer repeats of its question. */
export const echo = (asked: URLSearchParams): Said =>
  Object.fromEntries(
    ['merId', 'orderId', 'txnTime', 'txnType'].map((field) => [field, asked.get(field) ?? '']),
  );
export const PAID = {
  ...{ respCode: '00', origRespCode: '00', queryId: QUERY_ID, txnAmt: '1990', currencyCode: '156' },
  traceTime: '1128180009',
};
