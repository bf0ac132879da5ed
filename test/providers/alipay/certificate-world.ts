import { type CertificateTerms, certificatePem, type Name } from '../../../src/simulator/certificate.ts';
import { PAIRS } from '../../support/rsa.ts';
import { alipayKeys, appKeys, NOW, strangerKeys } from './fake-gateway.ts';

/** ms; now, as a certificate can say it. */
export const second = Math.floor(NOW / 1000) * 1000;
export const DAY = 86_400_000;
const terms = { from: second - 10 * DAY, until: second + 300 * DAY };

export const [, , , rootKeys, middleKeys, newKeys] = PAIRS;
const name = (cn: string, o = 'Demo'): Name => [
  ['C', 'CN'],
  ['O', o],
  ['CN', cn],
];
const ROOT = { name: name('Demo Root'), privateKey: rootKeys.privateKey };
const MIDDLE = { name: name('Demo Class 2 R1'), privateKey: middleKeys.privateKey };

/** A root, an authority under it, and under that Alipay's certificate and the app's. */
export const make = (more: Partial<CertificateTerms> = {}) =>
  certificatePem({
    ...terms,
    subject: name('Alipay', '支付宝'),
    issuer: MIDDLE,
    publicKey: alipayKeys.publicKey,
    serial: '2021010203',
    ...more,
  });
export const rootCert = make({
  subject: ROOT.name,
  issuer: ROOT,
  publicKey: rootKeys.publicKey,
  serial: '1234',
  ca: true,
});
export const middleCert = make({
  subject: MIDDLE.name,
  issuer: ROOT,
  publicKey: middleKeys.publicKey,
  serial: '77',
  ca: true,
});
export const alipayCert = make();
export const appCert = make({
  subject: name('2021004100000001', '商户'),
  publicKey: appKeys.publicKey,
  serial: '99',
});
export const strangerCert = make({
  publicKey: strangerKeys.publicKey,
  issuer: { ...MIDDLE, privateKey: strangerKeys.privateKey },
});

export const CERTIFICATES = {
  AP_PUB_KEY: '',
  AP_APP_CERT: appCert,
  AP_ALIPAY_CERT: `${alipayCert}${middleCert}`,
  AP_ROOT_CERT: rootCert,
};
export { MIDDLE, name, ROOT };
