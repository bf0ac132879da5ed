import { type StandInKeys, serverComplaints } from '../complaints.ts';
import type { WalletDoctor, WalletSettings } from '../examination.ts';
import { absent, coveredBy, error, example, type Finding, incomplete, ok, warning } from '../finding.ts';
import { readPastedKey } from '../pasted-key.ts';
import { readWechatpayConfig } from './config.ts';
import { adviceOnWechatpay } from './doctor-advice.ts';
import { examineKeys, examineSkillHubKey, SECURITY } from './doctor-keys.ts';
import { SKILLHUB_CREDENTIALS } from './skillhub.ts';

const NEEDED = [
  'WXPAY_APP_ID',
  'WXPAY_MCH_ID',
  'WXPAY_MCH_KEY',
  'WXPAY_MCH_SERIAL',
  'WXPAY_API_V3_KEY',
] as const;
const PUBLIC_KEY = ['WXPAY_PUB_KEY', 'WXPAY_PUB_KEY_ID'] as const;
const SUB_MERCHANT = ['WXPAY_SUB_MCH_ID', 'WXPAY_SUB_APP_ID'] as const;
const CREDENTIALS = [...NEEDED, ...PUBLIC_KEY, ...SUB_MERCHANT, ...SKILLHUB_CREDENTIALS] as const;

const API_V3_KEY_BYTES = 32;
const NAME = { zh: '微信支付', en: 'WeChat Pay' };
export const WECHATPAY_DOCTOR: WalletDoctor = {
  examine,
  advise: (thrown, observed, values) => adviceOnWechatpay(thrown, observed, values.WXPAY_PUB_KEY_ID?.trim()),
  unproven: {
    WXPAY_APP_ID: ['AppID 是否与商户号绑定', 'whether the AppID is bound to the merchant ID'],
    WXPAY_SUB_APP_ID: [
      '子商户 AppID 是否已配置给子商户',
      "whether the sub-merchant's AppID is configured for it",
    ],
    WXPAY_API_V3_KEY: ['APIv3 密钥（只用于解密通知）', 'the APIv3 key (which only opens notifications)'],
  },
};

/** Everything that can be seen on WeChat Pay's settings without asking WeChat Pay. */
async function examine(settings: WalletSettings): Promise<Finding[]> {
  const { values, isGiven, nameOf } = settings;
  const given = CREDENTIALS.filter(isGiven);
  if (given.length === 0)
    return [absent('wechatpay', NAME, values.WXPAY_NOTIFY_URL && 'WXPAY_NOTIFY_URL', NEEDED)];
  const findings: Finding[] = [];
  const missing = NEEDED.filter((name) => !isGiven(name));
  if (missing.length > 0) findings.push(incomplete('wechatpay', NAME, given, missing));
  const publicMissing = PUBLIC_KEY.filter((name) => !isGiven(name));
  findings.push(...examineMode(publicMissing), ...examineH5(settings));
  const text = (name: string) => values[name]?.trim();
  findings.push(...examineNumbers(text('WXPAY_APP_ID'), text('WXPAY_MCH_ID')));
  findings.push(...examineSubMerchant(text('WXPAY_SUB_MCH_ID'), text('WXPAY_SUB_APP_ID')));
  const serial = text('WXPAY_MCH_SERIAL');
  if (serial !== undefined) findings.push(...examineSerial(serial));
  const v3Key = text('WXPAY_API_V3_KEY');
  if (v3Key !== undefined) findings.push(examineV3Key(v3Key, nameOf('WXPAY_API_V3_KEY')));
  const id = text('WXPAY_PUB_KEY_ID');
  if (id !== undefined) findings.push(...examinePublicKeyId(id, serial));

  const merchant = values.WXPAY_MCH_KEY === undefined ? undefined : readPastedKey(values.WXPAY_MCH_KEY);
  const platform = values.WXPAY_PUB_KEY === undefined ? undefined : readPastedKey(values.WXPAY_PUB_KEY);
  findings.push(...examineKeys(merchant, platform, settings), ...examineSkillHub(settings));

  const covered = coveredBy([...settings.findings, ...findings]);
  for (const name of missing) covered.add(name);
  if (publicMissing.length === 1) for (const name of publicMissing) covered.add(name);
  // Without a notify address the server has its own word, as good as one of ours.
  return [
    ...findings,
    ...(await serverComplaints('wechatpay', values, covered, readWechatpayConfig, standIn)),
  ];
}

