import { beijingDateTime, type Clock, DAY_MS } from '../../domain/clock.ts';
import { type Fen, toYuan } from '../../domain/money.ts';
import { zip } from '../archive.ts';
import type { BillLine } from '../bill-lines.ts';
import type { Identity } from '../state/identity.ts';
import { gbk } from './bill-charset.ts';

/** The columns of the detail file, in Alipay's order. */
const COLUMNS = [
  '支付宝交易号',
  '商户订单号',
  '业务类型',
  '商品名称',
  '创建时间',
  '完成时间',
  '门店编号',
  '门店名称',
  '操作员',
  '终端号',
  '对方账户',
  '订单金额（元）',
  '商家实收（元）',
  '支付宝红包（元）',
  '集分宝（元）',
  '支付宝优惠（元）',
  '商家优惠（元）',
  '券核销金额（元）',
  '券名称',
  '商家红包消费金额（元）',
  '卡消费金额（元）',
  '退款批次号/请求号',
  '服务费（元）',
  '分润（元）',
  '备注',
];
const SUMMARY_COLUMNS =
  '门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,服务费（元）,分润（元）,实收净额（元）';
const RULE = '-----------------------------------------';

/**
 * The zip of a day's trade bill: a detail file and a summary, in GBK, with comments around the table. Numbers are
 * padded with a tab, refunds and taken fees stand with a minus.
 */
export function billArchive(
  { clock, identity }: { readonly clock: Clock; readonly identity: Pick<Identity, 'sellerId'> },
  date: string,
  lines: readonly BillLine[],
): Buffer {
  const account = `${identity.sellerId}0156`;
  const name = `${account}_${date.replaceAll('-', '')}_业务明细`;
  const payments = lines.filter(({ refund }) => refund === undefined);
  const refunds = lines.filter(({ refund }) => refund !== undefined);
  const sum = (some: readonly BillLine[]) => some.reduce((fen, { amountFen }) => fen + amountFen, 0);
  const [year, month, day] = date.split('-');
  const head = [
    '#支付宝业务明细查询',
    `#账号：[${account}]`,
    `#起始日期：[${year}年${month}月${day}日 00:00:00]   终止日期：[${nextDay(date)} 00:00:00]`,
  ];
  const detail = [
    ...head,
    `#${RULE}业务明细列表${RULE}`,
    COLUMNS.join(','),
    ...lines.map(row),
    `#${RULE}业务明细列表结束${RULE}`,
    `#交易合计：${payments.length}笔，商家实收共${yuan(sum(payments))}元，商家优惠共0.00元`,
    `#退款合计：${refunds.length}笔，商家实收退款共${yuan(-sum(refunds))}元，商家优惠退款共0.00元`,
    `#导出时间：[${beijingDateTime(clock.now())}]`,
  ];
  const fees = -lines.reduce((fen, { feeFen }) => fen + feeFen, 0);
  const net = sum(payments) - sum(refunds);
  const totals = [payments.length, refunds.length, ...[net, net, fees, 0, net + fees].map(yuan)];
  const summary = [...head, `#${RULE}业务汇总列表${RULE}`, SUMMARY_COLUMNS, `合计,,${totals.join(',')}`];
  const file = (suffix: string, text: readonly string[]) => ({
    name: gbk(`${name}${suffix}.csv`),
    data: gbk(`${text.join('\r\n')}\r\n`),
  });
  return zip([file('', detail), file('(汇总)', summary)]);
}

function row({ trade, refund, amountFen, feeFen, at }: BillLine): string {
  const amount = yuan(refund === undefined ? amountFen : -amountFen);
  const plain = (text: string) => text.replace(/[\u0000-\u001f\u007f]/g, ' ');
  return [
    `${trade.tradeNo ?? ''}\t`,
    `${trade.outTradeNo}\t`,
    refund === undefined ? '交易' : '退款',
    plain(trade.title),
    beijingDateTime(trade.createdAt),
    beijingDateTime(at),
    ...['', '', '', ''],
    '*拟(159****5620)',
    amount,
    amount,
    ...['0.00', '0.00', '0.00', '0.00', '0.00', '', '0.00', '0.00'],
    refund === undefined ? '' : `${refund.outRefundNo}\t`,
    yuan(-feeFen),
    '0.00',
    plain(refund?.reason ?? ''),
  ].join(',');
}

/** Signed fen as yuan. */
function yuan(fen: number): string {
  return `${fen < 0 ? '-' : ''}${toYuan(Math.abs(fen) as Fen)}`;
}

function nextDay(date: string): string {
  const [year, month, day] = beijingDateTime(Date.parse(`${date}T00:00:00+08:00`) + DAY_MS)
    .slice(0, 10)
    .split('-');
  return `${year}年${month}月${day}日`;
}
