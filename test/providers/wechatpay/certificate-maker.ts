import { sign } from 'node:crypto';
import type { KeyPair } from '../../support/rsa.ts';

/** Node reads X.509 but cannot make it; this writes just enough DER for a self-signed certificate. */

export interface CertificateTerms {
  /** Hex, an even number of digits, starting below 8. */
  readonly serial: string;
  /** ms, whole seconds. */
  readonly from: number;
  readonly until: number;
}

export function certificatePem(keys: KeyPair, { serial, from, until }: CertificateTerms): string {
  const algorithm = sequence(Buffer.from('06092a864886f70d01010b', 'hex'), Buffer.from('0500', 'hex'));
  const name = sequence(
    tagged(0x31, sequence(Buffer.from('0603550403', 'hex'), tagged(0x0c, Buffer.from('Test platform')))),
  );
  const body = sequence(
    tagged(0xa0, Buffer.from('020102', 'hex')),
    tagged(0x02, Buffer.from(serial, 'hex')),
    algorithm,
    name,
    sequence(time(from), time(until)),
    name,
    keys.publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign('RSA-SHA256', body, keys.privateKey)]);
  const base64 = sequence(body, algorithm, tagged(0x03, signature)).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE-----\n`;
}

/** GeneralizedTime, in UTC. */
function time(ms: number): Buffer {
  return tagged(0x18, Buffer.from(`${new Date(ms).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
