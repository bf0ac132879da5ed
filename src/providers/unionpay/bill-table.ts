import type { BillLine } from '../contract.ts';
import { readTimeNear } from './times.ts';
import { readAmount } from './trade.ts';

/**
 * Widths (bytes, in GBK) of the columns of a merchant's file of transactions (`INN…ZM_…`), one blank between them.
 *
 * @see https://open.unionpay.com/tjweb/support/faq/mchlist?id=258
 */
const WIDTHS = [
  ...[3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1],
  ...[15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32],
];
/** Where each column has ended. */
const ENDS = WIDTHS.map((_, at) => WIDTHS.slice(0, at + 1).reduce((sum, width) => sum + width, at));

/** Which column has what, counted from one. */
const COLUMNS = {
  time: 5,
  amount: 7,
  queryId: 10,
  orderId: 12,
  fee: 16,
  type: 20,
  originalQueryId: 27,
  merId: 28,
  originalOrderId: 41,
} as const;
type Column = keyof typeof COLUMNS;

/** Payments, and what gives money back: a refund, or the same day's undoing of a payment. */
const KINDS: Readonly<Record<string, BillLine['kind']>> = { '01': 'payment', '04': 'refund', '31': 'refund' };

/**
 * The lines of a file; undefined where one of them cannot be relied on. Transactions of other kinds are not ours.
 * @param near ms of the day that it is of
 */
export function readBillTable(file: Buffer, merId: string, near: number): BillLine[] | undefined {
  const lines: BillLine[] = [];
  for (const row of rowsOf(file)) {
    if (row.length === 0) continue;
    const cells = cellsOf(row);
    if (cells === undefined || cells.merId !== merId) return undefined;
    const kind = KINDS[cells.type];
    if (kind === undefined) continue;
    const line = lineOf(kind, cells, near);
    if (line === undefined) return undefined;
    lines.push(line);
  }
  return lines;
}

function* rowsOf(file: Buffer): Iterable<Buffer> {
  for (let from = 0; from < file.length; ) {
    const end = file.indexOf(0x0a, from);
    const until = end === -1 ? file.length : end;
    yield file.subarray(from, file[until - 1] === 0x0d ? until - 1 : until);
    from = until + 1;
  }
}

/** Of the columns that are needed, all of which are ASCII; undefined for a row that is too short or shifted. */
function cellsOf(row: Buffer): Record<Column, string> | undefined {
  if (row.length < (ENDS.at(-1) ?? 0)) return undefined;
  if (ENDS.some((end) => end < row.length && row[end] !== 0x20)) return undefined;
  const cell = (column: number) => {
    const end = ENDS[column - 1] ?? 0;
    return row
      .subarray(end - (WIDTHS[column - 1] ?? 0), end)
      .toString('latin1')
      .trim();
  };
  return Object.fromEntries(Object.entries(COLUMNS).map(([name, column]) => [name, cell(column)])) as Record<
    Column,
    string
  >;
}

function lineOf(kind: BillLine['kind'], cells: Record<Column, string>, near: number): BillLine | undefined {
  const at = readTimeNear(cells.time, near);
  const amountFen = readAmount(cells.amount);
  if (at === undefined || amountFen === undefined || cells.orderId === '') return undefined;
  const common = { amountFen, feeFen: feeOf(cells.fee), at, sentAt: at, gatewayState: cells.type };
  if (kind === 'payment') {
    return { kind, outTradeNo: cells.orderId, gatewayTradeNo: cells.queryId, ...common, state: 'PAID' };
  }
  return {
    ...{ kind, outTradeNo: cells.originalOrderId, outRefundNo: cells.orderId },
    ...{ gatewayTradeNo: cells.originalQueryId, ...common, state: 'SUCCESS' },
  };
}

/** Fen behind a letter: what the merchant owes (D), or is given (C). */
function feeOf(text: string): number | undefined {
  const [, side, digits] = /^([CD])(\d{12})$/.exec(text) ?? [];
  const amount = readAmount(digits);
  return amount === undefined ? undefined : side === 'D' ? amount : -amount + 0;
}
