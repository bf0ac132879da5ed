import type { Incoming } from '../http.ts';
import { checkSignature, readAuthorization } from '../v3/authorization.ts';
import type { World } from '../world.ts';
import { platformCertificateOf } from './certificates.ts';
import { type Side, sidesOf } from './parties.ts';
import { parameterError, WechatPayRefusal } from './refusal.ts';

const SCHEME = 'WECHATPAY2-SHA256-RSA2048';

/**
 * Checks the headers every call must carry and the signature over
 * `method \n path+query \n timestamp \n nonce \n body \n`, over the bytes as they came.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012365342
 */
export function authenticate(world: World, incoming: Incoming): Side {
  const fields = readAuthorization(incoming.headers.authorization, SCHEME, signError);
  const side = sidesOf(world.identity).find(({ mchId }) => mchId === fields.mchid);
  if (!side) throw signError('商户号不存在');
  if (fields.serial_no !== side.serial) throw signError('商户证书序列号有误');
  const { publicKey } = world.identity.keys.merchant;
  checkSignature(incoming, fields, { publicKey, now: world.clock.now() }, signError);
  checkHeaders(world, incoming);
  return side;
}

/** @see https://pay.weixin.qq.com/doc/v3/merchant/4012081709 */
function checkHeaders(world: World, { headers, method }: Incoming): void {
  const { 'user-agent': agent, accept = '', 'content-type': type = '' } = headers;
  if (!agent) throw parameterError('User-Agent', '缺少 User-Agent', 'header');
  if (!/application\/json|\*\/\*/.test(accept))
    throw parameterError('Accept', '须为 application/json', 'header');
  if (method === 'POST' && !type.startsWith('application/json')) {
    throw parameterError('Content-Type', '须为 application/json', 'header');
  }
  const { publicKeyId } = world.identity;
  if (
    ![undefined, publicKeyId, platformCertificateOf(world.identity).sn].includes(headers['wechatpay-serial'])
  ) {
    throw parameterError('Wechatpay-Serial', '须为商户正在使用的微信支付公钥ID', 'header');
  }
}

function signError(issue: string): WechatPayRefusal {
  return new WechatPayRefusal('SIGN_ERROR', '签名错误，请检查后再试', undefined, {
    field: 'signature',
    issue,
    location: 'authorization',
  });
}
