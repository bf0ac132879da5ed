import { beijingDateTime, beijingIso } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import { toYuan } from '../domain/money.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { AuditRecord } from '../ledger/records.ts';
import { type Language, words } from './audit-words.ts';
import { print, printJson, printTable } from './terminal.ts';

/** Prints one order's story in the order in which it was committed. Throws ORDER_NOT_FOUND when nothing tells of it. */
export async function showOrder(
  ledger: Ledger,
  outTradeNo: string,
  { json, language }: { readonly json: boolean; readonly language: Language },
): Promise<number> {
  const { order, records } = await ledger.read(async (book) => ({
    order: await book.order(outTradeNo),
    records: await book.audit.story(outTradeNo),
  }));
  if (records.length === 0 && !order) throw unheardOf();
  const unanswered = callsWithoutResult(records);
  if (json) {
    printJson({
      outTradeNo,
      state: order?.state ?? null,
      ...(order ? { provider: order.provider, amountYuan: toYuan(order.amountFen) } : {}),
      records: records.map(({ at, ...record }) => ({
        ...record,
        time: beijingIso(at),
        says: words({ at, ...record }, language),
      })),
      callsWithoutResult: unanswered,
    });
    return 0;
  }
  printTable([
    [
      outTradeNo,
      ...(order
        ? [order.provider, `${toYuan(order.amountFen)} 元 yuan`, order.state]
        : [
            language === 'zh'
              ? '账本中没有这笔订单，只有对它的调用'
              : 'not an order of the ledger; only calls name it',
          ]),
    ],
  ]);
  print();
  printTable([
    language === 'zh' ? ['时间（北京）', '#', '谁', '经过'] : ['time (Beijing)', '#', 'who', 'what'],
    ...records.map((record) => [
      beijingDateTime(record.at),
      String(record.seq),
      record.tool === undefined ? record.caller : `${record.caller} · ${record.tool}`,
      words(record, language),
    ]),
  ]);
  for (const call of unanswered) {
    print(
      language === 'zh'
        ? `调用 ${call} 没有结果记录：它还在进行，或进程在答复之前结束了。`
        : `The call ${call} has no result: it still runs, or its process ended before it answered.`,
    );
  }
  return 0;
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
