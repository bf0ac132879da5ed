import type { Answer } from '../http.ts';
import { type Signing, signatureHeaders } from '../v3/signing.ts';
import type { World } from '../world.ts';
import { platformCertificateOf } from './certificates.ts';

/** `timestamp \n nonce \n body \n`, signed with the public key's or the certificate's half, which `Wechatpay-Serial` names. */
export function signedHeaders(world: World, body: string, signing: Signing): Record<string, string> {
  if (signing === 'unsigned') return {};
  const { keys, publicKeyId } = world.identity;
  const byCertificate = world.signsWith === 'certificate';
  const signature = {
    prefix: 'Wechatpay',
    serial: byCertificate ? platformCertificateOf(world.identity).sn : publicKeyId,
    privateKey: (byCertificate ? keys.authority : keys.wechatpay).privateKey,
  };
  const headers = signatureHeaders(world, signature, body, signing);
  const signed = headers['Wechatpay-Signature'] ?? '';
  return {
    ...headers,
    ...(signing === 'signtest' ? { 'Wechatpay-Signature': `WECHATPAY/SIGNTEST/${signed.slice(20)}` } : {}),
    'Wechatpay-Signature-Type': 'WECHATPAY2-SHA256-RSA2048',
  };
}

/** One answer with `Request-ID` (`{id}-{detailed number}`). */
export function reply(world: World, status: number, body: string, signing: Signing, number = 0): Answer {
  const id = world.randomBytes(16).toString('hex').toUpperCase();
  return {
    status,
    headers: {
      ...(body ? { 'content-type': 'application/json; charset=utf-8' } : {}),
      'Request-ID': `${id}-${number}`,
      ...signedHeaders(world, body, signing),
    },
    body,
  };
}
