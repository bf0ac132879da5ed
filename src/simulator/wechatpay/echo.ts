import { constants, type KeyObject, privateDecrypt, publicEncrypt } from 'node:crypto';
import type { Incoming } from '../http.ts';
import { token } from '../numbers.ts';
import type { World } from '../world.ts';
import { echoRequest, readBody } from './parameters.ts';
import { parameterError } from './refusal.ts';

const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' };

/**
 * `POST /v3/security/echo`: the self-test of signing, encryption and notification that moves no money.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4015164042
 */
export function echo(world: World, { headers, body }: Incoming): Record<string, string> {
  // Here alone it has to say which key is to sign the answer.
  if (headers['wechatpay-serial'] === undefined)
    throw parameterError('Wechatpay-Serial', '缺少 Wechatpay-Serial', 'header');
  const request = readBody(body, echoRequest);
  const { merchant, wechatpay } = world.identity.keys;
  const answer: Record<string, string> = { echo_message: request.echo_message };
  if (request.encrypted_echo_message !== undefined) {
    const text = decrypted(request.encrypted_echo_message, wechatpay.privateKey);
    answer.encrypted_echo_message = publicEncrypt({ key: merchant.publicKey, ...OAEP }, text).toString(
      'base64',
    );
  }
  if (request.notify_url) {
    world.deliveries.save({
      id: token(world.randomBytes),
      provider: 'wechatpay',
      kind: 'echo',
      outTradeNo: '',
      url: request.notify_url,
      notifyId: token(world.randomBytes),
      dueAt: world.clock.now(),
      attempts: [],
      copiesLeft: 1,
      echo: request.echo_message,
    });
  }
  return answer;
}

function decrypted(ciphertext: string, key: KeyObject): Buffer {
  try {
    return privateDecrypt({ key, ...OAEP }, Buffer.from(ciphertext, 'base64'));
  } catch {
    throw parameterError('encrypted_echo_message', '无法用微信支付私钥解密');
  }
}
