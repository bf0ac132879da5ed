import type { Place } from '../config.ts';
import { beijingDateTime, beijingIso, DAY_MS } from '../domain/clock.ts';
import { sheetCell, UTF8_MARK } from '../domain/csv.ts';
import { fen, toYuan } from '../domain/money.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { OrderFilter } from '../ledger/order-filter.ts';
import type { RefundRecord } from '../ledger/records.ts';
import { refundedHere } from '../ledger/refunded.ts';
import { insistSpan } from '../payments/list-payments.ts';
import { ORDER_COLUMNS, type SheetRow } from '../payments/order-sheet.ts';
import { releaseOrder, releaseRefund } from '../payments/release.ts';
import { systemClock } from '../platform/system.ts';
import { dayStart, wholeNumber } from './arguments.ts';
import { announceToPerson, type Books, withBooks } from './books.ts';
import type { CommandContext, Typed } from './command.ts';
import { promptPerson } from './operator-secret.ts';
import type { Say } from './speaker.ts';
import { print, printJson, printTable } from './terminal.ts';

const DEFAULT_LIMIT = '20';

/**
 * `mcp-cashier orders [--state S] [--provider P] [--caller NAME] [--from DAY] [--to DAY] [--search TEXT] [--limit N]
 * [--format csv] [--json]`: the newest orders of the ledger with their refunds, and the totals of all that match.
 */
export async function run(typed: Typed<'orders'>, context: CommandContext): Promise<number> {
  if (typed.action === 'release') return release(typed.args, typed.values, context);
  if (typed.action === 'refund') {
    const { refundOrder } = await import('./orders-refund.ts');
    return refundOrder(typed.args, typed.values, context);
  }
  const { values } = typed;
  const { state, provider, caller, search, from, to } = values;
  const filter: OrderFilter = {
    ...{ ...(state && { state }), ...(provider && { provider }) },
    ...{ ...(caller && { caller }), ...(search && { search }) },
    ...(from === undefined ? {} : { from: dayStart('--from', from) }),
    ...(to === undefined ? {} : { to: dayStart('--to', to) + DAY_MS }),
  };
  insistSpan(filter, '--from', '--to');
  const limit = wholeNumber('--limit', values.limit ?? DEFAULT_LIMIT, { least: 1, most: 1_000_000 });
  return withBooks(context, values, 'read', async (books) => {
    const list = await read(books.ledger, filter, limit);
    if (values.json) printJson({ ...books.where, ...asJson(list) });
    else if (values.format === 'csv') printCsv(list);
    else printList(list, books, context.say);
    return 0;
  });
}

/** `mcp-cashier orders release ORDER [REFUND]`: a person's word that the gateway never had it. Sends nothing. */
function release(
  [outTradeNo = '', outRefundNo]: readonly string[],
  values: Place & { readonly json: boolean; readonly as?: string | undefined },
  context: CommandContext,
): Promise<number> {
  const { say } = context;
  return withBooks(context, values, 'write', async (books) => {
    announceToPerson(books, values.json);
    const person = await promptPerson(books.ledger, books.settings, say, values.as);
    const ledger = books.ledger.as(person.acting('orders'));
    const { state } =
      outRefundNo === undefined
        ? await releaseOrder(ledger, person, outTradeNo)
        : await releaseRefund(ledger, person, { outTradeNo, outRefundNo }, systemClock.now());
    if (values.json) printJson({ ...books.where, outTradeNo, outRefundNo, state });
    else {
      books.announce();
      print(say.line(`✔ 已释放：${state}`, `✔ released: ${state}`));
    }
    return 0;
  });
}

interface Row extends SheetRow {
  readonly refunds: readonly RefundRecord[];
}

interface List {
  readonly rows: readonly Row[];
  readonly totals: { readonly count: number; readonly paidYuan: string; readonly refundedYuan: string };
}

function read(ledger: Ledger, filter: OrderFilter, limit: number): Promise<List> {
  return ledger.read(async (book) => {
    const rows: Row[] = [];
    for (const order of await book.orders.list(filter, limit)) {
      const refunds = await book.refunds.ofOrder(order.outTradeNo);
      rows.push({ order, refunds, refundedFen: refundedHere(refunds) });
    }
    const { count, paidFen, refundedFen } = await book.orders.totals(filter);
    return {
      rows,
      totals: { count, paidYuan: toYuan(fen(paidFen)), refundedYuan: toYuan(fen(refundedFen)) },
    };
  });
}

function iso(at: number | undefined): string | undefined {
  return at === undefined ? undefined : beijingIso(at);
}

/** Named as by the tools. */
function asJson({ rows, totals }: List) {
  return {
    items: rows.map(({ order, refunds, refundedFen }) => ({
      outTradeNo: order.outTradeNo,
      provider: order.provider,
      scene: order.scene,
      state: order.state,
      amountYuan: toYuan(order.amountFen),
      currency: 'CNY',
      title: order.title,
      caller: order.caller,
      client: order.client,
      account: order.account,
      createdAt: iso(order.createdAt),
      expiresAt: iso(order.expiresAt),
      paidAt: iso(order.paidAt),
      late: order.late || undefined,
      closing: order.closing || undefined,
      gatewayTradeNo: order.gatewayTradeNo,
      gatewayState: order.gatewayState,
      refundedYuan: toYuan(refundedFen),
      source: order.source,
      refunds: refunds.map((refund) => ({
        outRefundNo: refund.outRefundNo,
        state: refund.state,
        refundYuan: toYuan(refund.amountFen),
        reason: refund.reason,
        caller: refund.caller,
        createdAt: iso(refund.createdAt),
        gatewayState: refund.gatewayState,
      })),
    })),
    totals,
  };
}

function printCsv({ rows }: List): void {
  const end = '\r\n';
  print(`${UTF8_MARK}${ORDER_COLUMNS.map(([name]) => name).join(',')}`, end);
  for (const row of rows) print(ORDER_COLUMNS.map(([, of]) => sheetCell(of(row))).join(','), end);
}

function printList({ rows, totals }: List, { announce }: Books, say: Say): void {
  announce();
  printTable([
    say.row(
      '订单号|支付方式|状态|元|创建（北京时间）|商品',
      'order number|method|state|yuan|created (Beijing)|title',
    ),
    ...rows.flatMap(({ order, refunds }) => [
      [
        order.outTradeNo,
        order.provider,
        order.state,
        toYuan(order.amountFen),
        beijingDateTime(order.createdAt),
        order.title,
      ],
      ...refunds.map((refund) => [
        `  ↩ ${refund.outRefundNo}`,
        order.provider,
        refund.state,
        toYuan(refund.amountFen),
        beijingDateTime(refund.createdAt),
        refund.reason ?? '',
      ]),
    ]),
  ]);
  const { count, paidYuan, refundedYuan } = totals;
  print(
    say.line(
      `共 ${count} 笔（列出 ${rows.length} 笔），已付款 ${paidYuan} 元，已退款 ${refundedYuan} 元`,
      `${count} orders (${rows.length} shown), paid ${paidYuan} yuan, refunded ${refundedYuan} yuan`,
    ),
  );
}
