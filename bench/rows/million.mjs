// A create on a ledger of a million orders, and 100,000 more of today, beside one on an empty ledger, in turn, on both
// stores. Today's are of the same caller, to the same buyer and for the same thing, under a limit of the day and out
// of a budget: whatever a create has to know of them, it has to know here.
import { setTimeout as sleep } from 'node:timers/promises';
import { median, p99, timed, timesAtMost } from '../stage.mjs';

const MOST = 1.2;
const WARM = 25;
const POLICY = { payments: { perDay: { totalFen: 1e12, count: 1e9 }, from: 'budget' }, refunds: {} };
/** Tables of less are read whole, and rightly so. */
const FEW_ROWS = 1_000;
/** What must not be read whole. */
const GROWING = ['orders', 'refunds', 'approvals', 'audit', 'budget_draws'];

export async function million(stage) {
  await stage.gateway();
  const postgres = await stage.postgres();
  const { orders, equal, creates } = stage.sizes;
  const { accept } = await stage.bundled('inside');
  const { EQUAL_SALE } = await stage.bundled('fill');
  const { caller, buyer, title, yuan: amountYuan, provider } = EQUAL_SALE;
  const sale = { provider, amountYuan, title, buyer };
  const full = await stage.ownDatabase(equal, 'today', orders);
  const ledgers = {
    SQLite: [stage.env().CASHIER_LEDGER, await stage.ownLedger(equal, 'today', orders)],
    PostgreSQL: [await postgres.newDatabase(), full],
  };
  await postgres.say('CHECKPOINT');
  const arms = [];
  for (const [store, pair] of Object.entries(ledgers)) {
    for (const ledger of pair) {
      await accept(ledger, POLICY);
      const server = await stage.server({ ledger, CASHIER_CALLER: caller });
      const processes = store === 'SQLite' ? [server] : [server, postgres];
      arms.push({
        server,
        ms: [],
        cpuMs: [],
        used: () => processes.reduce((sum, one) => sum + one.cpuMs(), 0),
      });
    }
  }
  const scanned = await readWhole(postgres, full);
  for (let i = 0; i < creates + WARM; i++) {
    for (const { server, used, ms, cpuMs } of arms) {
      const before = used();
      const sold = await timed(() => server.call('create-payment', sale));
      await sleep(5);
      const cost = used() - before;
      const { outTradeNo, replayed } = sold.answer.structuredContent;
      if (replayed) throw new Error(`${outTradeNo} is a repetition`);
      // Closed before the next, so that none is a repetition.
      await server.call('close-payment', { outTradeNo });
      if (i < WARM) continue;
      ms.push(sold.ms);
      cpuMs.push(cost);
    }
  }
  await arms[3].server.call('list-payments', {});
  const read = Object.entries(await readWhole(postgres, full))
    .map(([table, rows]) => [table, rows - scanned[table]])
    .filter(([, rows]) => rows > 0);
  const rows = read.reduce((sum, [, of]) => sum + of, 0);
  const besideWhat = 'on an empty ledger';
  return [
    ...Object.keys(ledgers).flatMap((store, i) => {
      const [small, large] = arms.slice(2 * i, 2 * i + 2);
      return [
        timesAtMost(
          ...[`create on ${orders + equal} orders, ${store}`, 'ms of processor', median(large.cpuMs)],
          ...[median(small.cpuMs), besideWhat, MOST],
        ),
        timesAtMost('… how long it takes', 'ms', median(large.ms), median(small.ms), besideWhat, MOST, {
          p99: p99(large.ms),
        }),
      ];
    }),
    {
      ...{
        what: '… rows that PostgreSQL read table by table',
        unit: 'a create',
        value: rows / (creates + WARM),
      },
      ...{ reach: `≤ ${FEW_ROWS}`, holds: rows <= FEW_ROWS * (creates + WARM) },
      ...(rows > 0 ? { note: JSON.stringify(Object.fromEntries(read)) } : {}),
    },
  ];
}

/** Rows of what grows that were read without an index so far, by table. */
async function readWhole(postgres, url) {
  const names = GROWING.map((name) => `'${name}'`).join(', ');
  const rows = await postgres.say(
    `SELECT relname AS name, seq_tup_read::float8 AS rows FROM pg_stat_user_tables WHERE relname IN (${names})`,
    url,
  );
  return Object.fromEntries(rows.map(({ name, rows }) => [name, rows]));
}
