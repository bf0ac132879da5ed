import { beijingDate, DAY_MS } from '../../domain/clock.ts';
import { type StandInKeys, serverComplaints } from '../complaints.ts';
import type { WalletDoctor, WalletSettings } from '../examination.ts';
import { absent, coveredBy, error, example, type Finding, incomplete, ok, warning } from '../finding.ts';
import { examineKey, type KeyPlace } from '../key-finding.ts';
import { isSamePair, type PastedKey, readPastedKey } from '../pasted-key.ts';
import { isServiceId } from './a2m-seller.ts';
import { CERTIFICATE_VARIABLES, certificatesIn } from './certificates.ts';
import { readAlipayConfig } from './config.ts';
import { adviceOnAlipay } from './doctor-advice.ts';
import { isSignScene } from './sign-scene.ts';

/** How long before its end a certificate is spoken of. */
const WARN_DAYS = 30;

const CREDENTIALS = ['AP_APP_ID', 'AP_APP_KEY', 'AP_PUB_KEY'] as const;

const NAME = { zh: '支付宝', en: 'Alipay' };
const CONSOLE = {
  zh: '开放平台控制台 → 应用 → 开发设置 → 接口加签方式',
  en: 'open platform console → app → development settings → signing',
};
const APP_KEY_REMEDY = [
  '填密钥工具生成的应用私钥，一般以 MII 开头，比公钥长得多。',
  'Give the app private key that the key tool made; it usually begins with MII and is much longer than a public key.',
] as const;
const PUB_KEY_REMEDY = [
  `填“支付宝公钥”，在${CONSOLE.zh}中上传应用公钥之后显示；不是你自己上传的那把。`,
  `Give ALIPAY's public key, shown at ${CONSOLE.en} after you upload the app's; not the one that you upload.`,
] as const;

export const ALIPAY_DOCTOR: WalletDoctor = {
  examine,
  advise: adviceOnAlipay,
  unproven: {
    AP_PRECREATE_PRODUCT_CODE: ['产品是否签约', 'whether the product is signed'],
    AP_SIGN_SCENE: ['签约场景是否在“商家扣款”合同中', 'whether the scene is in the contract for agreements'],
  },
};

/** Everything that can be seen on Alipay's settings without asking Alipay. */
async function examine(settings: WalletSettings, now: number): Promise<Finding[]> {
  const { values, isGiven, nameOf } = settings;
  const inCertificateMode = CERTIFICATE_VARIABLES.some(isGiven);
  const wanted = inCertificateMode ? ['AP_APP_ID', 'AP_APP_KEY', ...CERTIFICATE_VARIABLES] : CREDENTIALS;
  const given = wanted.filter(isGiven);
  if (given.length === 0) {
    const beside = ['AP_NOTIFY_URL', 'AP_SELLER_ID', 'AP_A2M_SERVICE_ID', 'AP_SIGN_SCENE', 'AP_RETURN_URL'];
    return [
      absent(
        'alipay',
        NAME,
        beside.find((name) => values[name] !== undefined),
        CREDENTIALS,
      ),
    ];
  }
  const findings: Finding[] = [];
  const missing = wanted.filter((name) => !isGiven(name));
  if (missing.length > 0) findings.push(incomplete('alipay', NAME, given, missing));
  if (values.AP_APP_ID !== undefined) findings.push(...examineAppId(values.AP_APP_ID.trim(), values));

  const appKey = values.AP_APP_KEY === undefined ? undefined : readPastedKey(values.AP_APP_KEY);
  const pubKey = values.AP_PUB_KEY === undefined ? undefined : readPastedKey(values.AP_PUB_KEY);
  const together = appKey && pubKey ? examinePair(appKey, pubKey, nameOf) : undefined;
  findings.push(...examineKeys(appKey, pubKey, together, settings));
  if (values.AP_ENCRYPTION_ALGO === 'RSA') findings.push(weakAlgorithm());
  findings.push(...examineValidity(settings, now), ...examineSeller(values), ...examineService(values));
  findings.push(...examineScene(values));

  const covered = coveredBy([...settings.findings, ...findings]);
  for (const name of [...missing, ...(together?.both ? CREDENTIALS.slice(1) : [])]) covered.add(name);
  return [...findings, ...(await serverComplaints('alipay', values, covered, readAlipayConfig, standIn))];
}

