import { billLines, hasBill } from '../bill-lines.ts';
import type { Incoming, Outgoing } from '../http.ts';
import type { Steered } from '../steering.ts';
import { billText } from '../v3/bill-text.ts';
import { billFile, billTicket } from '../v3/bill-ticket.ts';
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
  return billTicket(world, text, steered, { path: BILL_FILE_PATH, packed: true });
}

/** The file behind the address, for whoever knows that. */
export function serveBill(world: World, incoming: Incoming): Outgoing {
  const file = billFile(world, incoming, { path: BILL_FILE_PATH, type: 'application/x-gzip' });
  if (file) return file;
  const { status, body } = new DouyinPayRefusal('INVALID_REQUEST', '账单地址已失效，请重新申请账单');
  return { status, headers: { 'content-type': 'application/json' }, body };
}
