import { createAlipayProvider, readAlipayConfig } from '../../../src/providers/alipay/index.ts';
import {
  type Bill,
  GatewayDeclined,
  OutcomeUnknown,
  type PaymentProvider,
} from '../../../src/providers/contract.ts';
import type { GatewayHttp, GatewayRequest, GatewayResponse } from '../../../src/providers/gateway-http.ts';
import { archive } from './archive.ts';
import { ENV, FakeGateway, HandClock, signed } from './fake-gateway.ts';

export const METHOD = 'alipay.data.dataservice.bill.downloadurl.query';
export const DATE = '2026-11-20';
export const ADDRESS = 'https://dwbillcenter.alipay.com/downloadBillFile.resource?token=abc';

export const HEADER =
  '支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,退款批次号/请求号,服务费（元）,分润（元）,备注';

/** Cells of a line by the names of the header; what is left out is empty. */
export function line(cells: Readonly<Record<string, string>>, header = HEADER): string {
  const plain: Readonly<Record<string, string>> = {
    支付宝交易号: '2026112022001400000000000001\t',
    商户订单号: 'ORDER_0001\t',
    业务类型: '交易',
    商品名称: '菜谱',
    创建时间: '2026-11-20 14:29:00',
    完成时间: '2026-11-20 14:30:05',
    '订单金额（元）': '9.90',
    '商家实收（元）': '9.90',
    '服务费（元）': '-0.06',
    '分润（元）': '0.00',
  };
  return header
    .split(',')
    .map((name) => cells[name] ?? plain[name] ?? '')
    .join(',');
}

/** The text of a detail file, comments and all. */
export function detail(
  lines: readonly string[],
  { header = HEADER, end = '\r\n', day = '2026年11月20日' } = {},
) {
  return [
    '#支付宝业务明细查询',
    '#账号：[20881234567890120156]',
    `#起始日期：[${day} 00:00:00]   终止日期：[2026年11月21日 00:00:00]`,
    '#-----------------------------------------业务明细列表-----',
    header,
    ...lines,
    '#-----------------------------------------业务明细列表结束-----',
    '#交易合计：1笔，商家实收共9.90元，商家优惠共0.00元',
    '',
  ].join(end);
}

/** GBK, written with a table made by the decoder of this machine. */
export function gbk(text: string): Buffer {
  const bytes: number[] = [];
  for (const character of text) {
    if (character.charCodeAt(0) < 0x80) bytes.push(character.charCodeAt(0));
    else bytes.push(...(pairs.get(character) ?? [0x3f]));
  }
  return Buffer.from(bytes);
}
const pairs = new Map<string, [number, number]>();
for (let lead = 0x81; lead < 0xff; lead += 1) {
  for (let trail = 0x40; trail < 0xff; trail += 1) {
    pairs.set(new TextDecoder('gbk').decode(Uint8Array.of(lead, trail)), [lead, trail]);
  }
}

export function zipped(text: string): Buffer {
  const summary = {
    name: gbk('业务明细(汇总).csv'),
    data: gbk('#支付宝业务汇总查询\r\n门店编号,门店名称\r\n合计,\r\n'),
  };
  return archive([summary, { name: gbk('业务明细.csv'), data: gbk(text) }]);
}

export interface BillWorld {
  readonly provider: PaymentProvider;
  readonly gateway: FakeGateway;
  /** What was asked of the address of the file. */
  readonly fetched: GatewayRequest[];
}

/** The adapter between a gateway that answers as told and an address where `file` lies. */
export function billWorld(
  file: () => GatewayResponse | Buffer | string,
  {
    node = {},
    env = {},
  }: { node?: Readonly<Record<string, unknown>>; env?: Readonly<Record<string, string>> } = {},
): BillWorld {
  const config = readAlipayConfig({ ...ENV, ...env });
  if (!config) throw new Error('not configured');
  const gateway = new FakeGateway();
  gateway.answer(signed(METHOD, { code: '10000', msg: 'Success', bill_download_url: ADDRESS, ...node }));
  const fetched: GatewayRequest[] = [];
  const http: GatewayHttp = {
    async send(request) {
      if (request.method === 'POST') return gateway.send(request);
      fetched.push(request);
      const given = file();
      if (typeof given === 'string') return { status: 200, headers: {}, body: zipped(given) };
      return Buffer.isBuffer(given) ? { status: 200, headers: {}, body: given } : given;
    },
  };
  return { provider: createAlipayProvider(config, { clock: new HandClock(), http }), gateway, fetched };
}

/** The bill, or in one comparable line why there is none. */
export async function billOrWhy(provider: PaymentProvider, date = DATE): Promise<Bill | string> {
  try {
    return await provider.downloadBill(date);
  } catch (error) {
    if (error instanceof GatewayDeclined)
      return `declined ${error.reason} ${error.gatewayCode} ${error.proven ? 'proven' : 'unproven'}`;
    if (error instanceof OutcomeUnknown) return `unknown ${error.detail}`;
    throw error;
  }
}
