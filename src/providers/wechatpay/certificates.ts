import { type KeyObject, X509Certificate } from 'node:crypto';
import type { Text } from '../../domain/errors.ts';
import { GatewayDeclined, GatewayUnavailable } from '../contract.ts';
import type { GatewayResponse } from '../gateway-http.ts';
import { type Answer, asObject, objectAt, readAnswer, requestIdOf, textAt, wordAt } from './answer.ts';
import { openSealed } from './cipher.ts';
import { refusal } from './errors.ts';
import { isRsa } from './keys.ts';
import { verifySignature } from './verifier.ts';

/** A certificate with which WeChat Pay signs. Instants in ms. */
export interface PlatformCertificate {
  readonly key: KeyObject;
  readonly from: number;
  readonly until: number;
}

/**
 * Reads the answer of `GET /v3/certificates` into a map by serial number. Every certificate must open with the APIv3
 * key, which only WeChat Pay and the merchant have; then the answer's own signature must fit one of them (or one that
 * was known before), as in the official SDKs.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012068814
 */
export async function readCertificates(
  response: GatewayResponse,
  context: {
    readonly apiV3Key: KeyObject;
    readonly known: (serial: string) => KeyObject | undefined;
    readonly now: number;
  },
): Promise<ReadonlyMap<string, PlatformCertificate>> {
  const { apiV3Key, known, now } = context;
  const answer = readAnswer(response.body);
  if (response.status >= 400 && response.status < 500) {
    // Unproven by nature: there is no key yet to prove it with.
    throw refusal({
      operation: 'certificates',
      status: response.status,
      code: wordAt(answer, 'code'),
      signed: false,
      requestId: requestIdOf(response.headers),
    });
  }
  if (response.status !== 200) throw new GatewayUnavailable(`certificates-http-${response.status}`);
  const entries = answer?.data;
  if (!Array.isArray(entries) || entries.length === 0)
    throw new GatewayUnavailable('certificates-unreadable');
  const brought = new Map(entries.map((entry) => openEntry(asObject(entry), apiV3Key)));
  const keyFor = async (serial: string): Promise<KeyObject | undefined> => {
    const certificate = brought.get(serial);
    return certificate && certificate.from <= now && now < certificate.until
      ? certificate.key
      : known(serial);
  };
  if ((await verifySignature(response, keyFor, now)) !== 'ok') {
    throw new GatewayUnavailable('certificates-bad-signature');
  }
  return brought;
}

/** Almost always the wrong key, and never mended by trying again. */
const CHECK_KEY: Text = {
  zh: '请商家检查 WXPAY_API_V3_KEY（APIv3 密钥），然后用相同参数和单号重试。',
  en: 'Ask the merchant to check WXPAY_API_V3_KEY (the APIv3 key), then call again with the same arguments and numbers.',
};

/** The serial number is the certificate's own, and what the list says of it can only shorten its life. */
function openEntry(entry: Answer | undefined, apiV3Key: KeyObject): [string, PlatformCertificate] {
  const sealed = objectAt(entry, 'encrypt_certificate');
  const ciphertext = textAt(sealed, 'ciphertext');
  const nonce = textAt(sealed, 'nonce');
  if (ciphertext === undefined || nonce === undefined || textAt(sealed, 'algorithm') !== 'AEAD_AES_256_GCM') {
    throw new GatewayUnavailable('certificates-unreadable');
  }
  const associatedData = textAt(sealed, 'associated_data') ?? '';
  const pem = openSealed({ ciphertext, nonce, associatedData }, apiV3Key);
  if (!pem) {
    throw new GatewayDeclined('credentials', 'CERTIFICATES_UNDECRYPTABLE', false, undefined, CHECK_KEY);
  }
  const certificate = parseCertificate(pem);
  const listed = Date.parse(textAt(entry, 'expire_time') ?? '');
  const until = Date.parse(certificate.validTo);
  return [
    certificate.serialNumber.toUpperCase(),
    {
      key: certificate.publicKey,
      from: Date.parse(certificate.validFrom),
      until: Number.isNaN(listed) ? until : Math.min(listed, until),
    },
  ];
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
