import { type KeyObject, sign } from 'node:crypto';

/** Node reads X.509 but cannot make it; this writes just enough DER of version 3. */

export interface CertificateTerms {
  /** From the broadest part to the name, such as `[['C', 'CN'], ['CN', 'Demo']]`. */
  readonly subject: Name;
  /** Whose certificate it is under; itself where absent. */
  readonly issuer?: { readonly name: Name; readonly privateKey: KeyObject };
  readonly publicKey: KeyObject;
  /** The subject's own, for a certificate that is under nobody. */
  readonly privateKey?: KeyObject;
  /** Hex, an even number of digits. */
  readonly serial: string;
  /** ms, whole seconds. */
  readonly from: number;
  readonly until: number;
  /** Whether it may sign others. */
  readonly ca?: boolean;
}
export type Name = readonly (readonly ['C' | 'O' | 'OU' | 'CN', string])[];

const ATTRIBUTES = { C: '550406', O: '55040a', OU: '55040b', CN: '550403' } as const;
const SHA256_RSA = '2a864886f70d01010b';
const SHA256_ECDSA = '2a8648ce3d040302';

/** A certificate in PEM. */
export function certificatePem(terms: CertificateTerms): string {
  const { subject, serial, from, until, publicKey, ca = false } = terms;
  const signer = terms.issuer?.privateKey ?? terms.privateKey;
  if (signer === undefined) throw new Error('a certificate needs a key that signs it');
  const isRsa = signer.asymmetricKeyType === 'rsa';
  const algorithm = isRsa ? sequence(oid(SHA256_RSA), tagged(0x05)) : sequence(oid(SHA256_ECDSA));
  const basic = sequence(...(ca ? [tagged(0x01, Buffer.from([0xff]))] : []));
  const extension = sequence(oid('551d13'), tagged(0x01, Buffer.from([0xff])), tagged(0x04, basic));
  const number = Buffer.from(serial, 'hex');
  const body = sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))),
    // A first bit that is set would make it negative.
    tagged(0x02, (number[0] ?? 0) < 0x80 ? number : Buffer.concat([Buffer.from([0]), number])),
    algorithm,
    nameOf(terms.issuer?.name ?? subject),
    sequence(time(from), time(until)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(extension)),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', body, signer)]);
  const base64 = sequence(body, algorithm, tagged(0x03, signature)).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function nameOf(name: Name): Buffer {
  return sequence(
    ...name.map(([attribute, value]) =>
      tagged(
        0x31,
        sequence(oid(ATTRIBUTES[attribute]), tagged(attribute === 'C' ? 0x13 : 0x0c, Buffer.from(value))),
      ),
    ),
  );
}

/** GeneralizedTime, in UTC. */
function time(ms: number): Buffer {
  return tagged(0x18, Buffer.from(`${new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`));
}

function oid(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function tagged(tag: number, content: Buffer = Buffer.alloc(0)): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
