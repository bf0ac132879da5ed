import { beijingDateTime, beijingIso } from '../domain/clock.ts';
import { sheetCell, UTF8_MARK } from '../domain/csv.ts';
import { toYuan } from '../domain/money.ts';
import { isSettledOrder } from '../ledger/order-machine.ts';
import { contractSubject } from '../ledger/subscription-records.ts';
import { endByPerson } from '../payments/agreements/end.ts';
import { subscriptionNotFound } from '../payments/agreements/errors.ts';
import {
  lastIn,
  nextChargeAt,
  periodsIn,
  type SubscriptionWithLast,
  subscriptionsIn,
} from '../payments/agreements/results.ts';
import { isClaimed } from '../payments/sending.ts';
import { systemClock } from '../platform/system.ts';
import { wholeNumber } from './arguments.ts';
import { printStory } from './audit-show.ts';
import { announceToPerson, type Books, withBooks } from './books.ts';
import type { CommandContext, Typed } from './command.ts';
import { promptPerson } from './operator-secret.ts';
import type { Say } from './speaker.ts';
import { print, printJson, printTable } from './terminal.ts';

const DEFAULT_LIMIT = '20';
/** More than anybody has; what is printed is read into memory. */
const EXPORTED_AT_MOST = 1_000_000;

/**
 * `mcp-cashier subscriptions [list] [--state S] [--provider P] [--caller NAME] [--limit N] | show CONTRACT |
 * cancel CONTRACT [--as NAME] | export`: what is charged again and again. Needs no gateway key; a cancel stops every
 * further charge by its commit, and the server ends the agreement at the gateway.
 */
export async function run(typed: Typed<'subscriptions'>, context: CommandContext): Promise<number> {
  const { say } = context;
  const [contractNo = ''] = typed.args;
  if (typed.action === 'cancel') return cancel(contractNo, typed.values, context);
  if (typed.action === 'show') {
    const { json } = typed.values;
    return withBooks(context, typed.values, 'read', (books) => show(books, contractNo, json, say));
  }
  const { state, provider, caller } = typed.values;
  const limit =
    typed.action === 'export'
      ? EXPORTED_AT_MOST
      : wholeNumber('--limit', typed.values.limit ?? DEFAULT_LIMIT, { least: 1, most: EXPORTED_AT_MOST });
  return withBooks(context, typed.values, 'read', async (books) => {
    const rows = await books.ledger.read((book) => subscriptionsIn(book, { state, provider, caller }, limit));
    if (typed.values.json) printJson({ ...books.where, items: rows.map(asJson) });
    else if (typed.action === 'export') printCsv(rows);
    else printList(rows, books, say);
    return 0;
  });
}

async function show(
  { ledger, where, announce }: Books,
  contractNo: string,
  json: boolean,
  say: Say,
): Promise<number> {
  const { row, periods } = await ledger.read(async (book) => {
    const subscription = await book.subscriptions.get(contractNo);
    if (!subscription) throw subscriptionNotFound();
    const periods = await periodsIn(book, contractNo);
    return { row: { subscription, last: await lastIn(book, contractNo) }, periods };
  });
  if (json) {
    const told = periods.map(({ period, order }) => ({
      ...{ period: period.period, outTradeNo: period.outTradeNo, amountYuan: toYuan(period.amountFen) },
      ...{ dueAt: beijingIso(period.dueAt), until: beijingIso(period.untilAt), tries: period.tries },
      ...{ state: order?.state, outcome: period.outcome, code: period.code },
    }));
    printJson({ ...where, ...asJson(row), periods: told });
    return 0;
  }
  announce();
  printTable([HEAD(say), line(row)]);
  if (periods.length > 0) {
    print();
    printTable([
      say.row(
        '期|订单号|元|到期（北京时间）|订单状态|结果',
        'period|order number|yuan|due (Beijing)|order|result',
      ),
      ...periods.map(({ period, order }) => [
        String(period.period),
        period.outTradeNo,
        toYuan(period.amountFen),
        beijingDateTime(period.dueAt),
        order?.state ?? '-',
        period.outcome ?? period.code ?? '-',
      ]),
    ]);
  }
  print();
  await printStory(ledger, contractSubject(contractNo).outTradeNo, say);
  return 0;
}

