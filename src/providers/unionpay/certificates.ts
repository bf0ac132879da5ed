import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { wrongSetting } from '../../domain/errors.ts';

/** Who signs for the merchant. */
export interface MerchantCertificate {
  readonly key: KeyObject;
  /** The certificate's serial number in decimal, which names it in every request. */
  readonly certId: string;
  readonly certificate: X509Certificate;
}

/** A PKCS#12 container that was opened: PEM. */
export interface Opened {
  readonly key: string;
  readonly certificates: readonly string[];
}

/** Opens PKCS#12, which Node has no means for; undefined where the password is another. Throws for what is none. */
export type OpenPkcs12 = (der: Buffer, password: string) => Opened | undefined;

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;
const PEM_KEY =
  /-----BEGIN (?:RSA |ENCRYPTED )?PRIVATE KEY-----[\s\S]+?-----END (?:RSA |ENCRYPTED )?PRIVATE KEY-----/;

/** Whether a value is PKCS#12 (its bytes in base64) and not key and certificate as PEM. */
export function isPkcs12(value: string): boolean {
  return !value.includes('-----BEGIN');
}

/**
 * Reads UNIONPAY_CERT: PKCS#12 as UnionPay issues it, in base64, or a private key and its certificate as PEM.
 * Throws CONFIGURATION.
 */
export function readMerchantCertificate(
  value: string,
  password: string,
  open: OpenPkcs12 | undefined,
): MerchantCertificate {
  const { key: pem, certificates } = isPkcs12(value) ? opened(value, password, open) : asPem(value);
  const key = attempt(() => createPrivateKey({ key: pem, passphrase: password }));
  if (key?.asymmetricKeyType !== 'rsa') {
    throw wrongSetting(
      'UNIONPAY_CERT',
      '里没有可用的 RSA 私钥，请用银联商户服务平台下载的 .pfx 签名证书（UNIONPAY_CERT_FILE）。',
      'holds no RSA private key that can be used: give the .pfx signing certificate from the UnionPay merchant platform (UNIONPAY_CERT_FILE).',
    );
  }
  const certificate = certificates
    .flatMap((text) => attempt(() => new X509Certificate(text)) ?? [])
    .find((one) => one.checkPrivateKey(key));
  if (!certificate) {
    throw wrongSetting(
      'UNIONPAY_CERT',
      '里没有与私钥配对的证书，请重新下载 .pfx 签名证书。',
      'holds no certificate of its private key: download the .pfx signing certificate again.',
    );
  }
  return { key, certId: BigInt(`0x${certificate.serialNumber}`).toString(), certificate };
}

function opened(value: string, password: string, open: OpenPkcs12 | undefined): Opened {
  const der = fromBase64(value);
  if (der === undefined) throw unreadable();
  let result: Opened | undefined;
  try {
    result = open?.(der, password);
  } catch {
    throw unreadable();
  }
  if (result) return result;
  throw wrongSetting(
    'UNIONPAY_CERT_PASSWORD',
    '打不开 UNIONPAY_CERT：密码不对，请填下载 .pfx 证书时设置的密码。',
    'does not open UNIONPAY_CERT: put the password that the .pfx certificate was downloaded with.',
  );
}

function unreadable(): Error {
  return wrongSetting(
    'UNIONPAY_CERT',
    '不是可以识别的 PKCS#12（.pfx）证书，请用 UNIONPAY_CERT_FILE 指向该文件。',
    'cannot be read as a PKCS#12 (.pfx) certificate: point UNIONPAY_CERT_FILE at that file.',
  );
}

function asPem(value: string): Opened {
  const text = value.replaceAll('\\n', '\n');
  return { key: PEM_KEY.exec(text)?.[0] ?? '', certificates: text.match(PEM_CERTIFICATE) ?? [] };
}

/** The certificates above UnionPay's own: whom it must come from. */
export interface Authority {
  readonly root: X509Certificate;
  readonly middle: X509Certificate;
}

