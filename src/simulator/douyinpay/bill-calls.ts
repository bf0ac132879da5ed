import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { billLines, hasBill, keepBill } from '../bill-lines.ts';
import type { Incoming, Outgoing } from '../http.ts';
import type { Steered } from '../steering.ts';
import { billText, cutText } from '../v3/bill-text.ts';
import type { World } from '../world.ts';
import { DouyinPayRefusal, parameterError } from './refusal.ts';

export const BILL_FILE_PATH = '/v1/bill/file';

const COLUMNS =
  '交易时间,应用ID,商户号,特约商户号,设备号,抖音支付订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,抖音支付退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注';
const SUMMARY_COLUMNS =
  '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额';

/** `GET /v1/bill/billapply`: where the trade bill of a day is, and the SHA-1 of its text, unzipped. */
export function tradeBill(
  world: World,
  parameters: URLSearchParams,
  steered: Steered,
): Record<string, string> {
  const date = parameters.get('bill_date') ?? '';
  if (!hasBill(world, date)) throw parameterError('bill_date', '账单日期不合法', 'query');
  if (parameters.get('bill_type') !== 'TRADE') throw parameterError('bill_type', '仅模拟 TRADE', 'query');
  if (parameters.get('tar_type') !== 'GZIP') throw parameterError('tar_type', '须为 GZIP', 'query');
  if (steered.has('bill-creating')) throw new DouyinPayRefusal('STATEMENT_CREATING', '账单生成中');
  const lines = billLines(world, 'douyinpay', date);
  if (lines.length === 0) throw new DouyinPayRefusal('NO_STATEMENT_EXIST', '账单文件不存在');
  const { appId, mchId } = world.identity.douyin;
  const head = () => [appId, mchId, '0', ''];
  const text = Buffer.from(
    billText(lines, { columns: COLUMNS, summaryColumns: SUMMARY_COLUMNS, head }),
    'utf8',
  );
  const token = keepBill(world, gzipSync(text), steered);
  const origin = steered.has('bill-elsewhere') ? 'https://bill.example.com' : world.origin;
  const hashed = steered.has('bill-wrong-hash') ? Buffer.concat([text, Buffer.from('\n')]) : text;
  return {
    hash_type: 'SHA1',
    hash_value: createHash('sha1').update(hashed).digest('hex'),
    download_url: `${origin}${BILL_FILE_PATH}?token=${token}`,
  };
}

/** The file behind the address, for whoever knows that. */
export function serveBill(world: World, { target }: Incoming): Outgoing {
  const token = new URLSearchParams(target.split('?')[1]).get('token') ?? '';
  const file = world.billFiles.find(token, world.clock.now());
  if (!file) {
    const { status, body } = new DouyinPayRefusal('INVALID_REQUEST', '账单地址已失效，请重新申请账单');
    return { status, headers: { 'content-type': 'application/json' }, body };
  }
  if (file.fault === 'redirect')
    return { status: 302, headers: { location: `${world.origin}${BILL_FILE_PATH}` }, body: '' };
  const bytes = Buffer.from(file.content, 'base64');
  const body = file.fault === 'truncated' ? cutText(bytes) : bytes;
  return { status: 200, headers: { 'content-type': 'application/x-gzip' }, body };
}
