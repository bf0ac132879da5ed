import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import { wrongSetting } from '../../domain/errors.ts';

/**
 * An app in certificate mode (公钥证书): its numbers go with every request, Alipay's certificate verifies every answer.
 *
 * @see https://opendocs.alipay.com/common/057k53
 */
export interface AppCertificates {
  readonly appCertSn: string;
  readonly rootCertSn: string;
  readonly alipay: X509Certificate;
  readonly roots: readonly X509Certificate[];
}

export const CERTIFICATE_VARIABLES = ['AP_APP_CERT', 'AP_ALIPAY_CERT', 'AP_ROOT_CERT'] as const;
type Variable = (typeof CERTIFICATE_VARIABLES)[number];

const WANTED: Readonly<Record<Variable, { readonly zh: string; readonly en: string }>> = {
  AP_APP_CERT: {
    zh: '请填应用公钥证书（appCertPublicKey_….crt 的内容，路径填到 AP_APP_CERT_FILE）',
    en: "give the app's certificate (what is in appCertPublicKey_….crt; a path belongs in AP_APP_CERT_FILE)",
  },
  AP_ALIPAY_CERT: {
    zh: '请填支付宝公钥证书（alipayCertPublicKey_RSA2.crt 的内容，路径填到 AP_ALIPAY_CERT_FILE）',
    en: "give Alipay's certificate (what is in alipayCertPublicKey_RSA2.crt; a path belongs in AP_ALIPAY_CERT_FILE)",
  },
  AP_ROOT_CERT: {
    zh: '请填支付宝根证书（alipayRootCert.crt 的内容，路径填到 AP_ROOT_CERT_FILE）',
    en: "give Alipay's root certificates (what is in alipayRootCert.crt; a path belongs in AP_ROOT_CERT_FILE)",
  },
};

/** Certificates in a chain, the first and the root included. */
const MAX_CHAIN = 6;
const MIN_BITS = 2048;

/**
 * Reads the three certificates and holds them against each other and the app's key. Throws CONFIGURATION with what is
 * wrong, in one sentence.
 *
 * @param given all three; see {@link CERTIFICATE_VARIABLES}
 */
export function readAppCertificates(
  given: Readonly<Record<Variable, string>>,
  appPrivateKey: KeyObject,
): AppCertificates {
  const app = first('AP_APP_CERT', given.AP_APP_CERT);
  const alipay = first('AP_ALIPAY_CERT', given.AP_ALIPAY_CERT);
  const pairs = (certificate: X509Certificate) => certificate.checkPrivateKey(appPrivateKey);
  if (!pairs(app)) {
    throw pairs(alipay)
      ? wrong('AP_APP_CERT', '与 AP_ALIPAY_CERT 填反了', 'and AP_ALIPAY_CERT are swapped')
      : wrong('AP_APP_CERT', '与 AP_APP_KEY 不是一对', 'does not belong to AP_APP_KEY');
  }
  if (pairs(alipay)) {
    throw wrong('AP_ALIPAY_CERT', '填的是应用自己的证书', "holds the app's own certificate");
  }
  if (!isRsa(alipay)) {
    throw wrong('AP_ALIPAY_CERT', '不是 RSA 证书', 'holds a certificate that is not RSA');
  }
  const roots = certificatesIn(given.AP_ROOT_CERT).filter(isRsa);
  if (roots.length === 0) throw unreadable('AP_ROOT_CERT', given.AP_ROOT_CERT);
  if (!roots.some((root) => root.subject === root.issuer)) {
    throw wrong('AP_ROOT_CERT', '不是根证书', 'holds no root certificate');
  }
  return {
    appCertSn: numberOf('AP_APP_CERT', app),
    rootCertSn: roots.map((root) => numberOf('AP_ROOT_CERT', root)).join('_'),
    alipay,
    roots,
  };
}

/** Throws CONFIGURATION for an app's certificate that has run out: Alipay refuses every call then. */
export function requireInForce(text: string, now: number): void {
  if (now < Date.parse(first('AP_APP_CERT', text).validTo)) return;
  throw wrongSetting(
    'AP_APP_CERT',
    '已过期，请在开放平台更新应用公钥证书，换成新的文件。',
    'has expired: renew the certificate in the open platform and give the new file.',
  );
}

