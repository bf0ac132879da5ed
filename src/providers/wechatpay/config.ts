import type { KeyObject } from 'node:crypto';
import { wrongSetting } from '../../domain/errors.ts';
import { readGateway, readNotifyUrl } from '../v3/addresses.ts';
import { isPublicHalf, missing, readKey } from '../v3/keys.ts';
import { matching, readApiKey } from '../v3/settings.ts';
import { PRIMARY } from './backup.ts';
import { readSkillHub, SKILLHUB_CREDENTIALS, type SkillHubDeveloper } from './skillhub.ts';

/** A merchant of WeChat Pay. Secrets are KeyObjects, which neither print nor serialise. */
export interface WechatpayConfig {
  readonly appId: string;
  readonly mchId: string;
  /** For whom a service provider, which all the rest describes, collects; with an app of their own or without. */
  readonly subMerchant: { readonly mchId: string; readonly appId: string | undefined } | undefined;
  readonly merchantKey: KeyObject;
  /** Of the certificate that goes with `merchantKey`; hex. */
  readonly merchantSerial: string;
  readonly apiV3Key: KeyObject;
  /** Which of WeChat Pay's keys count. */
  readonly keyMode: KeyMode;
  /** WeChat Pay's public key, where `keyMode` lets it count. */
  readonly platformKey: { readonly id: string; readonly key: KeyObject } | undefined;
  readonly notifyUrl: string;
  /** Such as `https://api.mch.weixin.qq.com`. */
  readonly origin: string;
  /** Who sells single calls to agents. */
  readonly skillHub: SkillHubDeveloper | undefined;
}

/**
 * `both` is right at any time with a public key: while a merchant switches from certificates to the public key, either
 * signs for days, and without certificates nothing ever asks for one.
 */
const KEY_MODES = ['public-key', 'certificates', 'both'] as const;
export type KeyMode = (typeof KEY_MODES)[number];

type Env = Readonly<Record<string, string | undefined>>;

const CREDENTIALS = [
  'WXPAY_APP_ID',
  'WXPAY_MCH_ID',
  'WXPAY_MCH_KEY',
  'WXPAY_MCH_SERIAL',
  'WXPAY_API_V3_KEY',
  'WXPAY_PUB_KEY',
  'WXPAY_PUB_KEY_ID',
  'WXPAY_SUB_MCH_ID',
  'WXPAY_SUB_APP_ID',
  ...SKILLHUB_CREDENTIALS,
] as const;
const APP_ID = /^[A-Za-z0-9_-]{1,32}$/;
const MCH_ID = /^\d{6,32}$/;

/**
 * Reads the `WXPAY_*` part of an environment; undefined when no credential is set at all. Anything half or wrong is a
 * CONFIGURATION error that names the variable and the remedy.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013070756
 */
export function readWechatpayConfig(env: Env): WechatpayConfig | undefined {
  const get = (name: string): string | undefined => env[name]?.trim() || undefined;
  if (CREDENTIALS.every((name) => get(name) === undefined)) return undefined;
  const appId = matching(get, 'WXPAY_APP_ID', APP_ID, {
    zh: '与商户号绑定的 AppID（形如 wx…）',
    en: 'the AppID bound to the merchant ID (wx…)',
  });
  const mchId = matching(get, 'WXPAY_MCH_ID', MCH_ID, {
    zh: '微信支付商户号（纯数字）',
    en: 'the WeChat Pay merchant ID (digits only)',
  });
  const merchantKey = readMerchantKey(get('WXPAY_MCH_KEY'));
  const merchantSerial = matching(get, 'WXPAY_MCH_SERIAL', /^[0-9A-Fa-f]{8,64}$/, {
    zh: '商户 API 证书序列号（十六进制、不带冒号，不是 PUB_KEY_ID_…）',
    en: 'the serial number of the merchant API certificate (hex without colons, not PUB_KEY_ID_…)',
  });
  const platformKey = readPlatformKey(get('WXPAY_PUB_KEY'), get('WXPAY_PUB_KEY_ID'), merchantKey);
  const keyMode = readKeyMode(get('WXPAY_KEY_MODE'), platformKey !== undefined);
  const gateway = readGateway('WXPAY_GATEWAY', get('WXPAY_GATEWAY'), PRIMARY);
  return {
    appId,
    mchId,
    subMerchant: readSubMerchant(get, mchId),
    merchantKey,
    merchantSerial,
    keyMode,
    apiV3Key: readApiKey(get, 'WXPAY_API_V3_KEY', {
      zh: '商户平台上设置的 APIv3 密钥（不是 APIv2 密钥）',
      en: 'the APIv3 key of the merchant platform (not the APIv2 key)',
    }),
    platformKey: keyMode === 'certificates' ? undefined : platformKey,
    notifyUrl: readNotifyUrl({
      ...{ variable: 'WXPAY_NOTIFY_URL', given: get('WXPAY_NOTIFY_URL'), path: '/notify/wechatpay' },
      ...{ publicUrl: get('CASHIER_PUBLIC_URL'), gateway: { zh: '微信支付', en: 'WeChat Pay' } },
    }),
    origin: gateway,
    skillHub: readSkillHub(get, { merchantKey, gateway }),
  };
}

