import type { KeyObject } from 'node:crypto';
import { wrongSetting } from '../../domain/errors.ts';
import { isLive, readGateway } from '../v3/addresses.ts';
import { missing, readKey } from '../v3/keys.ts';

/** Who sells to agents, as SkillHub knows them; with a key of their own, which is none of WeChat Pay's. */
export interface SkillHubDeveloper {
  readonly developerId: string;
  readonly key: KeyObject;
  readonly keyId: string;
  /** Where payment codes are had. */
  readonly origin: string;
}

export const SKILLHUB_CREDENTIALS = [
  'WXPAY_SKILLHUB_DEVELOPER_ID',
  'WXPAY_SKILLHUB_KEY',
  'WXPAY_SKILLHUB_KEY_ID',
] as const;

const ORIGIN = 'https://payapp.weixin.qq.com';
const DEVELOPER = {
  zh: 'SkillHub 控制台显示的开发者 ID（形如 sh-…）',
  en: 'the developer id that the console of SkillHub shows (sh-…)',
};
const KEY = {
  zh: '在 SkillHub 生成密钥对时保存的开发者私钥',
  en: "the developer's private key, saved when SkillHub made the pair",
};
const KEY_ID = {
  zh: 'SkillHub 密钥的 ID（PUB_KEY_ 加 32 位大写十六进制，不是微信支付的 PUB_KEY_ID_…）',
  en: "the id of SkillHub's key (PUB_KEY_ and 32 upper-case hex digits, not WeChat Pay's PUB_KEY_ID_…)",
};

/**
 * All three or none; undefined for none. Throws CONFIGURATION.
 * @param merchant with the origin of the gateway at which its orders are
 */
export function readSkillHub(
  get: (name: string) => string | undefined,
  { merchantKey, gateway }: { readonly merchantKey: KeyObject; readonly gateway: string },
): SkillHubDeveloper | undefined {
  const [developerId, text, keyId] = SKILLHUB_CREDENTIALS.map(get);
  const origin = readGateway('WXPAY_X402_GATEWAY', get('WXPAY_X402_GATEWAY'), ORIGIN);
  if (developerId === undefined && text === undefined && keyId === undefined) return undefined;
  const [developerName, keyName, idName] = SKILLHUB_CREDENTIALS;
  if (developerId === undefined) throw missing(developerName, DEVELOPER.zh, DEVELOPER.en);
  if (text === undefined) throw missing(keyName, KEY.zh, KEY.en);
  if (keyId === undefined) throw missing(idName, KEY_ID.zh, KEY_ID.en);
  if (!/^sh-[A-Za-z0-9_-]{4,60}$/.test(developerId)) throw malformed(developerName, DEVELOPER);
  if (!/^PUB_KEY_[0-9A-F]{32}$/.test(keyId)) throw malformed(idName, KEY_ID);
  const key = readKey(keyName, text, 'private', KEY);
  if (key.equals(merchantKey)) {
    throw wrongSetting(
      keyName,
      `填的是商户 API 私钥（与 WXPAY_MCH_KEY 相同）；填${KEY.zh}。`,
      `holds the merchant's API key (the same as WXPAY_MCH_KEY); set ${KEY.en}.`,
    );
  }
  // A simulated order's code has no business at the real one.
  if (!isLive({ origin: gateway }) && isLive({ origin })) {
    throw wrongSetting(
      'WXPAY_X402_GATEWAY',
      '没有指向本机，而 WXPAY_GATEWAY 指向本机：真实与模拟的网关不能混用，请把它也指向本机，或去掉 WXPAY_SKILLHUB_… 三项。',
      'is not on this machine, but WXPAY_GATEWAY is: real and simulated gateways never mix, so set it to this machine too, or unset the three WXPAY_SKILLHUB_….',
    );
  }
  return { developerId, key, keyId, origin };
}

function malformed(name: string, what: { readonly zh: string; readonly en: string }): Error {
  return wrongSetting(name, `格式不对；填${what.zh}。`, `is malformed; set ${what.en}.`);
}
