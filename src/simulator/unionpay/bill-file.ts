import { deflateSync } from 'node:zlib';
import { beijingDate, beijingMidnight, DAY_MS } from '../../domain/clock.ts';
import { zip } from '../archive.ts';
import { type BillLine, billLines } from '../bill-lines.ts';
import type { Steered } from '../steering.ts';
import type { World } from '../world.ts';
import type { Fields } from './message.ts';
import { UnionpayRefusal } from './refusal.ts';
import { stamp } from './times.ts';

/** UnionPay clears until eleven in the evening. */
const CUT_OFF_MS = 3_600_000;

/** The columns of a line: what stands in it and how wide it is. */
const WIDTHS = [
  ...[3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1],
  ...[15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98],
];

/** The file of one day's transactions, as text in an answer. */
export function billOf(world: World, { settleDate = '' }: Fields, steered: Steered): Fields {
  const now = world.clock.now();
  const year = beijingDate(now + DAY_MS).slice(0, 4);
  const years = [year, String(Number(year) - 1)];
  const days = years.map((one) => beijingMidnight(`${one}-${settleDate.slice(0, 2)}-${settleDate.slice(2)}`));
  // The latest day of that name that may have been cleared, in part at least.
  const settled = days.find((day) => day !== undefined && day - CUT_OFF_MS <= now);
  if (settled === undefined) throw new UnionpayRefusal('98', '文件不存在');
  const from = settled - CUT_OFF_MS;
  const lines = [settled - DAY_MS, settled]
    .flatMap((day) => billLines(world, 'unionpay', beijingDate(day)))
    .filter(({ at }) => at >= from && at < from + DAY_MS);
  if (lines.length === 0) throw new UnionpayRefusal('98', '文件不存在');
  const name = `INN${stamp(settled).slice(2, 8)}88ZM_${world.identity.merId}`;
  const data = Buffer.from(lines.map((line) => `${written(world, line)}\r\n`).join(''), 'latin1');
  const packed = deflateSync(zip([{ name: Buffer.from(name), data }]));
  const cut = steered.has('bill-truncated') ? packed.subarray(0, packed.length >> 1) : packed;
  return {
    settleDate,
    fileName: `${world.identity.merId}_${settleDate}.zip`,
    fileContent: cut.toString('base64'),
  };
}

function written({ identity }: World, { trade, refund, amountFen, feeFen, at }: BillLine): string {
  const fee = `${feeFen < 0 ? 'C' : 'D'}${String(Math.abs(feeFen)).padStart(12, '0')}`;
  const cells: Readonly<Record<number, string>> = {
    1: refund ? 'S30' : 'S22',
    4: stamp(at).slice(8),
    // The order's own time, without its year.
    5: stamp((refund ?? trade).sentAt ?? at).slice(4),
    6: '621626******0018',
    7: String(amountFen).padStart(12, '0'),
    10: refund?.refundId ?? trade.tradeNo ?? '',
    12: refund?.outRefundNo ?? trade.outTradeNo,
    16: fee,
    17: `C${String(Math.max(amountFen - feeFen, 0)).padStart(12, '0')}`,
    20: refund ? '04' : '01',
    21: '00',
    22: '000000',
    27: refund ? (trade.tradeNo ?? '') : '',
    28: identity.merId,
    41: refund ? trade.outTradeNo : '',
  };
  return WIDTHS.map((width, at0) => (cells[at0 + 1] ?? '').slice(0, width).padEnd(width)).join(' ');
}
