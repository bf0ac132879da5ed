import type { KeyObject } from 'node:crypto';
import type { Clock } from '../../domain/clock.ts';
import type { Log } from '../../domain/ports.ts';
import { GatewayUnavailable, OutcomeUnknown } from '../contract.ts';
import { type Answer, certSnOf, readAnswer, readUnproven } from './answer.ts';
import { type AppCertificates, certificateSn, trustedKey } from './certificates.ts';
import type { AlipayConfig } from './config.ts';
import { CERTIFICATE_DOWNLOAD, type Plan } from './plan.ts';
import type { Trust } from './signature.ts';

/** Reads answers with whatever key proves them. */
export interface Verification {
  /** As {@link readAnswer}; in certificate mode it may fetch Alipay's new certificate first. */
  read(body: Buffer, method: string, requestId: string | undefined): Promise<Answer>;
  /** Every key that counts now, for notifications, which do not say which. */
  trusted(): readonly Trust[];
}

interface Ports {
  readonly clock: Clock;
  readonly log?: Log | undefined;
}

/** ms; so that forged numbers cannot set off a storm of downloads. */
const ATTEMPT_EVERY_MS = 60_000;

/**
 * Whose word counts for this app.
 *
 * @param send makes one call and gives its answer unread
 */
export function verification(
  config: AlipayConfig,
  send: (plan: Plan) => Promise<Buffer>,
  ports: Ports,
): Verification {
  const { certificates } = config;
  if (certificates !== undefined) return renewable(config, certificates, send, ports);
  return {
    read: async (body, method, requestId) => readAnswer(body, method, config, requestId),
    trusted: () => [config],
  };
}

/**
 * Alipay renews its certificate about every five years, with a new number and the old key. The known key is tried first
 * whatever number an answer names, for no signature covers the number. Only where that key fails is the named
 * certificate asked for, once at a time and a minute, and it counts when it leads up to the merchant's own root file.
 *
 * @see https://opendocs.alipay.com/common/02kf5r
 */
function renewable(
  config: AlipayConfig,
  certificates: AppCertificates,
  send: (plan: Plan) => Promise<Buffer>,
  { clock, log }: Ports,
): Verification {
  const { signType } = config;
  const known = certificateSn(certificates.alipay);
  const fetched = new Map<string, KeyObject>();
  const told = new Set<string>();
  let attemptedAt = Number.NEGATIVE_INFINITY;
  let pending: Promise<void> | undefined;

  async function download(sn: string): Promise<void> {
    attemptedAt = clock.now();
    try {
      const body = await send({
        method: CERTIFICATE_DOWNLOAD,
        biz_content: JSON.stringify({ alipay_cert_sn: sn }),
      });
      // Its own signature cannot be checked yet; the certificate inside has to prove itself.
      const content = readUnproven(body, CERTIFICATE_DOWNLOAD).get('alipay_cert_content') ?? '';
      const key = trustedKey(Buffer.from(content, 'base64').toString(), sn, certificates, clock.now());
      if (key) fetched.set(sn, key);
      log?.warn(key ? "Alipay's new certificate is trusted" : "Alipay's certificate cannot be trusted", {
        sn,
      });
    } catch (error) {
      if (!(error instanceof OutcomeUnknown || error instanceof GatewayUnavailable)) throw error;
      log?.warn("Alipay's certificate could not be fetched", { sn, why: error.detail });
    }
  }

  async function keyOf(sn: string): Promise<KeyObject | undefined> {
    const isDue = Math.abs(clock.now() - attemptedAt) >= ATTEMPT_EVERY_MS;
    if (!fetched.has(sn) && (pending !== undefined || isDue)) {
      pending ??= download(sn).finally(() => {
        pending = undefined;
      });
      await pending;
    }
    return fetched.get(sn);
  }

  return {
    async read(body, method, requestId) {
      const sn = certSnOf(body);
      try {
        const answer = readAnswer(body, method, config, requestId);
        if (answer.proven && sn !== undefined && sn !== known && !told.has(sn)) {
          told.add(sn);
          log?.warn("Alipay's certificate has changed, its key has not: renew AP_ALIPAY_CERT", { sn });
        }
        return answer;
      } catch (error) {
        const isForged = error instanceof OutcomeUnknown && error.detail === 'bad-signature';
        if (!isForged || sn === undefined || sn === known) throw error;
        const alipayPublicKey = await keyOf(sn);
        if (alipayPublicKey === undefined) throw error;
        return readAnswer(body, method, { alipayPublicKey, signType }, requestId);
      }
    },
    trusted: () => [
      config,
      ...[...fetched.values()].map((alipayPublicKey) => ({ alipayPublicKey, signType })),
    ],
  };
}