function standIn(variable: string, { privateKey, publicKey }: StandInKeys) {
  const noSkillHub = Object.fromEntries(SKILLHUB_CREDENTIALS.map((name) => [name, undefined]));
  if (variable in noSkillHub) return noSkillHub;
  const values: WalletSettings['values'] = {
    WXPAY_APP_ID: 'wx0000000000000000',
    WXPAY_MCH_ID: '1900000000',
    WXPAY_MCH_KEY: privateKey,
    WXPAY_MCH_SERIAL: '0'.repeat(40),
    WXPAY_API_V3_KEY: '0'.repeat(32),
    WXPAY_PUB_KEY: publicKey,
    WXPAY_PUB_KEY_ID: 'PUB_KEY_ID_0',
    WXPAY_NOTIFY_URL: 'https://example.com/notify/wechatpay',
    WXPAY_SUB_MCH_ID: '1900000002',
  };
  return values[variable];
}

/** What selling to agents takes beyond the merchant's own keys; what is missing or malformed the server says itself. */
function* examineSkillHub({ values, nameOf }: WalletSettings): Iterable<Finding> {
  const { WXPAY_SKILLHUB_DEVELOPER_ID: developer, WXPAY_SKILLHUB_KEY: key } = values;
  if (developer?.trim() === 'sh-00000000') yield example('wechatpay', 'WXPAY_SKILLHUB_DEVELOPER_ID');
  if (key !== undefined) yield examineSkillHubKey(key, nameOf('WXPAY_SKILLHUB_KEY'));
}

/** Links of scene h5 work from a page on the registered domain only. */
function* examineH5({ publicPage }: WalletSettings): Iterable<Finding> {
  if (publicPage !== undefined) return;
  yield ok('wechatpay.h5-without-page', {
    variable: 'WXPAY_H5_ORIGIN',
    zh: '没有设置 CASHIER_PUBLIC_URL 或 WXPAY_H5_ORIGIN：微信 h5 付款没有公网收银台页面，除非同一账本上有这样的服务在运行，否则会被拒绝；qr、jsapi、app 不受影响。',
    en: 'Neither CASHIER_PUBLIC_URL nor WXPAY_H5_ORIGIN is set: WeChat h5 payments have no public checkout page and are refused, unless a service with one runs on the same ledger; qr, jsapi and app do not mind.',
  });
}

/** Two ways to know WeChat Pay's signature: a public key with its id, or certificates that are downloaded. */
function* examineMode(publicMissing: readonly string[]): Iterable<Finding> {
  const [absent] = publicMissing;
  if (absent === undefined) return;
  if (publicMissing.length === PUBLIC_KEY.length) {
    yield ok('wechatpay.certificate-mode', {
      zh: '没有设置微信支付公钥，将使用平台证书模式（自动下载和更换）。2024 年下半年以后注册的商户没有平台证书，必须设置 WXPAY_PUB_KEY 与 WXPAY_PUB_KEY_ID。',
      en: 'No WeChat Pay public key is set, so platform certificates are downloaded and rotated. Merchants registered since late 2024 have none and must set WXPAY_PUB_KEY and WXPAY_PUB_KEY_ID.',
    });
    return;
  }
  const other = absent === 'WXPAY_PUB_KEY' ? 'WXPAY_PUB_KEY_ID' : 'WXPAY_PUB_KEY';
  yield error('wechatpay.public-key-half', {
    variable: absent,
    zh: `设置了 ${other}，却没有 ${absent}；两者必须成对。`,
    en: `${other} is set without ${absent}; they go together.`,
    remedy: [
      `在${SECURITY.zh}中找到微信支付公钥及其 ID，两项都填；或两项都去掉，使用平台证书。`,
      `Find WeChat Pay's public key and its id at ${SECURITY.en} and set both, or neither to use platform certificates.`,
    ],
  });
}

