import { createVerify } from 'node:crypto';
import type { Incoming } from '../http.ts';
import type { World } from '../world.ts';
import { platformCertificateOf } from './certificates.ts';
import { type Side, sidesOf } from './parties.ts';
import { parameterError, WechatPayRefusal } from './refusal.ts';

/** Seconds a request's timestamp may be off. */
const TOLERANCE_S = 300;

const SCHEME = 'WECHATPAY2-SHA256-RSA2048';
const FIELDS = ['mchid', 'nonce_str', 'timestamp', 'serial_no', 'signature'] as const;
type Field = (typeof FIELDS)[number];

/**
 * Checks the headers every call must carry and the signature over
 * `method \n path+query \n timestamp \n nonce \n body \n`, over the bytes as they came.
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012365342
 */
export function authenticate(world: World, incoming: Incoming): Side {
  const { headers, method, target, body } = incoming;
  const fields = readAuthorization(headers.authorization);
  const side = sidesOf(world.identity).find(({ mchId }) => mchId === fields.mchid);
  if (!side) throw signError('商户号不存在');
  if (fields.serial_no !== side.serial) throw signError('商户证书序列号有误');
  if (!/^\d{1,12}$/.test(fields.timestamp)) throw signError('时间戳有误');
  const skewS = Math.abs(Math.floor(world.clock.now() / 1000) - Number(fields.timestamp));
  if (skewS > TOLERANCE_S) throw signError('时间戳已过期');
  if (!/^[0-9A-Za-z_-]{1,64}$/.test(fields.nonce_str)) throw signError('随机串有误');
  const verify = createVerify('sha256').update(
    `${method}\n${target}\n${fields.timestamp}\n${fields.nonce_str}\n`,
    'utf8',
  );
  verify.update(body).update('\n');
  if (!verify.verify(world.identity.keys.merchant.publicKey, fields.signature, 'base64')) {
    throw signError('签名验证失败');
  }
  checkHeaders(world, incoming);
  return side;
}

function readAuthorization(header: string | undefined): Record<Field, string> {
  if (!header?.startsWith(`${SCHEME} `)) throw signError('Http头Authorization值格式错误');
  const fields: Partial<Record<Field, string>> = {};
  for (const part of header.slice(SCHEME.length + 1).split(',')) {
    const match = /^\s*([a-z_]+)="([^"]*)"\s*$/.exec(part);
    const name = FIELDS.find((known) => known === match?.[1]);
    if (!name || fields[name] !== undefined) throw signError('Http头Authorization值格式错误');
    fields[name] = match?.[2] ?? '';
  }
  if (FIELDS.some((name) => !fields[name])) throw signError('Http头Authorization缺少字段');
  return fields as Record<Field, string>;
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
