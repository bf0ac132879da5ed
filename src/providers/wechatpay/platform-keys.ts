import type { KeyObject } from 'node:crypto';
import type { Clock } from '../../domain/clock.ts';
import { GatewayUnavailable, OutcomeUnknown } from '../contract.ts';
import type { GatewayResponse } from '../gateway-http.ts';
import { type PlatformCertificate, readCertificates } from './certificates.ts';
import type { KeyFor } from './verifier.ts';

/** The keys with which WeChat Pay signs what it says. */
export interface PlatformKeys {
  /** Resolves once there is a key to verify answers with; throws what the caller may pass on: nothing was sent yet. */
  ready(): Promise<void>;
  readonly keyFor: KeyFor;
  /** Whether the latest download failed: then a serial number that is not known may be genuine all the same. */
  refreshFailed(): boolean;
}

/** ms; WeChat Pay asks for less than 12 h, a new certificate is listed 24 h before it is used. */
const REFRESH_AFTER_MS = 12 * 3_600_000;
/** ms; so that forged serial numbers cannot set off a storm of downloads. */
const ATTEMPT_EVERY_MS = 60_000;

/**
 * Public-key mode: one key, which does not expire.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4013038816
 */
export function pinnedKey(id: string, key: KeyObject): PlatformKeys {
  const keys = new Map([[id, key]]);
  return {
    async ready() {},
    keyFor: async (serial) => keys.get(serial),
    refreshFailed: () => false,
  };
}

/**
 * Platform-certificate mode: downloaded before the first call, again every 12 h, when they run out, and for a serial
 * number never seen.
 * @param download sends the signed `GET /v3/certificates`
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012068814
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012068829
 */
export function downloadedKeys(
  download: () => Promise<GatewayResponse>,
  apiV3Key: KeyObject,
  clock: Clock,
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
      certificates = await readCertificates(response, { apiV3Key, known: find, now: clock.now() });
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
      if (find(serial) === undefined || older(fetchedAt, REFRESH_AFTER_MS)) await refreshQuietly();
      return find(serial);
    },
    refreshFailed: () => failed,
  };
}
