import { gunzipSync, gzipSync } from 'node:zlib';
import { beijingDateTime } from '../../domain/clock.ts';
import { type Fen, toYuan } from '../../domain/money.ts';
import type { BillLine } from '../bill-lines.ts';

interface BillForm {
  /** Names of the columns of lines and of the sums. */
  readonly columns: string;
  readonly summaryColumns: string;
  /** What stands between the time and the gateway's number of the payment, and is the merchant's own. */
  readonly head: (line: BillLine) => readonly string[];
}

/**
 * A trade bill of all kinds: a byte order mark, every cell behind a backtick, amounts in yuan, fees with five decimals,
 * and a line of sums under a header of its own.
 */
export function billText(lines: readonly BillLine[], { columns, summaryColumns, head }: BillForm): string {
  const sum = (some: readonly BillLine[]) => some.reduce((fen, { amountFen }) => fen + amountFen, 0);
  const paid = sum(lines.filter(({ refund }) => refund === undefined));
  const refunded = sum(lines.filter(({ refund }) => refund !== undefined));
  const fees = lines.reduce((fen, { feeFen }) => fen + feeFen, 0);
  const sums = [yuan(paid), yuan(refunded), '0.00', `${yuan(fees)}000`, yuan(paid), yuan(refunded)];
  const rows = lines.map((line) => cells([beijingDateTime(line.at), ...head(line), ...tail(line)]));
  return `\ufeff${[columns, ...rows, summaryColumns, cells([String(lines.length), ...sums])].join('\r\n')}\r\n`;
}

function tail({ trade, refund, status, amountFen, feeFen }: BillLine): string[] {
  const amount = yuan(amountFen);
  const [payment, repayment] = refund === undefined ? [amount, '0.00'] : ['0.00', amount];
  return [
    ...[trade.tradeNo ?? '', trade.outTradeNo, trade.payer, 'NATIVE'],
    ...[refund === undefined ? 'SUCCESS' : 'REFUND', 'OTHERS', 'CNY', payment, '0.00'],
    ...[refund?.refundId ?? '0', refund?.outRefundNo ?? '0', repayment, '0.00'],
    ...(refund === undefined ? ['', ''] : ['ORIGINAL', status ?? '']),
    ...[trade.title, trade.attach ?? ''],
    ...[`${yuan(feeFen)}000`, '0.60%', payment, repayment, ''],
  ];
}

function cells(values: readonly string[]): string {
  return values.map((value) => `\`${value}`).join(',');
}

/** Signed fen as yuan. */
function yuan(fen: number): string {
  return `${fen < 0 ? '-' : ''}${toYuan(Math.abs(fen) as Fen)}`;
}

/** Whole gzip, half a bill: only the hash can tell. */
export function cutText(bytes: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
  if (bytes[0] !== 0x1f) return bytes.subarray(0, bytes.length >> 1);
  const text = gunzipSync(bytes);
  return gzipSync(text.subarray(0, text.length >> 1));
}