function cancel(
  contractNo: string,
  values: Typed<'subscriptions'>['values'] & { readonly as?: string | undefined },
  context: CommandContext,
): Promise<number> {
  const { say } = context;
  return withBooks(context, values, 'write', async (books) => {
    announceToPerson(books, values.json);
    const person = await promptPerson(books.ledger, books.settings, say, values.as);
    const ledger = books.ledger.as(person.acting('subscriptions'));
    const { state } = await endByPerson({ ledger, clock: systemClock }, person, contractNo);
    const leftBefore = await ledger.read(async (book) => {
      const { order } = (await lastIn(book, contractNo)) ?? {};
      const mayBePaid =
        order &&
        !isSettledOrder(order.state) &&
        (order.state === 'UNKNOWN' || isClaimed(order, systemClock.now()));
      return mayBePaid ? order.outTradeNo : undefined;
    });
    if (values.json) {
      printJson({ ...books.where, contractNo, state, chargeInDoubt: leftBefore });
      return 0;
    }
    books.announce();
    print(say.line(`✔ 从此不再扣款（${state}）`, `✔ nothing more is charged (${state})`));
    if (state !== 'ENDED')
      print(say.line('运行中的服务会向支付平台解约。', 'The running server ends it at the gateway.'));
    if (leftBefore !== undefined)
      print(
        say.line(
          `此前已发出的一笔结果待确认：${leftBefore}`,
          `One charge had left before, and its result is not known yet: ${leftBefore}`,
        ),
      );
    return 0;
  });
}

/** Named as by the tools. */
function asJson({ subscription, last }: SubscriptionWithLast) {
  const { contractNo, provider, mode, state, amountFen, firstFen, title, period, times, charged } =
    subscription;
  const next = nextChargeAt({ subscription, last });
  return {
    ...{ contractNo, provider, mode, state, amountYuan: toYuan(amountFen) },
    firstYuan: firstFen === undefined ? undefined : toYuan(firstFen),
    ...{ currency: 'CNY', title, period, times, charged },
    nextChargeAt: next === undefined ? undefined : beijingIso(next),
    lastCharge: last?.order && {
      ...{ outTradeNo: last.order.outTradeNo, state: last.order.state, period: last.period.period },
    },
    endedReason: subscription.reason,
    caller: subscription.caller,
    createdAt: beijingIso(subscription.createdAt),
    endedAt: subscription.endedAt === undefined ? undefined : beijingIso(subscription.endedAt),
  };
}

/** Money without a sign or unit, so that a sheet can add it up. */
const COLUMNS: readonly (readonly [name: string, of: (row: SubscriptionWithLast) => string | undefined])[] = [
  ['contractNo', ({ subscription }) => subscription.contractNo],
  ['provider', ({ subscription }) => subscription.provider],
  ['mode', ({ subscription }) => subscription.mode],
  ['state', ({ subscription }) => subscription.state],
  ['amountYuan', ({ subscription }) => toYuan(subscription.amountFen)],
  ['period', ({ subscription }) => subscription.period],
  ['times', ({ subscription: { times } }) => (times === undefined ? undefined : String(times))],
  ['charged', ({ subscription }) => String(subscription.charged)],
  ['nextChargeAt', (row) => dateTime(nextChargeAt(row))],
  ['title', ({ subscription }) => subscription.title],
  ['caller', ({ subscription }) => subscription.caller],
  ['createdAt', ({ subscription }) => dateTime(subscription.createdAt)],
  ['endedAt', ({ subscription }) => dateTime(subscription.endedAt)],
  ['endedReason', ({ subscription }) => subscription.reason],
];

function dateTime(at: number | undefined): string | undefined {
  return at === undefined ? undefined : beijingDateTime(at);
}

function printCsv(rows: readonly SubscriptionWithLast[]): void {
  const end = '\r\n';
  print(`${UTF8_MARK}${COLUMNS.map(([name]) => name).join(',')}`, end);
  for (const row of rows) print(COLUMNS.map(([, of]) => sheetCell(of(row))).join(','), end);
}

const HEAD = (say: Say) =>
  say.row(
    '订阅号|支付方式|方式|状态|元|周期|已付|下次|商品',
    'contract|method|mode|state|yuan|period|paid|next|title',
  );

function line(row: SubscriptionWithLast): string[] {
  const { contractNo, provider, mode, state, amountFen, period, times, charged, title } = row.subscription;
  return [
    ...[contractNo, provider, mode, state, toYuan(amountFen), period],
    times === undefined ? String(charged) : `${charged}/${times}`,
    dateTime(nextChargeAt(row)) ?? '-',
    title,
  ];
}

function printList(rows: readonly SubscriptionWithLast[], { announce }: Books, say: Say): void {
  announce();
  if (rows.length === 0) print(say.line('没有订阅。', 'There are no subscriptions.'));
  else printTable([HEAD(say), ...rows.map(line)]);
}