/** Reads UNIONPAY_ROOT_CERT and UNIONPAY_MIDDLE_CERT. Throws CONFIGURATION, also where one is not under the other. */
export function readAuthority(root: string, middle: string): Authority {
  const [above, below] = [
    readCertificate('UNIONPAY_ROOT_CERT', root),
    readCertificate('UNIONPAY_MIDDLE_CERT', middle),
  ];
  if (!isUnder(above, above)) {
    throw wrongSetting(
      'UNIONPAY_ROOT_CERT',
      '不是根证书（不是自签名），请填银联提供的 acp_prod_root.cer（测试环境 acp_test_root.cer）。',
      'is no root certificate, for it is not signed by itself: give acp_prod_root.cer (acp_test_root.cer for the test environment).',
    );
  }
  if (isUnder(below, above)) return { root: above, middle: below };
  throw wrongSetting(
    'UNIONPAY_MIDDLE_CERT',
    '不是 UNIONPAY_ROOT_CERT 签发的，请填同一套的 acp_prod_middle.cer（测试环境 acp_test_middle.cer）。',
    'was not issued under UNIONPAY_ROOT_CERT: give acp_prod_middle.cer (acp_test_middle.cer for the test environment) of the same set.',
  );
}

function readCertificate(variable: string, value: string): X509Certificate {
  const text = value.replaceAll('\\n', '\n');
  const [pem, ...more] = text.match(PEM_CERTIFICATE) ?? [];
  const read = attempt(() => new X509Certificate(pem ?? fromBase64(text) ?? ''));
  if (read && more.length === 0) return read;
  throw wrongSetting(
    variable,
    '不是可以识别的证书（一个 PEM 或 DER 文件），请填银联提供的证书文件。',
    'cannot be read as one certificate (PEM or DER): give the file that UnionPay provides.',
  );
}

function isUnder(certificate: X509Certificate, above: X509Certificate): boolean {
  return above.ca && certificate.checkIssued(above) && certificate.verify(above.publicKey);
}

function isInForce({ validFrom, validTo }: X509Certificate, now: number): boolean {
  return Date.parse(validFrom) <= now && now <= Date.parse(validTo);
}

const UNIONPAY = '中国银联股份有限公司';
/** As which UnionPay signs in its test environment. */
const TEST_SIGNER = '00040000:SIGN';

/** Every merchant has a certificate of the same issuer: the name tells UnionPay's from theirs. */
function isUnionpays({ subject }: X509Certificate, sandbox: boolean): boolean {
  const names = subject.split('\n').filter((line) => line.startsWith('CN='));
  const [name = ''] = names;
  // `041@8310000000083040@中国银联股份有限公司@00016495`
  const parts = name.slice('CN='.length).split('@');
  const who = parts.length === 1 ? parts[0] : parts[2];
  return names.length === 1 && (who === UNIONPAY || (sandbox && who === TEST_SIGNER));
}

/** Certificates that were looked at; UnionPay signs with one or two. */
const MOST_KNOWN = 8;
/** Characters; UnionPay's has some 1,700. What is longer is not searched, for that takes time with the square of it. */
const MOST_PEM = 8_192;

/** Tells whose key it is that a message says it is signed with; undefined: not provably UnionPay's, or not now. */
export type SignerOf = (pem: string | undefined, now: number) => KeyObject | undefined;

export function signers({ root, middle }: Authority, sandbox: boolean): SignerOf {
  const known = new Map<string, X509Certificate>();
  return (pem, now) => {
    if (pem === undefined || pem.length > MOST_PEM) return undefined;
    const id = createHash('sha256').update(pem).digest('hex');
    const certificate = known.get(id) ?? examined(pem);
    if (certificate === undefined) return undefined;
    if (!known.has(id) && known.size < MOST_KNOWN) known.set(id, certificate);
    return [certificate, middle, root].every((one) => isInForce(one, now))
      ? certificate.publicKey
      : undefined;
  };

  function examined(pem: string): X509Certificate | undefined {
    const [only, ...more] = pem.match(PEM_CERTIFICATE) ?? [];
    if (only === undefined || more.length > 0 || only !== pem.trim()) return undefined;
    const certificate = attempt(() => new X509Certificate(only));
    // One can be read whose key cannot.
    const publicKey = attempt(() => certificate?.publicKey);
    const isStrong =
      publicKey?.asymmetricKeyType === 'rsa' && (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
    const isOurs = certificate && isStrong && !certificate.ca && isUnder(certificate, middle);
    return isOurs && isUnionpays(certificate, sandbox) ? certificate : undefined;
  }
}

/** The bytes of a file in base64, however it is broken into lines; undefined for what is none. */
function fromBase64(text: string): Buffer | undefined {
  const bare = text.replace(/\s/g, '');
  return /^[A-Za-z0-9+/]{64,}={0,2}$/.test(bare) ? Buffer.from(bare, 'base64') : undefined;
}

/** OpenSSL's own message may quote the input, so it is dropped. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
