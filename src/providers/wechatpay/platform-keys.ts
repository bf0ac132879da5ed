import type { KeyObject } from 'node:crypto';
import type { Clock } from '../../domain/clock.ts';
import { GatewayUnavailable, OutcomeUnknown } from '../contract.ts';
import type { GatewayResponse } from '../gateway-http.ts';
import { readAnswer, wordAt } from './answer.ts';
import { type PlatformCertificate, readCertificates } from './certificates.ts';
import type { WechatpayConfig } from './config.ts';
import type { SendSigned } from './gateway.ts';
import type { KeyFor } from './verifier.ts';

/** The keys with which WeChat Pay signs what it says. */
export interface PlatformKeys {
  /** Resolves once there is a key to verify answers with; throws what the caller may pass on: nothing was sent yet. */
  ready(): Promise<void>;
  readonly keyFor: KeyFor;
  /** Whether a serial number that is not known may be genuine all the same: the latest download failed. */
  mayBeGenuine(serial: string): boolean;
}

/** ms; WeChat Pay asks for less than 12 h, a new certificate is listed 24 h before it is used. */
const REFRESH_AFTER_MS = 12 * 3_600_000;
/** ms; so that forged serial numbers cannot set off a storm of downloads. */
const ATTEMPT_EVERY_MS = 60_000;

/** The keys that count for this merchant. */
export function platformKeys(
  { keyMode, platformKey, apiV3Key }: Pick<WechatpayConfig, 'keyMode' | 'platformKey' | 'apiV3Key'>,
  send: SendSigned,
  clock: Clock,
): PlatformKeys {
  const download = () => send({ method: 'GET', path: '/v3/certificates' });
  if (platformKey === undefined) return downloadedKeys(download, apiV3Key, clock);
  return keyMode === 'both'
    ? bothKeys(platformKey, download, apiV3Key, clock)
    : pinnedKey(platformKey.id, platformKey.key);
}

/**
 * Public-key mode: one key, which does not expire.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013038816
 */
function pinnedKey(id: string, key: KeyObject): PlatformKeys {
  const keys = new Map([[id, key]]);
  return {
    async ready() {},
    keyFor: async (serial) => keys.get(serial),
    mayBeGenuine: () => false,
  };
}

/** As WeChat Pay writes the serial number of a certificate; anything else sets off no search for one. */
const CERTIFICATE_SERIAL = /^[0-9A-Fa-f]{8,64}$/;

/**
 * The public key beside platform certificates: which one counts is told by the serial number, exactly. Certificates are
 * looked for only when a message names one, and a merchant who has none is nothing unusual.
 * @param download sends the signed `GET /v3/certificates`
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012154180
 */
function bothKeys(
  publicKey: { readonly id: string; readonly key: KeyObject },
  download: () => Promise<GatewayResponse>,
  apiV3Key: KeyObject,
  clock: Clock,
): PlatformKeys {
  const pinned = pinnedKey(publicKey.id, publicKey.key);
  const downloaded = downloadedKeys(download, apiV3Key, clock, publicKey);
  return {
    ready: pinned.ready,
    keyFor: async (serial) => (await pinned.keyFor(serial)) ?? downloaded.keyFor(serial),
    mayBeGenuine: downloaded.mayBeGenuine,
  };
}

/**
 * Platform-certificate mode: downloaded before the first call, again every 12 h, when they run out, and for a serial
 * number never seen.
 * @param download sends the signed `GET /v3/certificates`
 * @param publicKey signs the list as well, where the merchant has one; then there may also be no certificate at all
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012068814
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012068829
 */
function downloadedKeys(
  download: () => Promise<GatewayResponse>,
  apiV3Key: KeyObject,
  clock: Clock,
  publicKey?: { readonly id: string; readonly key: KeyObject },
): PlatformKeys {
  let certificates: ReadonlyMap<string, PlatformCertificate> = new Map();
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let attemptedAt = Number.NEGATIVE_INFINITY;
  let failed = false;
  let pending: Promise<void> | undefined;

  const valid = (certificate: PlatformCertificate | undefined): certificate is PlatformCertificate => {
    const now = clock.now();
    return certificate !== undefined && certificate.from <= now && now < certificate.until;
  };
  const find = (serial: string): KeyObject | undefined => {
    const certificate = certificates.get(serial);
    return valid(certificate) ? certificate.key : undefined;
  };
  // Either way round: a clock that was set back must not stop the downloads.
  const older = (than: number, ms: number): boolean => Math.abs(clock.now() - than) >= ms;

  async function fetchAll(): Promise<void> {
    attemptedAt = clock.now();
    try {
      const response = await download();
      const known = (serial: string) => (serial === publicKey?.id ? publicKey.key : find(serial));
      if (!saysNone(response, publicKey)) {
        certificates = await readCertificates(response, { apiV3Key, known, now: clock.now() });
      }
      fetchedAt = clock.now();
      failed = false;
    } catch (error) {
      failed = true;
      // Of the call that waits for the certificates nothing has been sent.
      if (error instanceof OutcomeUnknown) throw new GatewayUnavailable(`certificates-${error.detail}`);
      throw error;
    }
  }
  /** One download at a time, whoever asks. */
  function refresh(): Promise<void> {
    pending ??= fetchAll().finally(() => {
      pending = undefined;
    });
    return pending;
  }
  /** As far as due; a failure leaves what is known, and the verification to decide. */
  async function refreshQuietly(): Promise<void> {
    if (pending === undefined && !older(attemptedAt, ATTEMPT_EVERY_MS)) return;
    await refresh().catch(() => undefined);
  }

  return {
    async ready() {
      if (![...certificates.values()].some(valid)) return refresh();
      if (older(fetchedAt, REFRESH_AFTER_MS)) await refreshQuietly();
    },
    async keyFor(serial) {
      if (!CERTIFICATE_SERIAL.test(serial)) return undefined;
      if (find(serial) === undefined || older(fetchedAt, REFRESH_AFTER_MS)) await refreshQuietly();
      return find(serial);
    },
    mayBeGenuine: (serial) => failed && CERTIFICATE_SERIAL.test(serial),
  };
}

/** Whether a merchant with a public key has no certificates: they are told so, or given an empty list. */
function saysNone({ status, body }: GatewayResponse, publicKey: object | undefined): boolean {
  if (publicKey === undefined) return false;
  const answer = readAnswer(body) ?? {};
  if (status === 200) return Array.isArray(answer.data) && answer.data.length === 0;
  return status === 404 && ['RESOURCE_NOT_EXISTS', 'NOT_FOUND'].includes(wordAt(answer, 'code') ?? '');
}
