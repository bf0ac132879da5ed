import { type StandInKeys, serverComplaints } from '../complaints.ts';
import type { WalletDoctor, WalletSettings } from '../examination.ts';
import { absent, coveredBy, error, example, type Finding, incomplete, warning } from '../finding.ts';
import { examineKey, type KeyPlace } from '../key-finding.ts';
import { readPastedKey } from '../pasted-key.ts';
import { CREDENTIALS, NAME, readDouyinpayConfig } from './config.ts';
import { adviceOnDouyinpay } from './doctor-advice.ts';

/** Values out of the documentation. */
const EXAMPLES: Readonly<Record<string, string>> = {
  DYPAY_APP_ID: 'tt0000000000000000',
  DYPAY_MCH_ID: '6020000000000000',
  DYPAY_MCH_SERIAL: '0123456789ABCDEF0123456789ABCDEF01234567',
};
const SERIAL_REMEDY = [
  '在抖音支付商户平台的 API 证书管理中复制序列号，或执行 openssl x509 -in 商户证书.pem -noout -serial。',
  'Copy it from the API certificates on the merchant platform of Douyin Pay, or run openssl x509 -in MERCHANT_CERT.pem -noout -serial.',
] as const;

export const DOUYINPAY_DOCTOR: WalletDoctor = {
  examine,
  advise: adviceOnDouyinpay,
  unproven: {
    DYPAY_APP_ID: ['AppID 是否与商户号绑定', 'whether the AppID is bound to the merchant ID'],
  },
};

/** Everything that can be seen on Douyin Pay's settings without asking Douyin Pay. */
async function examine(settings: WalletSettings): Promise<Finding[]> {
  const { values, isGiven } = settings;
  const given = CREDENTIALS.filter(isGiven);
  if (given.length === 0)
    return [absent('douyinpay', NAME, values.DYPAY_NOTIFY_URL && 'DYPAY_NOTIFY_URL', CREDENTIALS)];
  const missing = CREDENTIALS.filter((name) => !isGiven(name));
  const findings: Finding[] = missing.length > 0 ? [incomplete('douyinpay', NAME, given, missing)] : [];
  for (const [name, shown] of Object.entries(EXAMPLES))
    if (values[name]?.trim() === shown) findings.push(example('douyinpay', name));
  findings.push(...examineNumbers(settings), ...examineSerial(settings), ...examineMerchantKey(settings));

  const covered = coveredBy([...settings.findings, ...findings]);
  for (const name of missing) covered.add(name);
  // What is malformed the server says as well as anybody.
  return [
    ...findings,
    ...(await serverComplaints('douyinpay', values, covered, readDouyinpayConfig, standIn)),
  ];
}

function standIn(variable: string, { privateKey }: StandInKeys): string | undefined {
  const values: WalletSettings['values'] = {
    ...EXAMPLES,
    DYPAY_MCH_KEY: privateKey,
    DYPAY_API_KEY: '0'.repeat(32),
    DYPAY_NOTIFY_URL: 'https://example.com/notify/douyinpay',
    DYPAY_GATEWAY: 'https://example.com',
  };
  return values[variable];
}

/** Merchant IDs are digits, app ids are not. */
function* examineNumbers({ values }: WalletSettings): Iterable<Finding> {
  const [appId = '', mchId = ''] = [values.DYPAY_APP_ID?.trim(), values.DYPAY_MCH_ID?.trim()];
  if (!/^\d{6,}$/.test(appId) || !/^[a-z]/i.test(mchId)) return;
  for (const [variable, zh, en] of [
    ['DYPAY_MCH_ID', '应用 ID', 'the app id'],
    ['DYPAY_APP_ID', '商户号', 'the merchant ID'],
  ] as const) {
    yield error('douyinpay.numbers-swapped', {
      variable,
      zh: `${variable} 里是${zh}：两个值填反了。`,
      en: `${variable} holds ${en}: the two are swapped.`,
      remedy: ['把两个值对调。', 'Exchange the two.'],
    });
  }
}

function* examineSerial({ values }: WalletSettings): Iterable<Finding> {
  const variable = 'DYPAY_MCH_SERIAL';
  const serial = values[variable]?.trim();
  if (serial === undefined || serial === EXAMPLES[variable]) return;
  if (/^([0-9A-Fa-f]{2}:)+[0-9A-Fa-f]{2}$/.test(serial)) {
    yield error('douyinpay.serial-form', {
      variable,
      zh: `${variable} 带有冒号；去掉所有冒号。`,
      en: `${variable} has colons in it; take them out.`,
      remedy: SERIAL_REMEDY,
    });
  } else if (!/^[0-9A-F]{8,64}$/i.test(serial) && /^[0-9A-Za-z]{6,64}$/.test(serial)) {
    yield warning('douyinpay.serial-form', {
      variable,
      zh: `${variable} 不像证书序列号（通常是十六进制字符）。`,
      en: `${variable} does not look like the serial number of a certificate (hexadecimal as a rule).`,
      remedy: SERIAL_REMEDY,
    });
  }
}

function* examineMerchantKey({ values, nameOf }: WalletSettings): Iterable<Finding> {
  if (values.DYPAY_MCH_KEY === undefined) return;
  const place: KeyPlace = {
    ...{ id: 'douyinpay.merchant-key', variable: nameOf('DYPAY_MCH_KEY') },
    ...{ wanted: 'private', leastBits: 2048 },
    name: { zh: '商户 API 私钥', en: "the merchant's API key" },
    remedy: [
      '填生成商户 API 证书时得到的私钥（PEM），不是证书，也不是抖音支付平台证书。',
      "Give the private key (PEM) that was made with the merchant's API certificate, not the certificate, nor one of Douyin Pay's own.",
    ],
  };
  yield examineKey(place, readPastedKey(values.DYPAY_MCH_KEY));
}
