import { certificatePem, type Name } from '../certificate.ts';
import { nameOf, VALID, whenAsked } from '../certificates.ts';
import type { KeyPair } from '../state/identity.ts';

const ROOT = nameOf('Simulated UnionPay Root', '模拟银联');
const MIDDLE = nameOf('Simulated UnionPay CA', '模拟银联');
/** By which merchants tell UnionPay's certificate from each other's, which are of the same issuer. */
const UNIONPAY = '041@8310000000083040@中国银联股份有限公司@00016495';

interface Certificates {
  readonly root: string;
  readonly middle: string;
  readonly unionpay: string;
  readonly merchant: string;
  /** The merchant's serial number in decimal, as its requests name it. */
  readonly certId: string;
}

/** The folder's certificates: the same ones at every start. */
export const certificatesOf = whenAsked(({ merId, keys }): Certificates => {
  const { authority, unionpay, unionMerchant } = keys;
  const make = (subject: Name, issuer: Name, serial: string, pair: KeyPair, ca = false) =>
    certificatePem({
      ...{ subject, issuer: { name: issuer, privateKey: authority.privateKey } },
      ...{ publicKey: pair.publicKey, serial, ca, ...VALID },
    });
  return {
    root: make(ROOT, ROOT, '11', authority, true),
    middle: make(MIDDLE, ROOT, '12', authority, true),
    unionpay: make(nameOf(UNIONPAY, '模拟银联'), MIDDLE, '13', unionpay),
    merchant: make(nameOf(`041@${merId}@模拟商户@00000001`, '模拟商户'), MIDDLE, '1036a5', unionMerchant),
    certId: String(0x1036a5),
  };
});
