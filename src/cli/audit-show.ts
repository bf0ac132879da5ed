import { beijingDateTime, beijingIso } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import { toYuan } from '../domain/money.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { AuditRecord, OrderRecord } from '../ledger/records.ts';
import { toldDetail } from '../ledger/told-detail.ts';
import { words } from './audit-words.ts';
import type { Books } from './books.ts';
import type { Say } from './speaker.ts';
import { print, printJson, printTable } from './terminal.ts';

interface Story {
  readonly order: OrderRecord | undefined;
  readonly records: readonly AuditRecord[];
}

/** Prints one order's story in the order in which it was committed. Throws ORDER_NOT_FOUND when nothing tells of it. */
export async function showOrder(
  { ledger, where, announce }: Books,
  outTradeNo: string,
  json: boolean,
  say: Say,
): Promise<number> {
  if (!json) {
    const story = await readStory(ledger, outTradeNo);
    announce();
    print();
    tell(outTradeNo, story, say);
    return 0;
  }
  const { order, records } = await readStory(ledger, outTradeNo);
  printJson({
    ...where,
    outTradeNo,
    state: order?.state ?? null,
    ...(order ? { provider: order.provider, amountYuan: toYuan(order.amountFen) } : {}),
    records: records.map(({ at, detail, ...record }) => ({
      ...record,
      detail: toldDetail(detail),
      time: beijingIso(at),
      says: words({ at, detail, ...record }, say.language),
    })),
    callsWithoutResult: callsWithoutResult(records),
  });
  return 0;
}

/** As {@link showOrder}, for people, after what is said already. */
export async function printStory(ledger: Ledger, outTradeNo: string, say: Say): Promise<void> {
  tell(outTradeNo, await readStory(ledger, outTradeNo), say);
}

async function readStory(ledger: Ledger, outTradeNo: string): Promise<Story> {
  const story = await ledger.read(async (book) => ({
    order: await book.orders.get(outTradeNo),
    records: await book.audit.story(outTradeNo),
  }));
  if (story.records.length === 0 && !story.order) throw unheardOf();
  return story;
}

function tell(outTradeNo: string, { order, records }: Story, say: Say): void {
  printTable([
    [
      outTradeNo,
      ...(order
        ? [order.provider, `${toYuan(order.amountFen)} ${say.line('元', 'yuan')}`, order.state]
        : [say.line('账本中没有这笔订单，只有对它的调用', 'not an order of the ledger; only calls name it')]),
    ],
  ]);
  print();
  printTable([
    [say.line('时间（北京）', 'time (Beijing)'), '#', say.line('谁', 'who'), say.line('经过', 'what')],
    ...records.map((record) => [
      beijingDateTime(record.at),
      String(record.seq),
      record.tool === undefined ? record.caller : `${record.caller} · ${record.tool}`,
      say.line(words(record, 'zh'), words(record, 'en')),
    ]),
  ]);
  for (const call of callsWithoutResult(records)) {
    print(
      say.line(
        `调用 ${call} 没有结果记录：它还在进行，或进程在答复之前结束了。`,
        `The call ${call} has no result: it still runs, or its process ended before it answered.`,
      ),
    );
  }
}

function callsWithoutResult(records: readonly AuditRecord[]): string[] {
  const ended = new Set(records.filter(({ kind }) => kind === 'result').map(({ call }) => call));
  return records
    .filter(({ kind, call }) => kind === 'call' && !ended.has(call))
    .map(({ call }) => call ?? '')
    .filter((call) => /^[\w-]+$/.test(call));
}

function unheardOf(): CashierError {
  return new CashierError('ORDER_NOT_FOUND', {
    zh: '账本和审计记录中都没有这个订单号。',
    en: 'Neither the ledger nor its audit trail has this number.',
    next: { zh: '用 mcp-cashier orders 查看订单。', en: 'See mcp-cashier orders.' },
  });
}
