import { sheetCell, UTF8_MARK } from '../domain/csv.ts';
import { fen, toSignedYuan, toYuan } from '../domain/money.ts';
import { asDownload } from '../operator/reply.ts';
import { ORDER_COLUMNS } from '../payments/order-sheet.ts';
import { WALLETS } from '../providers/registry.ts';
import { dateOf } from './cells.ts';
import { findOrders, type Shelf } from './find-orders.ts';
import type { Day } from './overview.ts';
import type { OrderWish } from './wish.ts';

/** So many orders are exported at most, and read at a time. */
const MOST_ROWS = 10_000;
const AT_A_TIME = 100;

type Line = readonly (string | undefined)[];
type Lines = AsyncIterable<readonly Line[]>;

/** A file that a Chinese Excel opens as it is meant: UTF-8 with its mark, CRLF, no cell a formula, numbers kept whole. */
export function sheet(name: string, lines: Lines): Response {
  const text = async function* () {
    yield UTF8_MARK;
    for await (const some of lines) {
      yield some.map((line) => `${line.map(sheetCell).join(',')}\r\n`).join('');
    }
  };
  return asDownload(`${name}.csv`, 'text/csv; charset=utf-8', text());
}

export async function* daysSheet(days: readonly Day[]): Lines {
  const ids = WALLETS.map(({ id }) => id);
  yield [
    [
      'day',
      'payments',
      'paidYuan',
      'refunds',
      'refundedYuan',
      'netYuan',
      ...ids.map((id) => `${id}PaidYuan`),
    ],
    ...days.map(({ day, paidCount, paidFen, refundedCount, refundedFen, byWallet }) => [
      ...[
        dateOf(day),
        String(paidCount),
        toYuan(fen(paidFen)),
        String(refundedCount),
        toYuan(fen(refundedFen)),
      ],
      toSignedYuan(paidFen - refundedFen),
      ...ids.map((id) => toYuan(fen(byWallet.get(id)?.paidFen ?? 0))),
    ]),
  ];
}

/** All that match, as far back as a page would go and up to {@link MOST_ROWS}. */
export async function* ordersSheet(shelf: Shelf, wish: OrderWish): Lines {
  yield [ORDER_COLUMNS.map(([name]) => name)];
  const { after: _, ...filter } = wish.filter;
  let after = undefined as OrderWish['filter']['after'];
  for (let rows = 0; rows < MOST_ROWS; ) {
    const found = await findOrders(
      shelf,
      { text: wish.text, filter: { ...filter, ...(after ? { after } : {}) } },
      AT_A_TIME,
    );
    yield found.items.map((row) => ORDER_COLUMNS.map(([, of]) => of(row)));
    rows += found.items.length;
    if (found.after === undefined) return;
    after = found.after;
  }
}
