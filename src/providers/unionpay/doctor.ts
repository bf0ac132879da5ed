import { DAY_MS } from '../../domain/clock.ts';
import { serverComplaints } from '../complaints.ts';
import { GatewayDeclined, OutcomeUnknown } from '../contract.ts';
import { type Advice, declined, type WalletDoctor, type WalletSettings } from '../examination.ts';
import {
  absent,
  coveredBy,
  error,
  example,
  type Finding,
  incomplete,
  ok,
  refusal,
  warning,
} from '../finding.ts';
import { type OpenPkcs12, readAuthority, readMerchantCertificate } from './certificates.ts';
import { CREDENTIALS, NEEDED, readUnionpayConfig } from './config.ts';
import { openerFor } from './opener.ts';

const NAME = { zh: '银联', en: 'UnionPay' };
const PLATFORM = {
  zh: '银联商户服务平台（merchant.unionpay.com）',
  en: 'the UnionPay merchant platform (merchant.unionpay.com)',
};
/** Of the sheet of examples that UnionPay gives to everybody. */
const PUBLIC_TEST_MERCHANTS: ReadonlySet<string> = new Set(['777290058110048', '777290058110097']);
const SOON_MS = 30 * DAY_MS;

export const DOCTOR: WalletDoctor = {
  examine,
  advise,
  unproven: {
    UNIONPAY_NOTIFY_URL: ['通知能否送达', 'whether notifications arrive'],
  },
};

/** Everything that can be seen on the settings without asking UnionPay. */
async function examine(settings: WalletSettings, now: number): Promise<Finding[]> {
  const { values, isGiven } = settings;
  const given = CREDENTIALS.filter(isGiven);
  if (given.length === 0)
    return [absent('unionpay', NAME, values.UNIONPAY_NOTIFY_URL && 'UNIONPAY_NOTIFY_URL', NEEDED)];
  const open = await openerFor(values);
  const missing = NEEDED.filter((name) => !isGiven(name));
  const findings = [
    ...(missing.length > 0 ? [incomplete('unionpay', NAME, given, missing)] : []),
    ...examineMerchant(values),
    ...examineCertificate(settings, open, now),
    ...examineAuthority(values),
  ];
  const covered = coveredBy([...settings.findings, ...findings]);
  for (const name of missing) covered.add(name);
  const read = (env: WalletSettings['values']) => readUnionpayConfig(env, open);
  return [...findings, ...(await serverComplaints('unionpay', values, covered, read, standIn))];
}

/** Nobody can make up certificates: what is behind one that is wrong has been looked at by itself. */
function standIn(variable: string): WalletSettings['values'] {
  if (variable === 'UNIONPAY_MER_ID') return { UNIONPAY_MER_ID: '777290000000001' };
  if (variable === 'UNIONPAY_NOTIFY_URL')
    return { UNIONPAY_NOTIFY_URL: 'https://example.com/notify/unionpay' };
  if (variable === 'UNIONPAY_GATEWAY' || variable === 'UNIONPAY_CURRENT_ENV')
    return { [variable]: undefined };
  return Object.fromEntries(CREDENTIALS.map((name) => [name, undefined]));
}

/** What is above UnionPay's own certificate. */
function* examineAuthority({
  UNIONPAY_ROOT_CERT,
  UNIONPAY_MIDDLE_CERT,
}: WalletSettings['values']): Iterable<Finding> {
  if (UNIONPAY_ROOT_CERT === undefined || UNIONPAY_MIDDLE_CERT === undefined) return;
  try {
    readAuthority(UNIONPAY_ROOT_CERT, UNIONPAY_MIDDLE_CERT);
  } catch (thrown) {
    yield refusal(thrown, (variable = '') => `unionpay.${variable.toLowerCase().replaceAll('_', '-')}`);
  }
}

function* examineMerchant({
  UNIONPAY_MER_ID,
  UNIONPAY_CURRENT_ENV,
}: WalletSettings['values']): Iterable<Finding> {
  const merId = UNIONPAY_MER_ID?.trim() ?? '';
  if (merId === '777290000000000') yield example('unionpay', 'UNIONPAY_MER_ID');
  else if (PUBLIC_TEST_MERCHANTS.has(merId) && UNIONPAY_CURRENT_ENV !== 'sandbox') {
    yield error('unionpay.test-merchant', {
      variable: 'UNIONPAY_MER_ID',
      zh: `UNIONPAY_MER_ID 是银联公开的测试商户号 ${merId}，却使用生产网关。`,
      en: `UNIONPAY_MER_ID is UnionPay's public test merchant ${merId}, but the production gateway is in use.`,
      remedy: [
        '用测试环境请设 UNIONPAY_CURRENT_ENV=sandbox；收真钱请换成自己的商户号与证书。',
        'For the test environment set UNIONPAY_CURRENT_ENV=sandbox; for real money use your own merchant number and certificate.',
      ],
    });
  }
}