function* examineNumbers(appId: string | undefined, mchId: string | undefined): Iterable<Finding> {
  const isAppId = (value: string | undefined) => value !== undefined && /^wx/.test(value);
  if (isAppId(mchId) && appId !== undefined && /^\d+$/.test(appId)) {
    yield error('wechatpay.numbers-swapped', {
      variable: 'WXPAY_MCH_ID',
      zh: 'WXPAY_APP_ID 与 WXPAY_MCH_ID 填反了。',
      en: 'WXPAY_APP_ID and WXPAY_MCH_ID are swapped.',
      remedy: [
        '把两个值对调：AppID 以 wx 开头，商户号是纯数字。',
        'Exchange them: the AppID begins with wx, the merchant ID is digits.',
      ],
    });
    // The server stops at either of them.
    yield error('wechatpay.numbers-swapped', {
      variable: 'WXPAY_APP_ID',
      zh: 'WXPAY_APP_ID 里是商户号。',
      en: 'WXPAY_APP_ID holds the merchant ID.',
      remedy: ['同上。', 'As above.'],
    });
    return;
  }
  if (appId === 'wx0000000000000000') yield example('wechatpay', 'WXPAY_APP_ID');
  else if (appId !== undefined && !/^(wx[0-9a-f]{16}|w[wx][0-9A-Za-z]{14,18})$/.test(appId)) {
    yield warning('wechatpay.app-id-form', {
      variable: 'WXPAY_APP_ID',
      zh: 'WXPAY_APP_ID 不像 AppID：应为 wx 开头的 18 个字符（公众号、小程序或开放平台应用的，不是 AppSecret）。',
      en: 'WXPAY_APP_ID does not look like an AppID: 18 characters that begin with wx (of an official account, mini program or app, not the AppSecret).',
      remedy: [
        '在商户平台 → 产品中心 → AppID账号管理 中核对。',
        'Compare it at merchant platform → product centre → AppID management.',
      ],
    });
  }
  if (mchId === '1900000000') yield example('wechatpay', 'WXPAY_MCH_ID');
  else if (mchId !== undefined && !/^\d{8,10}$/.test(mchId)) {
    const refused = !/^\d{6,32}$/.test(mchId);
    yield (refused ? error : warning)('wechatpay.merchant-number-form', {
      variable: 'WXPAY_MCH_ID',
      zh: 'WXPAY_MCH_ID 不像商户号：应为 8 到 10 位数字。',
      en: 'WXPAY_MCH_ID does not look like a merchant ID: 8 to 10 digits.',
      remedy: [
        '在商户平台 → 账户中心 → 商户信息 中复制。',
        'Copy it from merchant platform → account centre → merchant information.',
      ],
    });
  }
}

/** For whom a service provider collects; what is wrong with it the server says itself. */
function* examineSubMerchant(mchId: string | undefined, appId: string | undefined): Iterable<Finding> {
  if (mchId === undefined) return;
  if (mchId === '1900000001') yield example('wechatpay', 'WXPAY_SUB_MCH_ID');
  else if (appId === 'wx0000000000000001') yield example('wechatpay', 'WXPAY_SUB_APP_ID');
  else {
    yield ok('wechatpay.service-provider', {
      variable: 'WXPAY_SUB_MCH_ID',
      zh: `服务商模式：为子商户 ${mchId} 收款；WXPAY_APP_ID、WXPAY_MCH_ID 与各密钥须是服务商的。`,
      en: `Service-provider mode: it collects for sub-merchant ${mchId}; WXPAY_APP_ID, WXPAY_MCH_ID and all keys must be the provider's.`,
    });
  }
}

