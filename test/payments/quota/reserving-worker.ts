import { CashierError } from '../../../src/domain/errors.ts';
import { fen } from '../../../src/domain/money.ts';
import { Ledger } from '../../../src/ledger/ledger.ts';
import { openSqliteStore } from '../../../src/ledger/sqlite-store.ts';
import { createPayment } from '../../../src/payments/create-payment.ts';
import { Desk } from '../../../src/payments/desk.ts';
import type { Till } from '../../../src/payments/till.ts';
import { processSenders } from '../../../src/platform/senders.ts';
import { systemClock, systemRandom } from '../../../src/platform/system.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { Bank } from '../../support/bank.ts';
import { payment } from '../../support/inputs.ts';

/*
 * A process of its own that opens the ledger, says so, waits for its work, makes all these payments at once, and tells
 * what a bank of its own has heard.
 */
export interface Work {
  readonly policy: Policy;
  readonly amounts: readonly number[];
}

export interface Done {
  /** Amounts (fen) that the bank was asked to collect. */
  readonly sent: readonly number[];
  /** Amounts (fen) that were denied. */
  readonly denied: readonly number[];
  readonly errors: readonly string[];
}

const [, , path = ''] = process.argv;
const ports = { clock: systemClock, randomBytes: systemRandom };
const ledger = await Ledger.open(await openSqliteStore(path, ports), 'simulator', ports);
const silent = () => undefined;

process.on('message', async ({ policy, amounts }: Work) => {
  const bank = new Bank(systemClock);
  const provider = bank.provider();
  const till: Till = {
    ...ports,
    ledger,
    policy,
    foreignOrders: 'refuse',
    providers: new Map([[provider.id, provider]]),
    senders: processSenders(systemRandom),
    log: { info: silent, warn: silent, error: silent },
    desk: new Desk({ ...ports, ledger }),
  };
  const denied: number[] = [];
  const errors: string[] = [];
  await Promise.all(
    amounts.map(async (amount) => {
      try {
        await createPayment(till, { caller: `process ${process.pid}` }, payment({ amountFen: fen(amount) }));
      } catch (error) {
        if (error instanceof CashierError && error.code === 'POLICY_DENIED') denied.push(amount);
        else errors.push(String(error));
      }
    }),
  );
  const done: Done = { sent: [...bank.trades.values()].map(({ amountFen }) => amountFen), denied, errors };
  process.send?.(done);
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
