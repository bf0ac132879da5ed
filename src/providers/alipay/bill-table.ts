import { parseBeijingDateTime } from '../../domain/clock.ts';
import { fen, signedFenFromYuan } from '../../domain/money.ts';
import { type BillLine, OutcomeUnknown } from '../contract.ts';

/** Columns without which a line cannot be compared. Brackets are half-width here, whatever the bill has. */
const REQUIRED = [
  '支付宝交易号',
  '商户订单号',
  '业务类型',
  '完成时间',
  '订单金额(元)',
  '退款批次号/请求号',
  '服务费(元)',
] as const;
/** What a buyer, an agent or a clerk has written: the cells in which a comma may stand. */
const FREE_TEXT = ['商品名称', '备注'];
/** Commas that a line may have too many. */
const MAX_SURPLUS = 600;

type Column = (typeof REQUIRED)[number];
type Table = {
  readonly width: number;
  readonly at: Readonly<Record<Column, number>>;
  readonly free: number[];
  /** The columns of sums, but for the fee: where a line has been shifted, something else stands in them. */
  readonly sums: number[];
};

/** What a bill says of itself, in its lines of comment. */
export interface BillTable {
  /** `YYYY-MM-DD`: the first day it covers. */
  readonly date: string | undefined;
  /** The seller's 2088… number, with Alipay's `0156` behind it. */
  readonly account: string | undefined;
  readonly lines: readonly BillLine[];
}

/**
 * Reads the text of a trade bill's detail file; undefined when it is another file of the archive, such as the summary.
 * Columns are found by name, unknown ones passed over; cells are padded with tabs.
 *
 * @see https://opendocs.alipay.com/open/204/106262
 */
export function readBillTable(text: string): BillTable | undefined {
  let table: Table | undefined;
  let date: string | undefined;
  let account: string | undefined;
  const lines: BillLine[] = [];
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    if (raw.trim() === '') continue;
    if (raw.startsWith('#')) {
      date ??= /起始日期[：:]\s*\[(\d{4})年(\d{2})月(\d{2})日/.exec(raw)?.slice(1).join('-');
      account ??= /^#账号[：:]\s*\[(\d{1,32})\]/.exec(raw)?.[1];
      continue;
    }
    const cells = raw.split(',');
    if (table !== undefined) lines.push(readLine(cells, table, index + 1));
    else table = readHeader(cells);
    if (table === undefined) return undefined;
  }
  return table && { date, account, lines };
}

function readHeader(cells: readonly string[]): Table | undefined {
  const names = cells.map((cell) => cellText(cell).replace('（', '(').replace('）', ')'));
  if (!names.includes(REQUIRED[0])) return undefined;
  const missing = REQUIRED.find(
    (name) => names.indexOf(name) < 0 || names.indexOf(name) !== names.lastIndexOf(name),
  );
  if (missing !== undefined) throw new OutcomeUnknown(`bill-column-missing ${missing}`);
  const at = Object.fromEntries(REQUIRED.map((name) => [name, names.indexOf(name)])) as Record<
    Column,
    number
  >;
  const free = FREE_TEXT.map((name) => names.indexOf(name)).filter((place) => place >= 0);
  const sums = names.flatMap((name, place) =>
    name.endsWith('(元)') && place !== at['服务费(元)'] ? [place] : [],
  );
  return { width: names.length, at, free: free.sort((a, b) => a - b), sums };
}

/**
 * A comma in a title or a remark makes a line longer than the header, and whoever writes titles could try to push
 * amounts into other columns. Every way to give the surplus back to the free texts is read; the true one is always
 * among them, so a line with two readings is refused and can never say something else than it does.
 */
function readLine(cells: readonly string[], table: Table, number: number): BillLine {
  const readings = new Map<string, BillLine>();
  for (const row of spreads(cells, table)) {
    const line = readRow((column) => cellText(row[table.at[column]] ?? ''));
    if (line) readings.set(JSON.stringify(line), line);
  }
  const [line] = readings.values();
  if (line === undefined || readings.size > 1) throw new OutcomeUnknown(`bill-line-unreadable ${number}`);
  return line;
}

function* spreads(cells: readonly string[], { width, free, sums }: Table): Generator<readonly string[]> {
  const surplus = cells.length - width;
  if (surplus === 0) yield cells;
  const [first, second] = free;
  if (surplus <= 0 || surplus > MAX_SURPLUS || first === undefined) return;
  for (let taken = second === undefined ? surplus : 0; taken <= surplus; taken += 1) {
    const head = absorb(cells, first, taken);
    const row = second === undefined ? head : absorb(head, second, surplus - taken);
    if (sums.every((place) => isSum(cellText(row[place] ?? '')))) yield row;
  }
}

function isSum(text: string): boolean {
  return text === '' || signedFenFromYuan(text) !== undefined;
}

/** The cell at `place` together with the `count` behind it. */
function absorb(cells: readonly string[], place: number, count: number): string[] {
  const end = place + count + 1;
  return [...cells.slice(0, place), cells.slice(place, end).join(','), ...cells.slice(end)];
}

/** Undefined unless every cell that matters can be read. */
function readRow(cell: (column: Column) => string): BillLine | undefined {
  const at = parseBeijingDateTime(cell('完成时间'));
  const amount = signedFenFromYuan(cell('订单金额(元)'));
  const fee = readFee(cell('服务费(元)'));
  const gatewayTradeNo = numberIn(cell('支付宝交易号'));
  if (at === undefined || amount === undefined || gatewayTradeNo === '') return undefined;
  const word = cell('业务类型');
  const known = word === '交易' || word === '退款';
  const isRefund = known ? word === '退款' : amount < 0;
  if (known && (isRefund ? amount > 0 : amount < 0)) return undefined;
  const entry = {
    outTradeNo: numberIn(cell('商户订单号')),
    gatewayTradeNo,
    amountFen: fen(Math.abs(amount)),
    at,
    gatewayState: known ? word : 'unreadable',
  };
  if (!isRefund) return { kind: 'payment', ...entry, feeFen: fee, state: known ? 'PAID' : 'UNKNOWN' };
  const feeFen = fee === undefined || fee === 0 ? fee : -fee;
  const outRefundNo = numberIn(cell('退款批次号/请求号'));
  return { kind: 'refund', ...entry, feeFen, outRefundNo, state: known ? 'SUCCESS' : 'UNKNOWN' };
}

/**
 * Fen without a sign: bills show a fee that was taken with a minus, and the documents do not say whether always, so
 * the kind of the line decides. A blank is no fee; undefined for what cannot be read, which is no reason to give up
 * the amounts of a whole day.
 */
function readFee(text: string): number | undefined {
  const fee = signedFenFromYuan(text === '' ? '0' : text);
  return fee === undefined ? undefined : Math.abs(fee);
}

/** A number of an order, trade or refund; empty for anything that could be a text. */
function numberIn(text: string): string {
  return /^[\x21-\x7e]{1,64}$/.test(text) ? text : '';
}

/** Without the padding (tabs), a byte order mark, and quotes around the whole. */
function cellText(cell: string): string {
  const text = cell.replace(/^\ufeff/, '').trim();
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"')
    ? text.slice(1, -1).replaceAll('""', '"').trim()
    : text;
}
