import type { KeyObject } from 'node:crypto';
import type { Clock } from '../../domain/clock.ts';
import { GatewayUnavailable, OutcomeUnknown } from '../contract.ts';
import type { GatewayResponse } from '../gateway-http.ts';
import { type CertificateWords, type PlatformCertificate, readCertificates } from './certificates.ts';
import type { KeyFor } from './verifier.ts';

/** The keys with which a gateway signs what it says. */
export interface PlatformKeys {
  /**
   * Resolves once there is a key to verify answers with, to whether they had to be asked for; throws what the caller may
   * pass on: nothing was sent yet.
   */
  ready(): Promise<boolean>;
  readonly keyFor: KeyFor;
  /** Whether a serial number that is not known may be genuine all the same: the latest download failed. */
  mayBeGenuine(serial: string): boolean;
}

interface Downloading {
  /** Sends the signed question for the list. */
  download(): Promise<GatewayResponse>;
  readonly words: CertificateWords;
  /** As the gateway writes the name of a certificate; anything else sets off no search for one. */
  readonly serial: RegExp;
  /** ms after which the list is asked for again. */
  readonly refreshAfterMs: number;
  readonly apiKey: KeyObject;
  readonly clock: Clock;
  /** A key that signs the list as well, where the merchant has one. */
  readonly pinned?: { readonly id: string; readonly key: KeyObject };
  /** Whether an answer says that there is no certificate, and that is nothing unusual. */
  saysNone?(response: GatewayResponse): boolean;
}

/** ms; so that forged serial numbers cannot set off a storm of downloads. */
const ATTEMPT_EVERY_MS = 60_000;

/** Platform certificates: downloaded before the first call, again by and by, when they run out, and for one never seen. */
export function downloadedKeys(from: Downloading): PlatformKeys {
  const { clock, words, pinned } = from;
  let certificates: ReadonlyMap<string, PlatformCertificate> = new Map();
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let attemptedAt = Number.NEGATIVE_INFINITY;
  let failed = false;
  let pending: Promise<void> | undefined;

  const valid = (certificate: PlatformCertificate | undefined): certificate is PlatformCertificate => {
    const now = clock.now();
    return certificate !== undefined && certificate.from <= now && now < certificate.until;
  };
  const isFirst = () => ![...certificates.values()].some(valid);
  const find = (serial: string): KeyObject | undefined => {
    const certificate = certificates.get(serial);
    return valid(certificate) ? certificate.key : undefined;
  };
  // Either way round: a clock that was set back must not stop the downloads.
  const older = (than: number, ms: number): boolean => Math.abs(clock.now() - than) >= ms;

  async function fetchAll(): Promise<void> {
    attemptedAt = clock.now();
    try {
      const response = await from.download();
      const known = (serial: string) => (serial === pinned?.id ? pinned.key : find(serial));
      if (!from.saysNone?.(response)) {
        const context = { apiKey: from.apiKey, known, isFirst: isFirst(), now: clock.now() };
        certificates = await readCertificates(response, context, words);
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
      const first = isFirst();
      const isDue = first || older(fetchedAt, from.refreshAfterMs);
      if (first) await refresh();
      else if (isDue) await refreshQuietly();
      return isDue;
    },
    async keyFor(serial) {
      if (!from.serial.test(serial)) return undefined;
      if (find(serial) === undefined || older(fetchedAt, from.refreshAfterMs)) await refreshQuietly();
      return find(serial);
    },
    mayBeGenuine: (serial) => failed && from.serial.test(serial),
  };
}
