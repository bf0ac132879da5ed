import type { KeyObject } from 'node:crypto';
import type { Clock } from '../../domain/clock.ts';
import type { GatewayResponse } from '../gateway-http.ts';
import { readAnswer, wordAt } from '../v3/answer.ts';
import type { CertificateWords } from '../v3/certificates.ts';
import { downloadedKeys, type PlatformKeys } from '../v3/downloaded-keys.ts';
import type { SendSigned } from '../v3/exchange.ts';
import type { WechatpayConfig } from './config.ts';
import { refusal } from './errors.ts';
import { verifySignature } from './verifier.ts';

/** ms; WeChat Pay asks for less than 12 h, a new certificate is listed 24 h before it is used. */
const REFRESH_AFTER_MS = 12 * 3_600_000;
const CERTIFICATES = '/v3/certificates';

/** @see https://pay.weixin.qq.com/doc/v3/merchant/4012068814 */
export const CERTIFICATE_WORDS: CertificateWords = {
  list: 'data',
  ciphertext: 'ciphertext',
  names: [],
  sealsSuffice: false,
  verifySignature,
  refusal,
  checkKey: {
    zh: '请商家检查 WXPAY_API_V3_KEY（APIv3 密钥），然后用相同参数和单号重试。',
    en: 'Ask the merchant to check WXPAY_API_V3_KEY (the APIv3 key), then call again with the same arguments and numbers.',
  },
};

/** The keys that count for this merchant. */
export function platformKeys(
  { keyMode, platformKey, apiV3Key }: Pick<WechatpayConfig, 'keyMode' | 'platformKey' | 'apiV3Key'>,
  send: SendSigned,
  clock: Clock,
): PlatformKeys {
  const certificates = {
    download: () => send({ method: 'GET', path: CERTIFICATES }),
    words: CERTIFICATE_WORDS,
    serial: CERTIFICATE_SERIAL,
    refreshAfterMs: REFRESH_AFTER_MS,
    apiKey: apiV3Key,
    clock,
  };
  if (platformKey === undefined) return downloadedKeys(certificates);
  const pinned = pinnedKey(platformKey.id, platformKey.key);
  return keyMode === 'both'
    ? bothKeys(pinned, downloadedKeys({ ...certificates, pinned: platformKey, saysNone }))
    : pinned;
}

/**
 * Public-key mode: one key, which does not expire.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013038816
 */
function pinnedKey(id: string, key: KeyObject): PlatformKeys {
  const keys = new Map([[id, key]]);
  return {
    ready: async () => false,
    keyFor: async (serial) => keys.get(serial),
    mayBeGenuine: () => false,
  };
}

/** As WeChat Pay writes the serial number of a certificate. */
const CERTIFICATE_SERIAL = /^[0-9A-Fa-f]{8,64}$/;

/**
 * The public key beside platform certificates: which one counts is told by the serial number, exactly. Certificates are
 * looked for only when a message names one, and a merchant who has none is nothing unusual.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012154180
 */
function bothKeys(pinned: PlatformKeys, downloaded: PlatformKeys): PlatformKeys {
  return {
    ready: pinned.ready,
    keyFor: async (serial) => (await pinned.keyFor(serial)) ?? downloaded.keyFor(serial),
    mayBeGenuine: downloaded.mayBeGenuine,
  };
}

/** Whether a merchant with a public key has no certificates: they are told so, or given an empty list. */
function saysNone({ status, body }: GatewayResponse): boolean {
  const answer = readAnswer(body) ?? {};
  if (status === 200) return Array.isArray(answer.data) && answer.data.length === 0;
  return status === 404 && ['RESOURCE_NOT_EXISTS', 'NOT_FOUND'].includes(wordAt(answer, 'code') ?? '');
}