function* examineKeys(
  appKey: PastedKey | undefined,
  pubKey: PastedKey | undefined,
  together: ReturnType<typeof examinePair>,
  { values, nameOf }: WalletSettings,
): Iterable<Finding> {
  const leastBits = values.AP_ENCRYPTION_ALGO === 'RSA' ? 1024 : 2048;
  if (appKey && !together?.both) {
    const place: KeyPlace = {
      ...{ id: 'alipay.app-key', variable: nameOf('AP_APP_KEY'), wanted: 'private', leastBits },
      name: { zh: '应用私钥', en: "the app's private key" },
      remedy: APP_KEY_REMEDY,
    };
    yield examineKey(place, appKey);
  }
  if (together) yield together.finding;
  else if (pubKey) {
    const place: KeyPlace = {
      ...{ id: 'alipay.public-key', variable: nameOf('AP_PUB_KEY'), wanted: 'public', leastBits },
      name: { zh: '支付宝公钥', en: "Alipay's public key" },
      remedy: PUB_KEY_REMEDY,
    };
    yield examineKey(place, pubKey);
  }
}

/** Certificates belong together, and a public key does in their place. */
function standIn(variable: string, { privateKey, publicKey }: StandInKeys) {
  const noCertificates = Object.fromEntries(CERTIFICATE_VARIABLES.map((name) => [name, undefined]));
  if (variable in noCertificates) return { ...noCertificates, AP_PUB_KEY: publicKey };
  const values: WalletSettings['values'] = {
    ...{ AP_APP_ID: '2021000000000000', AP_APP_KEY: privateKey, AP_PUB_KEY: publicKey },
    AP_SELLER_ID: '2088000000000001',
    CASHIER_MERCHANT_NAME: 'Shop',
  };
  return values[variable];
}

/** Certificates whose end is near: nobody notices before every call is refused. */
function examineValidity({ values, nameOf }: WalletSettings, now: number): Finding[] {
  return (['AP_APP_CERT', 'AP_ALIPAY_CERT'] as const).flatMap((name) => {
    const [certificate] = certificatesIn(values[name] ?? '');
    if (certificate === undefined) return [];
    const until = Date.parse(certificate.validTo);
    const days = Math.floor((until - now) / DAY_MS);
    if (days >= WARN_DAYS) return [];
    const day = beijingDate(until);
    const over = until <= now;
    return [
      (over ? error : warning)(over ? 'alipay.certificate-expired' : 'alipay.certificate-expires', {
        variable: nameOf(name),
        zh: `${name} 的证书${over ? `已于 ${day} 过期` : `将于 ${day} 过期`}。`,
        en: `The certificate of ${name} ${over ? 'expired' : 'expires'} on ${day}.`,
        remedy: [
          `在${CONSOLE.zh}中更新证书，下载后换成新的文件。`,
          `Renew it at ${CONSOLE.en}, download it and give the new file.`,
        ],
      }),
    ];
  });
}

/** For whom an ISV collects; that this must be said, the server says itself. */
function* examineSeller({ AP_INVOKE_AUTH_TOKEN, AP_SELLER_ID }: WalletSettings['values']): Iterable<Finding> {
  const seller = AP_SELLER_ID?.trim();
  if (seller === '2088000000000000') yield example('alipay', 'AP_SELLER_ID');
  else if (AP_INVOKE_AUTH_TOKEN !== undefined && seller !== undefined && /^2088\d{12}$/.test(seller)) {
    yield ok('alipay.isv', {
      variable: 'AP_INVOKE_AUTH_TOKEN',
      zh: `服务商（ISV）模式：为商家 ${seller} 收款；AP_APP_ID 与密钥须是服务商应用的。`,
      en: `ISV mode: it collects for merchant ${seller}; AP_APP_ID and keys must be the ISV app's.`,
    });
  }
}

/** Which service is charged for per call; what is wrong with it the server says itself. */
function* examineService({ AP_A2M_SERVICE_ID }: WalletSettings['values']): Iterable<Finding> {
  const service = AP_A2M_SERVICE_ID?.trim();
  if (service === 'API_0000000000000000') yield example('alipay', 'AP_A2M_SERVICE_ID');
  else if (service !== undefined && isServiceId(service)) {
    yield ok('alipay.a2m', {
      variable: 'AP_A2M_SERVICE_ID',
      zh: `按量付费（A2M）的服务：${service}；登记的价格须与网关文件中的一致。`,
      en: `Service that is paid per call (A2M): ${service}; it must be registered with the very price of the gate's file.`,
    });
  }
}

