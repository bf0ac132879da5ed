import type { WalletSettings } from '../examination.ts';
import { error, type Finding } from '../finding.ts';
import { examineKey, type KeyPlace } from '../key-finding.ts';
import { isSamePair, type PastedKey, readPastedKey } from '../pasted-key.ts';

/** Where keys and serials are found. */
export const SECURITY = {
  zh: '商户平台 → 账户中心 → API安全',
  en: 'merchant platform → account centre → API security',
};
const PUB_KEY_REMEDY = [
  `填微信支付公钥 pub_key.pem（${SECURITY.zh} → 微信支付公钥）。`,
  `Give WeChat Pay's public key, pub_key.pem (${SECURITY.en} → WeChat Pay public key).`,
] as const;
const MCH_KEY_REMEDY = [
  '填商户 API 证书压缩包里的 apiclient_key.pem。',
  'Give apiclient_key.pem from the archive of the merchant API certificate.',
] as const;

/** The developer's key of SkillHub, which is none of WeChat Pay's. */
export function examineSkillHubKey(text: string, variable: string): Finding {
  const place: KeyPlace = {
    ...{ id: 'wechatpay.skillhub-key', variable, wanted: 'private', leastBits: 2048 },
    name: { zh: 'SkillHub 开发者私钥', en: "SkillHub's developer key" },
    remedy: [
      '填在 SkillHub 生成密钥对时保存的私钥；它只显示一次，丢了就重新生成一对。',
      'Give the private key that was saved when SkillHub made the pair; it is shown once, so if it is lost make another.',
    ],
  };
  return examineKey(place, readPastedKey(text));
}

/** The merchant's key and WeChat Pay's, by themselves and held against each other. */
export function* examineKeys(
  merchant: PastedKey | undefined,
  platform: PastedKey | undefined,
  { nameOf }: WalletSettings,
): Iterable<Finding> {
  if (merchant) {
    const place: KeyPlace = {
      id: 'wechatpay.merchant-key',
      variable: nameOf('WXPAY_MCH_KEY'),
      wanted: 'private',
      name: { zh: '商户 API 私钥', en: "the merchant's API key" },
      remedy:
        merchant.kind === 'certificate'
          ? [
              `这是 apiclient_cert.pem（序列号 ${merchant.serial}，可填到 WXPAY_MCH_SERIAL）；${MCH_KEY_REMEDY[0]}`,
              `That is apiclient_cert.pem (its serial ${merchant.serial} belongs in WXPAY_MCH_SERIAL). ${MCH_KEY_REMEDY[1]}`,
            ]
          : MCH_KEY_REMEDY,
      leastBits: 2048,
    };
    yield examineKey(place, merchant);
  }
  if (!platform) return;
  const variable = nameOf('WXPAY_PUB_KEY');
  if (merchant && isSamePair(merchant, platform)) {
    const what: Readonly<Record<string, readonly [string, string]>> = {
      private: ['商户私钥，与 WXPAY_MCH_KEY 相同', "the merchant's private key, the same as WXPAY_MCH_KEY"],
      certificate: [
        '商户自己的证书（apiclient_cert.pem）',
        "the merchant's own certificate (apiclient_cert.pem)",
      ],
    };
    const [zh, en] = what[platform.kind] ?? [
      '商户自己的公钥（WXPAY_MCH_KEY 的另一半）',
      "the merchant's own public key (the other half of WXPAY_MCH_KEY)",
    ];
    yield error('wechatpay.public-key-is-merchants-own', {
      variable,
      zh: `${variable} 填的是${zh}，不是微信支付的公钥。`,
      en: `${variable} holds ${en}, not WeChat Pay's public key.`,
      remedy: PUB_KEY_REMEDY,
    });
  } else {
    const place: KeyPlace = {
      id: 'wechatpay.public-key',
      variable,
      wanted: 'public',
      name: { zh: '微信支付公钥', en: "WeChat Pay's public key" },
      remedy:
        platform.kind === 'certificate'
          ? [
              `这是证书（序列号 ${platform.serial}）。${PUB_KEY_REMEDY[0]}没有微信支付公钥的老商户，去掉这两个变量即使用平台证书。`,
              `That is a certificate (serial ${platform.serial}). ${PUB_KEY_REMEDY[1]} Older merchants without one remove both variables and use platform certificates.`,
            ]
          : PUB_KEY_REMEDY,
      leastBits: 2048,
    };
    yield examineKey(place, platform);
  }
}