/**
 * Alipay's number of a certificate: MD5 over the issuer, its parts in reverse order, and the decimal serial number.
 * Undefined for an issuer that its tools would write in more than one way.
 */
export function certificateSn(certificate: X509Certificate): string | undefined {
  const parts = certificate.issuer.split('\n');
  if (parts.some((part) => /[,+\\"]|^emailAddress=/i.test(part))) return undefined;
  const text = `${parts.reverse().join(',')}${BigInt(`0x${certificate.serialNumber}`)}`;
  return createHash('md5').update(text).digest('hex');
}

/** Every certificate in a text: PEM with anything around it, its line breaks perhaps escaped, or bare base64. */
export function certificatesIn(text: string): X509Certificate[] {
  // Each pattern fails at once where it cannot go on: whoever sends a long text must not choose how long that takes.
  const plain = text.replace(/["'\s]|(?<!\\)\\+[rn]/g, '');
  const blocks = plain.match(/(?<=-----BEGINCERTIFICATE-----)[^-]*(?=-----ENDCERTIFICATE-----)/g);
  return (blocks ?? [plain]).flatMap((base64) => parse(base64) ?? []);
}

/**
 * The key of a certificate that Alipay has handed out for a number, when it is that one and signed down from a root that
 * the merchant has; undefined for everything else. The first certificate of `pem` counts, the rest may lead up.
 * @param now ms
 */
export function trustedKey(
  pem: string,
  sn: string,
  { roots, alipay }: AppCertificates,
  now: number,
): KeyObject | undefined {
  const [leaf, ...between] = certificatesIn(pem);
  if (leaf === undefined || !isRsa(leaf) || certificateSn(leaf) !== sn) return undefined;
  // Under the same roots stand the certificates of every merchant's app.
  const own = organisation(alipay);
  if (own === undefined || organisation(leaf) !== own) return undefined;
  const inForce = (one: X509Certificate) => Date.parse(one.validFrom) <= now && now < Date.parse(one.validTo);
  let below = leaf;
  for (let length = 1; length < MAX_CHAIN; length += 1) {
    if (!inForce(below)) return undefined;
    const root = roots.find((one) => isIssuer(one, below));
    if (root) return inForce(root) ? leaf.publicKey : undefined;
    const next = between.find((one) => one.ca && isIssuer(one, below));
    if (next === undefined) return undefined;
    below = next;
  }
  return undefined;
}

function isIssuer(issuer: X509Certificate, of: X509Certificate): boolean {
  return of.checkIssued(issuer) && of.verify(issuer.publicKey);
}

function organisation({ subject }: X509Certificate): string | undefined {
  return /^O=(.*)/m.exec(subject)?.[1];
}

function first(variable: Variable, text: string): X509Certificate {
  const [certificate] = certificatesIn(text);
  if (certificate === undefined) throw unreadable(variable, text);
  return certificate;
}

function isRsa(certificate: X509Certificate): boolean {
  const key = attempt(() => certificate.publicKey);
  return key?.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_BITS;
}

function numberOf(variable: Variable, certificate: X509Certificate): string {
  const sn = certificateSn(certificate);
  if (sn !== undefined) return sn;
  throw wrong(
    variable,
    '的颁发者名称含有逗号等特殊字符，无法算出支付宝的证书序列号',
    "has an issuer's name with commas or the like, of which Alipay's number cannot be computed",
  );
}

function unreadable(variable: Variable, text: string): Error {
  if (/PRIVATE KEY/.test(text)) return wrong(variable, '填的是私钥', 'holds a private key');
  if (/PUBLIC KEY|^MIIBIjANBgkq/.test(text)) {
    return wrong(variable, '填的是公钥，不是证书', 'holds a public key, not a certificate');
  }
  return wrong(variable, '不是可以识别的证书', 'cannot be read as a certificate');
}

function wrong(variable: Variable, zh: string, en: string): Error {
  return wrongSetting(variable, `${zh}，${WANTED[variable].zh}。`, `${en}: ${WANTED[variable].en}.`);
}

function parse(base64: string): X509Certificate | undefined {
  return /^[A-Za-z0-9+/]{64,}={0,2}$/.test(base64)
    ? attempt(() => new X509Certificate(Buffer.from(base64, 'base64')))
    : undefined;
}

/** OpenSSL's own message may quote the input, so it is dropped. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