/** Until when the merchant's own certificate lasts; what is wrong with it the server says itself. */
function* examineCertificate(
  { values, nameOf }: WalletSettings,
  open: OpenPkcs12 | undefined,
  now: number,
): Iterable<Finding> {
  const { UNIONPAY_CERT: value, UNIONPAY_CERT_PASSWORD: password = '' } = values;
  if (value === undefined) return;
  let until: number;
  try {
    until = Date.parse(readMerchantCertificate(value.trim(), password.trim(), open).certificate.validTo);
  } catch {
    return;
  }
  const day = new Date(until).toISOString().slice(0, 10);
  const variable = nameOf('UNIONPAY_CERT');
  const remedy = [
    `在${PLATFORM.zh}换发并下载新证书。`,
    `Renew it at ${PLATFORM.en} and download the new one.`,
  ] as const;
  if (until <= now)
    yield error('unionpay.certificate-expired', {
      variable,
      remedy,
      zh: `商户签名证书已于 ${day} 过期。`,
      en: `The signing certificate ran out on ${day}.`,
    });
  else if (until - now < SOON_MS)
    yield warning('unionpay.certificate-expiring', {
      variable,
      remedy,
      zh: `商户签名证书将于 ${day} 过期。`,
      en: `The signing certificate runs out on ${day}.`,
    });
  else
    yield ok('unionpay.certificate', {
      variable,
      zh: `商户签名证书有效期至 ${day}。`,
      en: `The signing certificate lasts until ${day}.`,
    });
}

/** A code of UnionPay → what a merchant can do about it. */
const ADVICE: Readonly<Record<string, Advice>> = {
  '11': {
    id: 'signature-refused',
    variable: 'UNIONPAY_CERT',
    zh: '银联拒绝了签名：UNIONPAY_CERT 不是这个商户的证书。',
    en: "UnionPay refused the signature: UNIONPAY_CERT is not this merchant's certificate.",
    remedy: [
      '核对 UNIONPAY_MER_ID 与 UNIONPAY_CERT 是否属于同一商户，以及环境（UNIONPAY_CURRENT_ENV）是否正确。',
      'See that UNIONPAY_MER_ID and UNIONPAY_CERT are of one merchant, and that UNIONPAY_CURRENT_ENV is the right one.',
    ],
  },
  '31': {
    id: 'merchant-inactive',
    variable: 'UNIONPAY_MER_ID',
    zh: '银联说这个商户的状态不正确。',
    en: 'UnionPay says that this merchant is not active.',
    remedy: [`在${PLATFORM.zh}查看商户状态。`, `Look at the merchant's state on ${PLATFORM.en}.`],
  },
  '32': {
    id: 'product-not-enabled',
    variable: 'UNIONPAY_MER_ID',
    zh: '这个商户没有开通所用的交易。',
    en: 'This kind of transaction is not enabled for the merchant.',
    remedy: [
      `在${PLATFORM.zh}开通二维码、网关支付与退货。`,
      `Enable QR, card page and refund on ${PLATFORM.en}.`,
    ],
  },
  '37': {
    id: 'rate-limited',
    zh: '请求太频繁，银联暂时没有回答。',
    en: 'UnionPay did not answer because of too many requests.',
    remedy: ['过一分钟再检查。', 'Check again in a minute.'],
  },
};

function advise(thrown: unknown): Finding | undefined {
  if (thrown instanceof OutcomeUnknown && thrown.detail === 'bad-signature') {
    return error('unionpay.answer-not-trusted', {
      variable: 'UNIONPAY_MIDDLE_CERT',
      zh: '银联的应答无法验证：签名证书不是 UNIONPAY_MIDDLE_CERT 签发的、已过期，或不属于银联。',
      en: "UnionPay's answer cannot be verified: its certificate was not issued under UNIONPAY_MIDDLE_CERT, has run out, or is not UnionPay's.",
      remedy: [
        '换成银联当前提供的 root 与 middle 证书（生产与测试环境各一套），并检查服务器时间。',
        'Give the root and middle certificates that UnionPay provides now (production and test have their own), and check the clock.',
      ],
    });
  }
  if (!(thrown instanceof GatewayDeclined)) return undefined;
  const known = /^\d{6,}$/.test(thrown.gatewayCode) ? ADVICE['11'] : ADVICE[thrown.gatewayCode];
  const advice = known ?? {
    id: 'declined',
    zh: '银联拒绝了自检查询。',
    en: 'UnionPay declined the self-test query.',
    remedy: ['按应答码查明原因。', 'Look the response code up.'] as const,
  };
  return declined('unionpay', advice, thrown, 'request');
}