/** Under which scene subscribers agree; what is wrong with it the server says itself. */
function* examineScene({ AP_SIGN_SCENE }: WalletSettings['values']): Iterable<Finding> {
  const scene = AP_SIGN_SCENE?.trim();
  if (scene === undefined || !isSignScene(scene)) return;
  yield ok('alipay.agreements', {
    variable: 'AP_SIGN_SCENE',
    zh: `订阅可自动扣款（商家扣款），签约场景 ${scene}。请确认开放平台的“应用网关”填的是通知地址：用户在支付宝里解约只通知到那里。`,
    en: `Subscriptions can be charged by themselves (agreements), under the scene ${scene}. See that the app's gateway address in the open platform is the notify address: that a subscriber ends one in Alipay is told only there.`,
  });
}

function* examineAppId(
  appId: string,
  { AP_CURRENT_ENV, AP_GATEWAY }: WalletSettings['values'],
): Iterable<Finding> {
  const variable = 'AP_APP_ID';
  if (appId === '2021000000000000' || /^(your|x+$|<)/i.test(appId)) {
    yield example('alipay', variable);
    return;
  }
  if (/^wx/.test(appId)) {
    yield error('alipay.app-id-is-wechat', {
      variable,
      zh: 'AP_APP_ID 填的是微信的 AppID（wx…）。',
      en: "AP_APP_ID holds WeChat's AppID (wx…).",
      remedy: [
        '把它移到 WXPAY_APP_ID，这里填支付宝应用的 APPID。',
        "Move it to WXPAY_APP_ID, and give the Alipay app's APPID here.",
      ],
    });
    return;
  }
  const sandboxed = AP_CURRENT_ENV === 'sandbox';
  if (AP_GATEWAY === undefined && /^9021/.test(appId) && !sandboxed) {
    yield warning('alipay.app-id-sandbox', {
      variable,
      zh: 'AP_APP_ID 像是沙箱应用（9021…），但当前使用生产网关。',
      en: 'AP_APP_ID looks like a sandbox app (9021…), but the production gateway is in use.',
      remedy: [
        '用沙箱请设 AP_CURRENT_ENV=sandbox；收真钱请换成正式应用的 APPID 与密钥。',
        "For the sandbox set AP_CURRENT_ENV=sandbox; for real money use the real app's APPID and keys.",
      ],
    });
    return;
  }
  return;
}

/** What only the two keys together show; `both` when there is nothing more to say of either. */
function examinePair(
  appKey: PastedKey,
  pubKey: PastedKey,
  nameOf: WalletSettings['nameOf'],
): { readonly finding: Finding; readonly both: boolean } | undefined {
  if (appKey.kind === 'public' && pubKey.kind === 'private') {
    const finding = error('alipay.keys-swapped', {
      variable: nameOf('AP_APP_KEY'),
      zh: 'AP_APP_KEY 与 AP_PUB_KEY 填反了：前者是公钥，后者是私钥。',
      en: 'AP_APP_KEY and AP_PUB_KEY are swapped: the first holds a public key, the second a private one.',
      remedy: isSamePair(appKey, pubKey)
        ? [
            '把私钥填到 AP_APP_KEY；另一把是应用公钥，AP_PUB_KEY 要填支付宝公钥。',
            "Put the private key into AP_APP_KEY; the other is the app's public key, and AP_PUB_KEY wants Alipay's.",
          ]
        : ['把两个值对调。', 'Exchange the two values.'],
    });
    return { finding, both: true };
  }
  if (appKey.kind !== 'private' || !isSamePair(appKey, pubKey)) return undefined;
  const finding = error('alipay.public-key-is-apps-own', {
    variable: nameOf('AP_PUB_KEY'),
    zh:
      pubKey.kind === 'private'
        ? 'AP_PUB_KEY 填的是应用私钥，与 AP_APP_KEY 相同。'
        : 'AP_PUB_KEY 填的是应用公钥（与 AP_APP_KEY 是一对），不是支付宝公钥。',
    en:
      pubKey.kind === 'private'
        ? "AP_PUB_KEY holds the app's private key, the same as AP_APP_KEY."
        : "AP_PUB_KEY holds the app's own public key (the other half of AP_APP_KEY), not Alipay's.",
    remedy: PUB_KEY_REMEDY,
  });
  return { finding, both: false };
}

function weakAlgorithm(): Finding {
  return warning('alipay.rsa-sha1', {
    variable: 'AP_ENCRYPTION_ALGO',
    zh: 'AP_ENCRYPTION_ALGO=RSA 使用已过时的 SHA-1 签名；应用若设为 RSA2，签名会被拒绝。',
    en: 'AP_ENCRYPTION_ALGO=RSA signs with the outdated SHA-1; an app that is set to RSA2 refuses it.',
    remedy: ['改用 RSA2 密钥并去掉 AP_ENCRYPTION_ALGO。', 'Use an RSA2 key and remove AP_ENCRYPTION_ALGO.'],
  });
}
