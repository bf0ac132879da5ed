import { createSign } from 'node:crypto';
import type { Answer } from '../http.ts';
import type { World } from '../world.ts';
import { platformCertificateOf } from './certificates.ts';

/** How an answer or notification is signed: rightly, or one of the ways it must not be accepted. */
export type Signing = 'signed' | 'unsigned' | 'forged' | 'stale' | 'signtest';

/** Seconds that a stale answer is old: twice what is tolerated. */
const STALE_S = 600;

/** `timestamp \n nonce \n body \n`, signed with the public key's or the certificate's half, which `Wechatpay-Serial` names. */
export function signedHeaders(world: World, body: string, signing: Signing): Record<string, string> {
  if (signing === 'unsigned') return {};
  const nowS = Math.floor(world.clock.now() / 1000);
  const timestamp = String(signing === 'stale' ? nowS - STALE_S : nowS);
  const nonce = world.randomBytes(16).toString('hex');
  const { wechatpay, authority, forger } = world.identity.keys;
  const byCertificate = world.signsWith === 'certificate';
  const honest = byCertificate ? authority : wechatpay;
  const signature = createSign('sha256')
    .update(`${timestamp}\n${nonce}\n${body}\n`, 'utf8')
    .sign((signing === 'forged' ? forger : honest).privateKey, 'base64');
  return {
    'Wechatpay-Timestamp': timestamp,
    'Wechatpay-Nonce': nonce,
    'Wechatpay-Signature': signing === 'signtest' ? `WECHATPAY/SIGNTEST/${signature.slice(20)}` : signature,
    'Wechatpay-Signature-Type': 'WECHATPAY2-SHA256-RSA2048',
    'Wechatpay-Serial': byCertificate ? platformCertificateOf(world.identity).sn : world.identity.publicKeyId,
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
