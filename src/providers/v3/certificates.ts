import { type KeyObject, X509Certificate } from 'node:crypto';
import type { Text } from '../../domain/errors.ts';
import { GatewayDeclined, GatewayUnavailable } from '../contract.ts';
import type { GatewayResponse } from '../gateway-http.ts';
import { type Answer, asObject, objectAt, readAnswer, requestIdOf, textAt, wordAt } from './answer.ts';
import { openSealed } from './cipher.ts';
import type { Refused } from './exchange.ts';
import { isRsa } from './keys.ts';
import type { VerifySignature } from './verifier.ts';

/** A certificate with which a gateway signs. Instants in ms. */
export interface PlatformCertificate {
  readonly key: KeyObject;
  readonly from: number;
  readonly until: number;
}

/** How a gateway hands out the certificates that it signs with. */
export interface CertificateWords {
  /** Of the list, and in each of its entries of the sealed certificate's ciphertext. */
  readonly list: string;
  readonly ciphertext: string;
  /** Under which an entry names the certificate, where messages may go by that name as well as by its own number. */
  readonly names: readonly string[];
  /** Whether a list counts by its seals alone as long as there is no key to verify it with. */
  readonly sealsSuffice: boolean;
  readonly verifySignature: VerifySignature;
  /** What a status of 400 to 499 means; unproven by nature, for there may be no key yet to prove it with. */
  refusal(refused: Refused<'certificates'>): Error;
  /** What to do when a certificate does not open: almost always the wrong key, and never mended by trying again. */
  readonly checkKey: Text;
}

const ALGORITHM = 'AEAD_AES_256_GCM';

/**
 * Reads a list of platform certificates into a map by the names that messages give them. Every one must open with the
 * API key, which only the gateway and the merchant have; then the answer's own signature must fit one of them (or one
 * that was known before), as in the official SDKs.
 */
export async function readCertificates(
  response: GatewayResponse,
  context: {
    readonly apiKey: KeyObject;
    readonly known: (serial: string) => KeyObject | undefined;
    readonly isFirst: boolean;
    readonly now: number;
  },
  words: CertificateWords,
): Promise<ReadonlyMap<string, PlatformCertificate>> {
  const { apiKey, known, isFirst, now } = context;
  const { status, headers, body } = response;
  const answer = readAnswer(body);
  if (status >= 400 && status < 500) {
    throw words.refusal({
      ...{ operation: 'certificates', status, code: wordAt(answer, 'code'), signed: false },
      requestId: requestIdOf(headers),
    });
  }
  if (status !== 200) throw new GatewayUnavailable(`certificates-http-${status}`);
  const entries = answer?.[words.list];
  if (!Array.isArray(entries) || entries.length === 0)
    throw new GatewayUnavailable('certificates-unreadable');
  const brought = new Map(entries.flatMap((entry) => openEntry(asObject(entry), apiKey, words)));
  if (isFirst && words.sealsSuffice) return brought;
  const keyFor = async (serial: string): Promise<KeyObject | undefined> => {
    const certificate = brought.get(serial);
    return certificate && certificate.from <= now && now < certificate.until
      ? certificate.key
      : known(serial);
  };
  if ((await words.verifySignature(response, keyFor, now)) !== 'ok') {
    throw new GatewayUnavailable('certificates-bad-signature');
  }
  return brought;
}

/** The serial number is the certificate's own, and what the list says of it can only shorten its life. */
function openEntry(
  entry: Answer | undefined,
  apiKey: KeyObject,
  words: CertificateWords,
): [string, PlatformCertificate][] {
  const sealed = objectAt(entry, 'encrypt_certificate');
  const ciphertext = textAt(sealed, words.ciphertext);
  const nonce = textAt(sealed, 'nonce');
  // The algorithm is ours; the message may name no other.
  if (ciphertext === undefined || nonce === undefined || (sealed?.algorithm ?? ALGORITHM) !== ALGORITHM) {
    throw new GatewayUnavailable('certificates-unreadable');
  }
  const associatedData = textAt(sealed, 'associated_data') ?? '';
  const pem = openSealed({ ciphertext, nonce, associatedData }, apiKey);
  if (!pem) {
    throw new GatewayDeclined('credentials', 'CERTIFICATES_UNDECRYPTABLE', false, undefined, words.checkKey);
  }
  const certificate = parseCertificate(pem);
  const listed = Date.parse(textAt(entry, 'expire_time') ?? '');
  const until = Date.parse(certificate.validTo);
  const platform = {
    key: certificate.publicKey,
    from: Date.parse(certificate.validFrom),
    until: Number.isNaN(listed) ? until : Math.min(listed, until),
  };
  const own = certificate.serialNumber.toUpperCase();
  return [own, ...words.names.map((name) => textAt(entry, name) ?? own)].map((name) => [name, platform]);
}

function parseCertificate(pem: Buffer): X509Certificate {
  try {
    const certificate = new X509Certificate(pem);
    if (isRsa(certificate.publicKey)) return certificate;
  } catch {
    // reported below, with the keys that are not RSA
  }
  throw new GatewayUnavailable('certificates-unreadable');
}
