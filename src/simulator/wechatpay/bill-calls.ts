import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { billLines, hasBill, keepBill } from '../bill-lines.ts';
import type { Incoming, Outgoing } from '../http.ts';
import type { Steered } from '../steering.ts';
import { cutText } from '../v3/bill-text.ts';
import type { World } from '../world.ts';
import { billText } from './bill-file.ts';
import { type Side, sellerOf, spaceOf } from './parties.ts';
import { parameterError, WechatPayRefusal } from './refusal.ts';
import { reply } from './reply.ts';

export const BILL_FILE_PATH = '/v3/billdownload/file';

/**
 * `GET /v3/bill/tradebill`: where the trade bill of a day is, for the next 30 seconds, and the SHA-1 of its text.
 * @see https://pay.weixin.qq.com/docs/merchant/apis/native-payment/get-trade-bill.html
 */
export function tradeBill(
  world: World,
  side: Side,
  query: string | undefined,
  steered: Steered,
): Record<string, string> {
  const parameters = new URLSearchParams(query);
  const date = parameters.get('bill_date') ?? '';
  const packed = parameters.get('tar_type');
  if (!hasBill(world, date)) throw parameterError('bill_date', '账单日期不合法', 'query');
  if ((parameters.get('bill_type') ?? 'ALL') !== 'ALL')
    throw parameterError('bill_type', '仅模拟 ALL', 'query');
  if (packed !== null && packed !== 'GZIP') throw parameterError('tar_type', '仅支持 GZIP', 'query');
  if (steered.has('bill-creating')) throw new WechatPayRefusal('STATEMENT_CREATING', '账单生成中');
  const sub = parameters.get('sub_mchid') ?? undefined;
  // Of all sub-merchants together where none is named.
  const seller =
    side.isProvider && sub === undefined ? undefined : sellerOf(world, side, { sub_mchid: sub }, 'query');
  const lines = billLines(world, 'wechatpay', date, { space: spaceOf(side), seller });
  if (lines.length === 0) throw new WechatPayRefusal('NO_STATEMENT_EXIST', '账单文件不存在');
  const text = Buffer.from(billText(merchantOf(world, side), lines), 'utf8');
  const token = keepBill(world, packed === null ? text : gzipSync(text), steered);
  const origin = steered.has('bill-elsewhere') ? 'https://bill.example.com' : world.origin;
  const hashed = steered.has('bill-wrong-hash') ? Buffer.concat([text, Buffer.from('\n')]) : text;
  return {
    hash_type: 'SHA1',
    hash_value: createHash('sha1').update(hashed).digest('hex'),
    download_url: `${origin}${BILL_FILE_PATH}?token=${token}`,
  };
}

function merchantOf({ identity }: World, { isProvider }: Side): Parameters<typeof billText>[0] {
  const { mchId, appId: wechatAppId } = identity.serviceProvider;
  return isProvider ? { mchId, wechatAppId } : identity;
}

/**
 * The file behind the address: asked for with a signature, answered without one.
 * @see https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter7_3_9.shtml
 */
export function serveBill(world: World, { target }: Incoming): Outgoing {
  const token = new URLSearchParams(target.split('?')[1]).get('token') ?? '';
  const file = world.billFiles.find(token, world.clock.now());
  if (!file) {
    const { status, body } = new WechatPayRefusal('INVALID_REQUEST', '账单地址已失效，请重新申请账单');
    return reply(world, status, body, 'unsigned');
  }
  if (file.fault === 'redirect') {
    return { status: 302, headers: { location: `${world.origin}${BILL_FILE_PATH}` }, body: '' };
  }
  const bytes = Buffer.from(file.content, 'base64');
  const body = file.fault === 'truncated' ? cutText(bytes) : bytes;
  return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body };
}
