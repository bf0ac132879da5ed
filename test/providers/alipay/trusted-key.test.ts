import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  certificateSn,
  readAppCertificates,
  trustedKey,
} from '../../../src/providers/alipay/certificates.ts';
import {
  appCert,
  CERTIFICATES,
  DAY,
  MIDDLE,
  make,
  middleCert,
  middleKeys,
  name,
  newKeys,
  ROOT,
  rootCert,
  rootKeys,
  second,
} from './certificate-world.ts';
import { appKeys, NOW, strangerKeys } from './fake-gateway.ts';

/** Whether Alipay's new certificate, the first of these, is trusted at an instant (ms), here with what the merchant has. */
function isTrusted(
  chain: readonly string[],
  at = NOW,
  own: Partial<typeof CERTIFICATES> = {},
  sn = certificateSn(new X509Certificate(chain[0] ?? '')) ?? '',
): boolean {
  const certificates = readAppCertificates({ ...CERTIFICATES, ...own }, appKeys.privateKey);
  const key = trustedKey(chain.join(''), sn, certificates, at);
  if (key) expect(key.equals(new X509Certificate(chain[0] ?? '').publicKey)).toBe(true);
  return key !== undefined;
}
const leaf = (more: Parameters<typeof make>[0] = {}) =>
  make({ publicKey: newKeys.publicKey, serial: '2026010203', ...more });
/** An authority, and what is under it. Each has the same keys and another name. */
const authority = (cn: string, issuer = ROOT, more: Parameters<typeof make>[0] = {}) =>
  make({ subject: name(cn), issuer, publicKey: middleKeys.publicKey, serial: '77', ca: true, ...more });
const under = (cn: string) => ({ name: name(cn), privateKey: middleKeys.privateKey });

describe("Alipay's new certificate", () => {
  it('is trusted under a root of the merchant, directly or through authorities, in any order', () => {
    expect(isTrusted([leaf({ issuer: ROOT })])).toBe(true);
    expect(isTrusted([leaf(), middleCert])).toBe(true);
    expect(isTrusted([leaf(), appCert, middleCert])).toBe(true);
    expect(isTrusted([leaf({ issuer: under('B') }), authority('A'), authority('B', under('A'))])).toBe(true);
  });

  it('is trusted through four authorities and not through five', () => {
    const authorities = ['A', 'B', 'C', 'D', 'E'].map((cn, i, all) =>
      authority(cn, i === 0 ? ROOT : under(all[i - 1] ?? '')),
    );
    expect(isTrusted([leaf({ issuer: under('D') }), ...authorities])).toBe(true);
    expect(isTrusted([leaf({ issuer: under('E') }), ...authorities])).toBe(false);
  });

  it('is the one that was asked for', () => {
    const other = certificateSn(new X509Certificate(leaf({ serial: '2026010204' })));
    expect(isTrusted([leaf(), middleCert], NOW, {}, other)).toBe(false);
  });

  it('has an RSA key of 2048 bits or more', () => {
    const { publicKey: ec } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { publicKey: short } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    for (const publicKey of [ec, short]) expect(isTrusted([leaf({ publicKey }), middleCert])).toBe(false);
  });

  it("is Alipay's own, by its organisation and nothing that looks like one", () => {
    const of = (...subject: Parameters<typeof name>) =>
      isTrusted([leaf({ subject: name(...subject) }), middleCert]);
    expect(of('another name', '支付宝')).toBe(true);
    expect(of('shop', '商户')).toBe(false);
    expect(of('支付宝', '商户')).toBe(false);
    expect(of('shop', '支付宝的商户')).toBe(false);
    const subject = [
      ['CN', 'O=支付宝'],
      ['O', '商户'],
    ] as const;
    expect(isTrusted([leaf({ subject }), middleCert])).toBe(false);
  });

  it("is none without an organisation, neither its own nor in the merchant's file", () => {
    const nobody = { subject: [['CN', 'Alipay']] as const };
    expect(isTrusted([leaf(nobody), middleCert])).toBe(false);
    expect(isTrusted([leaf(nobody), middleCert], NOW, { AP_ALIPAY_CERT: make(nobody) })).toBe(false);
  });

  it('is not trusted under what may sign no others, or under a stranger', () => {
    const shop = name('shop', '商户');
    const byShop = { name: shop, privateKey: strangerKeys.privateKey };
    const merchant = make({ subject: shop, publicKey: strangerKeys.publicKey, serial: '55' });
    expect(isTrusted([leaf({ issuer: byShop }), merchant, middleCert])).toBe(false);
    const asAuthority = make({ subject: shop, publicKey: strangerKeys.publicKey, serial: '55', ca: true });
    expect(isTrusted([leaf({ issuer: byShop }), asAuthority, middleCert]), 'what the root lets sign').toBe(
      true,
    );
    const forged = { ...MIDDLE, privateKey: strangerKeys.privateKey };
    expect(isTrusted([leaf({ issuer: forged }), middleCert])).toBe(false);
    const ownRoot = make({
      subject: ROOT.name,
      issuer: byShop,
      publicKey: strangerKeys.publicKey,
      serial: '1',
      ca: true,
    });
    expect(isTrusted([leaf({ issuer: byShop }), ownRoot])).toBe(false);
    expect(isTrusted([leaf()]), 'its authority is missing').toBe(false);
    const itself = make({
      subject: shop,
      issuer: byShop,
      publicKey: strangerKeys.publicKey,
      serial: '56',
      ca: true,
    });
    expect(isTrusted([leaf({ issuer: byShop }), itself, middleCert])).toBe(false);
  });

  const from = second - DAY;
  const until = second + DAY;
  const short = { from, until };
  it.each<[string, string[], string]>([
    ['it is', [leaf(short), middleCert], rootCert],
    ['its authority is', [leaf(), authority('Demo Class 2 R1', ROOT, short)], rootCert],
    [
      'the root is',
      [leaf(), middleCert],
      make({
        subject: ROOT.name,
        issuer: ROOT,
        publicKey: rootKeys.publicKey,
        serial: '1234',
        ca: true,
        ...short,
      }),
    ],
  ])('is trusted while %s in force', (_what, chain, AP_ROOT_CERT) => {
    const at = [from - 1, from, until - 1, until].map((instant) =>
      isTrusted(chain, instant, { AP_ROOT_CERT }),
    );
    expect(at).toEqual([false, true, true, false]);
  });
});
