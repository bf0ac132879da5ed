import { parseBeijingDateTime } from '../../domain/clock.ts';
import { fen, signedFenFromYuan } from '../../domain/money.ts';
import { type BillLine, OutcomeUnknown } from '../contract.ts';
import { UNREADABLE } from './answer.ts';
import { refundStateOf } from './states.ts';

const FIELDS = [
  'at',
  'mchId',
  'transactionId',
  'outTradeNo',
  'state',
  'outRefundNo',
  'refundState',
  'fee',
  'amount',
  'refund',
] as const;
type Field = (typeof FIELDS)[number];

/** The columns of a gateway's bill. */
export interface BillWords {
  /** What is needed of a line, and the names it has had. */
  readonly columns: Readonly<Record<Field, readonly string[]>>;
  /** Of the AppID, where it has one. */
  readonly appId: string;
  /** Of whoever a service provider collects for. */
  readonly subMchId: readonly string[];
  /** What a buyer or an agent has written, in neighbouring cells. */
  readonly freeText: readonly string[];
  /** The first name in the header of the sums that follow the lines. */
  readonly summary: string;
}

const SEPARATOR = ',`';

/** A merchant, or a service provider's sub-merchant. */
interface Owner {
  readonly mchId: string;
  readonly subMchId?: string | undefined;
}

interface Table {
  readonly width: number;
  readonly at: Readonly<Record<Field, number>>;
  /** Of the AppID; a merchant may have several, and one bill for all. */
  readonly appId: number | undefined;
  readonly subMchId: number | undefined;
  /** The cells that may hold a separator of their own. */
  readonly free: { readonly from: number; readonly to: number } | undefined;
}

/**
 * Reads the text of a trade bill. Columns are found by name, unknown ones passed over; every cell of a line begins with
 * a backtick.
 *
 * @param merchant whose bill it must be
 * @param otherAccount the account of an AppID that is not the configured one; a merchant has one bill for all
 */
export function readTable(
  words: BillWords,
  text: string,
  merchant: Owner,
  otherAccount: (appId: string) => string | undefined = () => undefined,
): BillLine[] {
  const [first = '', ...rows] = text.split(/\r\n|\n|\r/);
  const names = first.split(',').map((name) => name.replace(/^[\ufeff`]+/, '').trim());
  const table = readHeader(names, words);
  const lines: BillLine[] = [];
  for (const [index, row] of rows.entries()) {
    if (row.startsWith(words.summary)) break;
    if (row.trim() !== '') {
      const { line, appId } = readLine(row, table, index + 2, merchant);
      const account = appId === '' ? undefined : otherAccount(appId);
      lines.push(account === undefined ? line : { ...line, account });
    }
  }
  return lines;
}

function readHeader(names: readonly string[], words: BillWords): Table {
  const place = (field: Field): number => {
    const found = words.columns[field].map((name) => names.indexOf(name)).find((at) => at >= 0);
    if (found === undefined) throw new OutcomeUnknown(`bill-column-missing ${words.columns[field][0]}`);
    return found;
  };
  const free = words.freeText.map((name) => names.indexOf(name)).filter((at) => at >= 0);
  const [from, to] = [Math.min(...free), Math.max(...free)];
  return {
    width: names.length,
    at: Object.fromEntries(FIELDS.map((field) => [field, place(field)])) as Table['at'],
    appId: names.includes(words.appId) ? names.indexOf(words.appId) : undefined,
    subMchId: words.subMchId.map((name) => names.indexOf(name)).find((at) => at >= 0),
    free: free.length > 0 && to - from === free.length - 1 ? { from, to } : undefined,
  };
}

/**
 * A title with a separator in it makes a line longer than the header. Cells before the free texts are counted from
 * the left and those behind them from the right, so no title can push an amount into another column.
 */
function readLine(
  row: string,
  table: Table,
  number: number,
  { mchId, subMchId }: Owner,
): { readonly line: BillLine; readonly appId: string } {
  const cells = row.startsWith('`') ? row.slice(1).split(SEPARATOR) : [];
  const surplus = cells.length - table.width;
  if (surplus < 0 || (surplus > 0 && table.free === undefined)) throw unreadable(number);
  const cell = (field: Field): string => cellAt(table.at[field]);
  const cellAt = (at: number): string => {
    const shifted = table.free !== undefined && at > table.free.to ? at + surplus : at;
    return (cells[shifted] ?? '').trim();
  };
  const sub = table.subMchId === undefined ? undefined : cellAt(table.subMchId);
  if (cell('mchId') !== mchId || (subMchId !== undefined && sub !== subMchId)) {
    throw new OutcomeUnknown('bill-of-another-merchant');
  }
  const line = readCells(cell);
  if (line === undefined) throw unreadable(number);
  return { line, appId: table.appId === undefined ? '' : numberIn(cellAt(table.appId)) };
}

/** Undefined unless every cell that matters can be read. */
function readCells(cell: (field: Field) => string): BillLine | undefined {
  const word = cell('state');
  // A payment code that was reversed stands like a refund; this product makes none, other tills may.
  const isRefund = word === 'REFUND' || word === 'REVOKED';
  const at = parseBeijingDateTime(cell('at'));
  const amount = signedFenFromYuan(cell(isRefund ? 'refund' : 'amount'));
  const fee = readFee(cell('fee'));
  const gatewayTradeNo = numberIn(cell('transactionId'));
  if (at === undefined || amount === undefined || gatewayTradeNo === '') return undefined;
  if (amount < 0 && !isRefund) return undefined;
  const entry = {
    outTradeNo: numberIn(cell('outTradeNo')),
    gatewayTradeNo,
    amountFen: fen(Math.abs(amount)),
    feeFen: fee,
    at,
  };
  if (!isRefund) {
    const known = word === 'SUCCESS';
    return {
      kind: 'payment',
      ...entry,
      state: known ? 'PAID' : 'UNKNOWN',
      gatewayState: known ? word : UNREADABLE,
    };
  }
  const refundState = cell('refundState');
  const state = refundStateOf(refundState);
  return {
    kind: 'refund',
    ...entry,
    outRefundNo: numberIn(cell('outRefundNo')),
    state,
    gatewayState: state === 'UNKNOWN' ? UNREADABLE : refundState,
  };
}

/**
 * Five decimals, of which the gateway rounds to two and fills up with zeros. A blank is no fee; undefined for what cannot
 * be read, which is no reason to give up the amounts of a whole day.
 */
function readFee(text: string): number | undefined {
  return text === '' ? 0 : signedFenFromYuan(text.replace(/(\.\d{2})0+$/, '$1'));
}

/** A number of an order, transaction or refund; empty for anything that could be a text. */
function numberIn(text: string): string {
  return /^[\x21-\x7e]{1,64}$/.test(text) ? text : '';
}

function unreadable(number: number): OutcomeUnknown {
  return new OutcomeUnknown(`bill-line-unreadable ${number}`);
}
