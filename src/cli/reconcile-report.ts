import { beijingIso } from '../domain/clock.ts';
import { defined } from '../domain/defined.ts';
import type { CashierError } from '../domain/errors.ts';
import { toSignedYuan, toYuan } from '../domain/money.ts';
import type { ProviderId } from '../domain/order.ts';
import { DIFFERENCE_WORDS } from '../payments/bill-words.ts';
import type { DayTotals, Reconciliation } from '../payments/reconcile.ts';
import type { SettledDay } from '../payments/settle-day.ts';
import type { BillLine } from '../providers/contract.ts';
import type { Say } from './speaker.ts';
import { print, printTable, tell } from './terminal.ts';

type Differing = Reconciliation['differences'][number];
interface ComparedDay extends SettledDay {
  readonly provider: ProviderId;
}
interface FailedDay {
  readonly provider: ProviderId;
  readonly error: CashierError;
}
export type DayReport = ComparedDay | FailedDay;

/** One wallet's day for people. */
export function printReport(day: DayReport, say: Say): void {
  print();
  if ('error' in day) {
    const { text, next } = day.error;
    for (const line of say({ zh: `${text.zh}${next.zh}`, en: `${text.en} ${next.en}` })) {
      print(`${day.provider}: ${line}`);
    }
    return;
  }
  const { bill, ledger, differences, date } = day.result;
  const row = (name: string, side: DayTotals, fees: string) => [
    name,
    ...[String(side.payments), toYuan(side.paidFen), String(side.refunds), toYuan(side.refundedFen), fees],
  ];
  printTable([
    [
      `${day.provider} ${date}`,
      ...[say.line('收款笔数', 'payments'), say.line('元', 'yuan')],
      ...[say.line('退款笔数', 'refunds'), say.line('元', 'yuan')],
      say.line('手续费（元）', 'fees (yuan)'),
    ],
    row(say.line('账单', 'bill'), bill, toSignedYuan(bill.feeFen)),
    row(say.line('账本', 'ledger'), ledger, '-'),
  ]);
  const { payments, paidFen } = day.result.elsewhere;
  if (payments > 0) {
    const sum = toYuan(paidFen);
    tell(say, {
      zh: `账单中另有商户其他 AppID 的收款 ${payments} 笔、${sum} 元，账本没有它们的订单，未比较。`,
      en: `The bill also has ${payments} payments (${sum} yuan) of other AppIDs of the merchant, of which the ledger has no orders: not compared.`,
    });
  }
  if (day.taken > 0) {
    tell(say, {
      zh: `补记了恢复前遗漏的 ${day.taken} 笔收款和退款（已由支付平台证实）。`,
      en: `Took in ${day.taken} payments and refunds that the restored ledger had forgotten, as the gateway has proven them.`,
    });
  }
  if (differences.length === 0) print(say.line('一致，没有差异', 'clean, no differences'));
  else printDifferences(day, say);
  for (const { outTradeNo, outRefundNo, amountFen } of day.released) {
    const sum = toYuan(amountFen);
    tell(say, {
      zh: `退款 ${outRefundNo}（订单 ${outTradeNo}，${sum} 元）不在任何一天的账单中，已释放金额。`,
      en: `Refund ${outRefundNo} (order ${outTradeNo}, ${sum} yuan) is in no bill: freed.`,
    });
  }
}