function* examineSerial(serial: string): Iterable<Finding> {
  const variable = 'WXPAY_MCH_SERIAL';
  const remedy = [
    `在${SECURITY.zh} → API证书 → 管理证书 中复制序列号，或执行 openssl x509 -in apiclient_cert.pem -noout -serial。`,
    `Copy it from ${SECURITY.en} → API certificate → manage, or run openssl x509 -in apiclient_cert.pem -noout -serial.`,
  ] as const;
  if (/^PUB_KEY_ID_/.test(serial)) {
    yield error('wechatpay.serial-is-public-key-id', {
      variable,
      zh: 'WXPAY_MCH_SERIAL 填的是微信支付公钥 ID（PUB_KEY_ID_…），这里要商户 API 证书的序列号。',
      en: "WXPAY_MCH_SERIAL holds the id of WeChat Pay's public key (PUB_KEY_ID_…); the serial of the merchant's certificate belongs here.",
      remedy: [`把它移到 WXPAY_PUB_KEY_ID。${remedy[0]}`, `Move it to WXPAY_PUB_KEY_ID. ${remedy[1]}`],
    });
    return;
  }
  if (serial === '0123456789ABCDEF0123456789ABCDEF01234567') {
    yield example('wechatpay', variable);
    return;
  }
  if (/^[0-9A-Fa-f]{40}$/.test(serial)) return;
  const said: readonly [zh: string, en: string] = /^([0-9A-Fa-f]{2}:)+[0-9A-Fa-f]{2}$/.test(serial)
    ? ['带有冒号', 'has colons in it']
    : /^(0x|serial=)/i.test(serial)
      ? ['带有前缀', 'has a prefix']
      : /^\d{45,50}$/.test(serial)
        ? ['像是十进制形式', 'looks like its decimal form']
        : [`有 ${serial.length} 个字符`, `has ${serial.length} characters`];
  const refused = !/^[0-9A-Fa-f]{8,64}$/.test(serial) || /^\d{45,50}$/.test(serial);
  yield (refused ? error : warning)('wechatpay.serial-form', {
    variable,
    zh: `WXPAY_MCH_SERIAL ${said[0]}；商户 API 证书的序列号是 40 位十六进制字符，不带任何符号。`,
    en: `WXPAY_MCH_SERIAL ${said[1]}; the serial of a merchant API certificate is 40 hexadecimal characters and nothing else.`,
    remedy,
  });
}

function examineV3Key(key: string, variable: string): Finding {
  const bytes = Buffer.byteLength(key, 'utf8');
  const remedy = [
    `在${SECURITY.zh} → APIv3密钥 中设置 32 位字母和数字，并原样填入（不是 APIv2 密钥，也不是 AppSecret）。`,
    `Set 32 letters and digits at ${SECURITY.en} → APIv3 key and give exactly those (not the APIv2 key, nor the AppSecret).`,
  ] as const;
  if (bytes !== API_V3_KEY_BYTES) {
    const blanks = /\s/.test(key);
    return error('wechatpay.v3-key-length', {
      variable,
      zh: `${variable} 有 ${bytes} 个字节${blanks ? '，其中有空白' : ''}，必须正好 32 个。`,
      en: `${variable} has ${bytes} bytes${blanks ? ', blanks among them' : ''}; it must have exactly 32.`,
      remedy,
    });
  }
  if (!/^[0-9A-Za-z]{32}$/.test(key)) {
    return warning('wechatpay.v3-key-characters', {
      variable,
      zh: `${variable} 含有字母和数字以外的字符，商户平台不会给出这样的密钥。`,
      en: `${variable} has other characters than letters and digits; the merchant platform makes no such key.`,
      remedy,
    });
  }
  return ok('wechatpay.v3-key', {
    variable,
    zh: 'APIv3 密钥长度正确（32 字节）。',
    en: 'The APIv3 key has the right length (32 bytes).',
  });
}

function* examinePublicKeyId(id: string, serial: string | undefined): Iterable<Finding> {
  if (/^PUB_KEY_ID_0{28}$/.test(id)) {
    yield example('wechatpay', 'WXPAY_PUB_KEY_ID');
    return;
  }
  if (/^PUB_KEY_ID_[0-9A-Za-z]{1,64}$/.test(id)) return;
  const isSerial = /^[0-9A-Fa-f]{40}$/.test(id);
  const same = isSerial && id.toUpperCase() === serial?.toUpperCase();
  yield error('wechatpay.public-key-id-form', {
    variable: 'WXPAY_PUB_KEY_ID',
    zh: `WXPAY_PUB_KEY_ID ${same ? '填的是商户证书序列号' : isSerial ? '填的是证书序列号' : '格式不对'}；它以 PUB_KEY_ID_ 开头。`,
    en: `WXPAY_PUB_KEY_ID ${same ? "holds the merchant certificate's serial" : isSerial ? 'holds the serial of a certificate' : 'is malformed'}; it begins with PUB_KEY_ID_.`,
    remedy: [
      `在${SECURITY.zh} → 微信支付公钥 中复制公钥 ID。`,
      `Copy the id from ${SECURITY.en} → WeChat Pay public key.`,
    ],
  });
}
