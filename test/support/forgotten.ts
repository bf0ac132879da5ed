import { beijingDate, DAY_MS } from '../../src/domain/clock.ts';
import type { Fen } from '../../src/domain/money.ts';
import { settleDay } from '../../src/payments/settle-day.ts';
import type { Till } from '../../src/payments/till.ts';
import type { World } from './world.ts';

/** An order that is paid and that a restored ledger has forgotten, taken in from the bill of its day on the next. */
export async function takenInFromBill(
  { bank, clock }: World,
  till: Till,
  outTradeNo: string,
  amountFen: Fen,
): Promise<{ readonly taken: number; readonly open: number | undefined }> {
  bank.trades.set(outTradeNo, { plan: '', amountFen, state: 'NOTPAY', refunds: new Map() });
  bank.pay(outTradeNo);
  const [at, date] = [clock.now(), beijingDate(clock.now())];
  await till.ledger.write((book) =>
    book.operator.setRestored({ at, since: at, providers: ['alipay'], reconciled: {} }),
  );
  clock.advance(DAY_MS);
  const wallet = till.providers.get('alipay');
  if (!wallet) throw new Error('no wallet');
  return settleDay(till, wallet, { date, today: 'refused' }, true);
}