function printDifferences({ result: { differences, bill }, settled }: ComparedDay, say: Say): void {
  const count = differences.length;
  print(say.line(`${count} 处差异：`, `${count} differences:`));
  printTable([
    say.row('差异|订单号|退款单号|账本|账单', 'difference|order|refund|ledger|bill'),
    ...differences.map((difference) => [
      say.line(DIFFERENCE_WORDS[difference.kind].name, difference.kind),
      difference.outTradeNo || `(${difference.line?.gatewayTradeNo ?? ''})`,
      difference.outRefundNo ?? '-',
      ledgerSide(difference, settled.get(difference)),
      billSide(difference, say),
    ]),
  ]);
  for (const kind of new Set(differences.map((difference) => difference.kind))) {
    for (const line of say({ zh: `${DIFFERENCE_WORDS[kind].zh}。`, en: `${DIFFERENCE_WORDS[kind].en}.` }))
      print(`${kind}: ${line}`);
  }
  if (differences.some(({ mayFollow }) => mayFollow)) {
    tell(say, {
      zh: '* 可能记在次日账单中，次日再对一次。',
      en: '* It may stand in the bill of the next day: compare again then.',
    });
  }
  if (bill.payments + bill.refunds === 0) {
    tell(say, {
      zh: '支付平台说这一天没有账单；若刚过零点，请在上午 10 点后重试。',
      en: 'The gateway says that there is no bill for this day; just after midnight, try again after 10:00.',
    });
  }
}

function ledgerSide({ order, refund, mayFollow }: Differing, settledAs: string | undefined): string {
  const side = refund ?? order;
  if (side === undefined) return '-';
  const state =
    settledAs === undefined || settledAs === side.state ? side.state : `${side.state} → ${settledAs}`;
  return `${toYuan(side.amountFen)} ${state}${mayFollow ? ' *' : ''}`;
}

function billSide({ kind, line }: Differing, say: Say): string {
  if (line === undefined) return '-';
  const sum = line.feeFen === undefined ? say.line('无法读取', 'unreadable') : toSignedYuan(line.feeFen);
  const fee = kind === 'fee' ? ` ${say.line('手续费', 'fee')} ${sum}` : '';
  return `${toYuan(line.amountFen)} ${line.state}${fee}`;
}

/** One wallet's day for programs. Amounts are yuan strings, times ISO 8601. */
export function asJson({ provider, result, settled, released, taken }: ComparedDay) {
  const side = (totals: DayTotals) => ({
    payments: totals.payments,
    paidYuan: toYuan(totals.paidFen),
    refunds: totals.refunds,
    refundedYuan: toYuan(totals.refundedFen),
  });
  const { bill, ledger, elsewhere, differences } = result;
  return {
    provider,
    clean: differences.length === 0,
    bill: { ...side(bill), feeYuan: toSignedYuan(bill.feeFen) },
    ledger: side(ledger),
    ...(elsewhere.payments + elsewhere.refunds === 0 ? {} : { elsewhere: side(elsewhere) }),
    differences: differences.map((difference) => {
      const { kind, outTradeNo, outRefundNo, order, refund, line, mayFollow } = difference;
      const known = refund ?? order;
      const settledAs = settled.get(difference);
      return defined({
        ...{ kind, outTradeNo, outRefundNo },
        ledger: known && { state: known.state, amountYuan: toYuan(known.amountFen) },
        bill: line && billAsJson(line),
        mayFollow: mayFollow || undefined,
        settledAs,
        note: { zh: DIFFERENCE_WORDS[kind].zh, en: DIFFERENCE_WORDS[kind].en },
      });
    }),
    ...(taken > 0 ? { takenIn: taken } : {}),
    released: released.map(({ outTradeNo, outRefundNo, amountFen }) => ({
      outTradeNo,
      outRefundNo,
      refundYuan: toYuan(amountFen),
    })),
  };
}

function billAsJson({ state, gatewayState, gatewayTradeNo, amountFen, feeFen, at }: BillLine) {
  return defined({
    ...{ state, gatewayState, gatewayTradeNo, amountYuan: toYuan(amountFen) },
    feeYuan: feeFen === undefined ? undefined : toSignedYuan(feeFen),
    at: beijingIso(at),
  });
}

/** A wallet's day that could not be compared. */
export function errorAsJson({ provider, error }: FailedDay) {
  return { provider, clean: false, error: { code: error.code, message: error.text, ...error.details } };
}
