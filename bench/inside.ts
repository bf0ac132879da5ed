import { beijingIso } from '../src/domain/clock.ts';
import { fen } from '../src/domain/money.ts';
import { Ledger } from '../src/ledger/ledger.ts';
import { openPostgresStore } from '../src/ledger/postgres-store.ts';
import { openSqliteStore } from '../src/ledger/sqlite-store.ts';
import { Desk } from '../src/payments/desk.ts';
import { reconcile } from '../src/payments/reconcile.ts';
import { Person } from '../src/persons/person.ts';
import { systemClock as clock, systemRandom as randomBytes } from '../src/platform/system.ts';
import { acceptPolicy, moveBudget } from '../src/policy/decisions.ts';
import { DEFAULT_POLICY, type Policy } from '../src/policy/policy.ts';
import type { BillLine, BillRefund } from '../src/providers/contract.ts';
import { agreeable } from './agreeable.ts';
import { EQUAL_SALE } from './fill.ts';

const ROUNDS = 30;
const DAY_MS = 86_400_000;

/** @param path or an address */
export async function withLedger<T>(path: string, work: (ledger: Ledger) => Promise<T>): Promise<T> {
  const ports = { clock, randomBytes };
  const isAddress = path.startsWith('postgres:');
  const store = await (isAddress ? openPostgresStore(path, 'postgres', ports) : openSqliteStore(path, ports));
  const ledger = await Ledger.open(store, 'simulator', ports);
  return work(ledger).finally(() => ledger.close());
}

/** Opens it as a server of this version does, and closes it. */
export function open(path: string): Promise<void> {
  return withLedger(path, async () => undefined);
}

/** How long (ms) each answer took, the first with nothing in memory. */
export function ask(path: string, env: Readonly<Record<string, string>>): Promise<Record<string, number[]>> {
  return withLedger(path, async (ledger) => {
    const numbers = await somewhere(ledger);
    const isDone = reconciling(ledger, env);
    const asked: Record<string, (i: number) => Promise<unknown>> = {
      show: (i) => ledger.read((book) => book.audit.story(numbers[i] ?? '')),
      unsettled: () => ledger.read((book) => book.asking.any()),
      reconcile: await isDone,
    };
    const times: Record<string, number[]> = {};
    for (const [name, work] of Object.entries(asked)) {
      const took: number[] = [];
      for (let i = 0; i < ROUNDS; i++) {
        const startedAt = performance.now();
        await work(i);
        took.push(performance.now() - startedAt);
      }
      times[name] = took;
    }
    return times;
  });
}

/** When (ms) the first and the last order was made. */
async function span(ledger: Ledger): Promise<{ oldest: number; newest: number }> {
  const sql = 'SELECT MIN(created_at) AS oldest, MAX(created_at) AS newest FROM orders';
  const [row] = await ledger.inspect((tx) => tx.all(sql));
  return { oldest: Number(row?.oldest), newest: Number(row?.newest) };
}

/** Orders from all over the ledger's time. */
async function somewhere(ledger: Ledger): Promise<string[]> {
  const { oldest, newest } = await span(ledger);
  const step = (newest - oldest) / ROUNDS;
  return ledger.read(async (book) => {
    const numbers: string[] = [];
    for (let i = 0; i < ROUNDS; i++) {
      const [order] = await book.orders.list({ to: newest - i * step }, 1);
      if (order) numbers.push(order.outTradeNo);
    }
    return numbers;
  });
}

/** Compares a day's bill that has what the ledger has. */
async function reconciling(
  ledger: Ledger,
  env: Readonly<Record<string, string>>,
): Promise<() => Promise<unknown>> {
  const date = beijingIso((await span(ledger)).newest - 2 * DAY_MS).slice(0, 10);
  const from = Date.parse(`${date}T00:00:00+08:00`);
  const providers = await agreeable(env, clock);
  const real = providers.get('alipay');
  if (real === undefined) throw new Error('no alipay');
  const lines = await ledger.read(async (book): Promise<BillLine[]> => {
    const paid = await book.orders.paid(real.account, from, from + DAY_MS);
    const refunded = await book.refunds.sent(real.account, from, from + DAY_MS);
    const lines: BillLine[] = [];
    const add = async (line: Omit<BillLine, 'gatewayTradeNo' | 'feeFen' | 'gatewayState'>) => {
      const { gatewayTradeNo = '' } = (await book.orders.get(line.outTradeNo)) ?? {};
      lines.push({ ...line, gatewayTradeNo, feeFen: 0, gatewayState: 'SUCCESS' } as BillLine);
    };
    for (const { outTradeNo, amountFen, paidAt: at = 0 } of paid)
      await add({ kind: 'payment', state: 'PAID', outTradeNo, amountFen, at });
    for (const { outTradeNo, outRefundNo, amountFen, sentAt: at = 0 } of refunded) {
      const line: Omit<BillRefund, 'gatewayTradeNo' | 'feeFen' | 'gatewayState'> = {
        ...{ kind: 'refund', state: 'SUCCESS', outTradeNo, outRefundNo, amountFen, at },
      };
      await add(line);
    }
    return lines;
  });
  const silent = () => undefined;
  const till = {
    ...{ ledger, providers, clock, randomBytes, policy: DEFAULT_POLICY, foreignOrders: 'refuse' as const },
    senders: { next: () => 'bench 1', mayBeAlive: () => false },
    log: { info: silent, warn: silent, error: silent },
    desk: new Desk({ ledger, clock }),
  };
  const provider = { ...real, downloadBill: async () => ({ date, lines }) };
  return async () => {
    const { differences, ledger: found } = await reconcile(till, provider, { date, today: 'refused' });
    if (differences.length > 0 || found.payments === 0)
      throw new Error(JSON.stringify(differences.slice(0, 3)));
  };
}

/** Puts rules in force, with a budget that is never used up. */
export function accept(path: string, policy: Policy): Promise<void> {
  return withLedger(path, async (ledger) => {
    const person = await Person.bySecret(ledger, 'simulator', undefined, 'terminal');
    await ledger.as({ caller: 'operator' }).write(async (book) => {
      await moveBudget(book, person, EQUAL_SALE.caller, fen(100_000_000), undefined);
      await acceptPolicy(book, person, policy);
    });
  });
}

/** Numbers of orders that can still be paid. */
export function listOpen(path: string, count: number): Promise<string[]> {
  return withLedger(path, async (ledger) =>
    (await ledger.read((book) => book.orders.list({ state: 'NOTPAY' }, count))).map(
      ({ outTradeNo }) => outTradeNo,
    ),
  );
}