/** A sub-merchant, and an app of theirs only together with them. */
function readSubMerchant(
  get: (name: string) => string | undefined,
  provider: string,
): WechatpayConfig['subMerchant'] {
  const what = {
    zh: '特约商户（子商户）的商户号（纯数字）',
    en: "the sub-merchant's merchant ID (digits only)",
  };
  const [mch, app] = [get('WXPAY_SUB_MCH_ID'), get('WXPAY_SUB_APP_ID')];
  if (mch === undefined && app === undefined) return undefined;
  if (mch === undefined) {
    throw wrongSetting(
      'WXPAY_SUB_MCH_ID',
      `没有设置，却设置了 WXPAY_SUB_APP_ID；服务商模式填${what.zh}，否则去掉 WXPAY_SUB_APP_ID。`,
      `is not set, but WXPAY_SUB_APP_ID is; for service-provider mode set ${what.en}, else unset WXPAY_SUB_APP_ID.`,
    );
  }
  const mchId = matching(get, 'WXPAY_SUB_MCH_ID', MCH_ID, what);
  if (mchId === provider) {
    throw wrongSetting(
      'WXPAY_SUB_MCH_ID',
      `与 WXPAY_MCH_ID 相同；服务商模式填${what.zh}，自己收款则去掉它。`,
      `is the same as WXPAY_MCH_ID; for service-provider mode set ${what.en}, to collect for yourself unset it.`,
    );
  }
  if (app === undefined) return { mchId, appId: undefined };
  const appId = matching(get, 'WXPAY_SUB_APP_ID', APP_ID, {
    zh: '在服务商平台为该特约商户配置的 AppID（形如 wx…），或不设置',
    en: 'the AppID configured for the sub-merchant on the provider platform (wx…), or unset it',
  });
  return { mchId, appId };
}

function readMerchantKey(text: string | undefined): KeyObject {
  const zh = '商户 API 证书的私钥（apiclient_key.pem 的内容）';
  const en = "the merchant API certificate's private key (the content of apiclient_key.pem)";
  if (text === undefined) throw missing('WXPAY_MCH_KEY', zh, en);
  return readKey('WXPAY_MCH_KEY', text, 'private', { zh, en });
}

function readKeyMode(text: string | undefined, hasPublicKey: boolean): KeyMode {
  const name = 'WXPAY_KEY_MODE';
  if (text === undefined) return hasPublicKey ? 'both' : 'certificates';
  const mode = KEY_MODES.find((known) => known === text);
  if (mode === undefined) {
    throw wrongSetting(
      name,
      `只能是 ${KEY_MODES.join('、')} 之一，或不设置。`,
      `must be one of ${KEY_MODES.join(', ')}; or unset it.`,
    );
  }
  if (mode !== 'certificates' && !hasPublicKey) {
    throw wrongSetting(
      name,
      `是 ${mode}，但没有设置微信支付公钥；设置 WXPAY_PUB_KEY 与 WXPAY_PUB_KEY_ID，或改为 certificates。`,
      `is ${mode}, but no WeChat Pay public key is set; set WXPAY_PUB_KEY and WXPAY_PUB_KEY_ID, or make it certificates.`,
    );
  }
  return mode;
}

/** Public key and its id come together; both or neither. */
function readPlatformKey(
  text: string | undefined,
  id: string | undefined,
  merchantKey: KeyObject,
): WechatpayConfig['platformKey'] {
  const zh = '微信支付公钥（商户平台下载的 pub_key.pem 的内容）';
  const en = 'the WeChat Pay public key (the content of pub_key.pem from the merchant platform)';
  if (text === undefined && id === undefined) return undefined;
  if (text === undefined) throw missing('WXPAY_PUB_KEY', zh, en);
  if (id === undefined) {
    throw missing('WXPAY_PUB_KEY_ID', '微信支付公钥 ID（PUB_KEY_ID_…）', 'the public key id (PUB_KEY_ID_…)');
  }
  if (!/^PUB_KEY_ID_[0-9A-Za-z]{1,64}$/.test(id)) {
    throw wrongSetting(
      'WXPAY_PUB_KEY_ID',
      '必须以 PUB_KEY_ID_ 开头；填商户平台上微信支付公钥旁显示的公钥 ID。',
      'must start with PUB_KEY_ID_; set the id shown beside the WeChat Pay public key on the merchant platform.',
    );
  }
  const key = readKey('WXPAY_PUB_KEY', text, 'public', { zh, en });
  if (isPublicHalf(key, merchantKey)) {
    throw wrongSetting(
      'WXPAY_PUB_KEY',
      `填的是商户自己的公钥（WXPAY_MCH_KEY 的另一半）；填${zh}。`,
      `holds the merchant's own public key (the other half of WXPAY_MCH_KEY); set ${en}.`,
    );
  }
  return { id, key };
}
