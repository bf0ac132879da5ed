import type { Place } from '../config.ts';
import { invalidArgument } from '../domain/errors.ts';
import { parseAmount, toYuan } from '../domain/money.ts';
import type { OrderRecord, RefundRecord } from '../ledger/records.ts';
import { sumsOf } from '../operator/view.ts';
import { MOST_REFUND_REASON, type PersonsRefund, refundByPerson } from '../payments/refund-by-person.ts';
import { onRecord } from '../persons/person.ts';
import { systemClock, systemRandom } from '../platform/system.ts';
import { oneLine } from '../policy/reason.ts';
import { sentenceOf, whatCameOfIt } from './approval-outcome.ts';
import { announceToPerson, withBooks } from './books.ts';
import type { CommandContext } from './command.ts';
import { promptPerson } from './operator-secret.ts';
import type { Say } from './speaker.ts';
import { isTerminal, print, printJson, printTable } from './terminal.ts';

interface Values extends Place {
  readonly number?: string | undefined;
  readonly reason?: string | undefined;
  readonly as?: string | undefined;
  readonly json: boolean;
}

/**
 * `mcp-cashier orders refund ORDER YUAN [--reason TEXT] [--number REFUND]`: a person gives money back. Typed once more it
 * tells what came of it; the same sum goes back a second time by a number of its own only. Exit code 1 where no money
 * went, or is going.
 */
export function refundOrder(
  [outTradeNo = '', yuan = '']: readonly string[],
  { number, reason: why = '', ...values }: Values,
  context: CommandContext,
): Promise<number> {
  const { say } = context;
  const reason = oneLine(why);
  if (number !== undefined && !/^[A-Za-z0-9_]{1,64}$/.test(number)) throw badNumber();
  if ([...(reason ?? '')].length > MOST_REFUND_REASON) throw longReason();
  const wish = { outTradeNo, outRefundNo: number, refundFen: parseAmount(yuan, 'YUAN'), reason };
  return withBooks(context, values, 'write', async (books) => {
    const { ledger, settings, where } = books;
    announceToPerson(books, values.json);
    const seen = await ledger.read(async (book) => ({
      order: await book.orders.get(outTradeNo),
      refunds: await book.refunds.ofOrder(outTradeNo),
    }));
    if (seen.order && !values.json && isTerminal()) showWish(seen.order, seen.refunds, wish, say);
    const person = await promptPerson(ledger, settings, say, values.as);
    const ports = { now: systemClock.now(), randomBytes: systemRandom };
    const { refund, approval, replayed } = await onRecord(ledger.as(person.acting('orders')), wish, (book) =>
      refundByPerson(book, person, wish, ports),
    );
    const { outRefundNo, caller } = refund;
    if (!values.json) {
      books.announce();
      const sum = toYuan(refund.amountFen);
      print(
        replayed
          ? say.line(
              `没有再退一次：这笔退款已有，${outRefundNo}，${sum} 元（${caller}）。同一金额要再退一笔，用 --number 给它新的单号。`,
              `not refunded again: there is this refund, ${outRefundNo}, ${sum} yuan (${caller}). To refund the same sum once more, give that a new number with --number.`,
            )
          : say.line(`✔ 退款 ${outRefundNo}：${sum} 元`, `✔ refund ${outRefundNo}: ${sum} yuan`),
      );
    }
    const came = approval === undefined ? undefined : await whatCameOfIt(ledger, approval, context.signal);
    const { state } = came?.view.refund ?? refund;
    const message = came && sentenceOf(came.outcome, say.language);
    if (values.json) {
      const refundYuan = toYuan(refund.amountFen);
      printJson({ ...where, outTradeNo, outRefundNo, state, refundYuan, caller, replayed, message });
    } else print(message ?? state);
    const isNot = came?.outcome.look === 'none' || state === 'CLOSED' || state === 'ABNORMAL';
    return isNot ? 1 : 0;
  });
}

/** What is about to go back, at a glance. */
function showWish(
  order: OrderRecord,
  refunds: readonly RefundRecord[],
  { refundFen, reason }: PersonsRefund,
  say: Say,
): void {
  const { paidFen, refundedFen, leftFen } = sumsOf(order, refunds);
  const sums = [paidFen, refundedFen, leftFen].map((one) => (one === undefined ? '-' : toYuan(one)));
  printTable([
    [say.line('退款', 'refund'), `${toYuan(refundFen)} ${say.line('元', 'yuan')}`],
    [say.line('订单号', 'order number'), order.outTradeNo, order.provider],
    [say.line('商品', 'title'), order.title],
    [say.line('已付 / 已退 / 还可退（元）', 'paid / refunded / left (yuan)'), sums.join(' / ')],
    ...(reason === undefined ? [] : [[say.line('原因', 'reason'), reason]]),
  ]);
}

function badNumber() {
  return invalidArgument('--number', {
    zh: '--number 由 1–64 个字母、数字或下划线组成。',
    en: '--number is 1 to 64 letters, digits or underscores.',
  });
}

function longReason() {
  return invalidArgument('--reason', {
    zh: `--reason 最多 ${MOST_REFUND_REASON} 个字符。`,
    en: `--reason may have ${MOST_REFUND_REASON} characters.`,
  });
}
