import { billLines, hasBill } from '../bill-lines.ts';
import type { Incoming, Outgoing } from '../http.ts';
import type { Steered } from '../steering.ts';
import { billFile, billTicket } from '../v3/bill-ticket.ts';
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
  return billTicket(world, text, steered, { path: BILL_FILE_PATH, packed: packed !== null });
}

function merchantOf({ identity }: World, { isProvider }: Side): Parameters<typeof billText>[0] {
  const { mchId, appId: wechatAppId } = identity.serviceProvider;
  return isProvider ? { mchId, wechatAppId } : identity;
}

/**
 * The file behind the address: asked for with a signature, answered without one.
 * @see https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter7_3_9.shtml
 */
export function serveBill(world: World, incoming: Incoming): Outgoing {
  const file = billFile(world, incoming, { path: BILL_FILE_PATH, type: 'application/octet-stream' });
  if (file) return file;
  const { status, body } = new WechatPayRefusal('INVALID_REQUEST', '账单地址已失效，请重新申请账单');
  return reply(world, status, body, 'unsigned');
}
