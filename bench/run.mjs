// Measures what the service costs: npm run bench -- ROW… [--quick] [--json FILE]; ROW is `all` or a name below. `all`
// also writes bench/RESULTS.md. With --fill nothing is measured, but what the rows want to find is there for the next
// time; --size calls=1000 changes one of the sizes below. Needs `npm run build` first, and Linux: processor times are
// the scheduler's own.
// Exit code 1 when a row could not be measured, or is above the limit that holds on any machine.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { filledDatabase, filledLedger, keptAt } from './ledgers.mjs';
import { machine } from './machine.mjs';
import { Postgres } from './postgres.mjs';
import { report, told } from './report.mjs';
import { calls } from './rows/calls.mjs';
import { consolePages } from './rows/console.mjs';
import { firstList } from './rows/first-list.mjs';
import { gate } from './rows/gate.mjs';
import { equal, idle, inside, limits, list, SMALL, size } from './rows/grown.mjs';
import { latency } from './rows/latency.mjs';
import { memory } from './rows/memory.mjs';
import { million } from './rows/million.mjs';
import { newcomer } from './rows/newcomer.mjs';
import { notifications } from './rows/notifications.mjs';
import { replicas } from './rows/replicas.mjs';
import { processes, throughput } from './rows/throughput.mjs';
import { verify } from './rows/verify.mjs';
import { waits } from './rows/waits.mjs';
import { where } from './rows/where.mjs';
import { Stage } from './stage.mjs';

const ROWS = {
  ...{
    'first-list': firstList,
    newcomer,
    calls,
    latency,
    throughput,
    notifications,
    processes,
    equal,
    limits,
  },
  ...{ size, idle, list, console: consolePages, inside, verify, waits, replicas, million, memory, gate },
};
/** Rows that only say where time goes: `all` does without them. */
const CLOSER = { where };
/** What is filled before anything is measured, and for which rows. */
const LEDGERS = {
  years: ['size', 'idle', 'list', 'console', 'inside', 'verify', 'million'],
  today: ['equal', 'limits'],
  busy: ['million'],
};
/** How long (s) `all` may fill before it measures; `npm run bench:fill` fills a million orders however long it takes. */
const FILL_S = 240;
/** A row that has not ended by then (s) is given up; 100,000 calls on either store take longer. */
const PATIENCE_S = 480;
const LONGER_S = { memory: 1_800 };
const FULL = {
  orders: 1_000_000,
  equal: 100_000,
  seconds: 4,
  rounds: 2,
  inFlight: [1, 8, 32],
  creates: 200,
  notifications: 2_000,
  calls: 100_000,
  idleSeconds: 30,
  waits: 2_000,
  waitSeconds: 50,
  firstLists: 15,
  gateRequests: 20_000,
  gateGib: 1,
};
const QUICK = {
  orders: 2_000,
  equal: 500,
  seconds: 1,
  rounds: 1,
  inFlight: [8],
  creates: 20,
  notifications: 100,
  calls: 500,
  idleSeconds: 2,
  waits: 100,
  waitSeconds: 3,
  firstLists: 7,
  gateRequests: 1_000,
  gateGib: 0.25,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean' },
    fill: { type: 'boolean' },
    size: { type: 'string', multiple: true, default: [] },
    json: { type: 'string' },
  },
});
const isAll = positionals.includes('all');
const names = isAll ? Object.keys(ROWS) : positionals;
const unknown = names.filter((name) => !(name in ROWS) && !(name in CLOSER));
if (names.length === 0 || unknown.length > 0) {
  console.error(`rows: all, ${Object.keys({ ...ROWS, ...CLOSER }).join(', ')}`);
  process.exit(2);
}
const sizes = {
  ...(values.quick ? QUICK : FULL),
  ...Object.fromEntries(
    values.size.map((size) => size.split('=')).map(([name, value]) => [name, Number(value)]),
  ),
};
const say = (line) => console.log(`  ${line}`);

if (isAll && !values.quick && !values.fill) sizes.orders = await affordable(sizes.orders);
const isWanted = (kind) => names.some((name) => LEDGERS[kind].includes(name));
await Promise.all([
  isWanted('years') && filledLedger(sizes.orders, 'years', say),
  isWanted('today') && filledLedger(sizes.equal, 'today', say),
]);
if (isWanted('busy')) {
  const postgres = await Postgres.start();
  await filledDatabase(postgres, sizes.equal, 'today', say, sizes.orders).finally(() => postgres.end());
}
if (values.fill) process.exit(0);
const at = { ...machine(), orders: sizes.orders };
const lines = [];
for (const name of names) {
  console.log(name);
  const startedAt = performance.now();
  for (const line of await measured(name)) {
    lines.push(line);
    say(told(line));
  }
  say(`(${((performance.now() - startedAt) / 1000).toFixed(0)} s)`);
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ at, lines }, null, 2)}\n`);
if (isAll && !values.quick) {
  const before = JSON.parse(readFileSync(new URL('./before.json', import.meta.url)));
  const results = new URL('./RESULTS.md', import.meta.url);
  writeFileSync(results, report(at, lines, before, readFileSync(results, 'utf8')));
}
const isBroken = ({ error, value, limit = Number.POSITIVE_INFINITY }) => error !== undefined || value > limit;
process.exit(lines.some(isBroken) ? 1 : 0);

/** All these orders where they are kept from before; else so many as can be filled in the time there is. */
async function affordable(orders) {
  if (existsSync(keptAt(orders, 'years'))) return orders;
  rmSync(keptAt(SMALL, 'years'), { force: true });
  const startedAt = performance.now();
  await filledLedger(SMALL, 'years', say);
  const inTime = (SMALL * FILL_S * 1000) / (performance.now() - startedAt);
  return Math.min(orders, Math.ceil(inTime / 50_000) * 50_000);
}

/** A row's lines; of one that fails, why. What it has started ends with it, whatever happens. */
async function measured(name) {
  const stage = new Stage(sizes, say);
  let timer;
  const patience = LONGER_S[name] ?? PATIENCE_S;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${patience} s`)), patience * 1000);
  });
  try {
    return await Promise.race([(ROWS[name] ?? CLOSER[name])(stage), late]);
  } catch (error) {
    return [{ what: name, error: String(error.message).slice(0, 300) }];
  } finally {
    clearTimeout(timer);
    await stage.end();
  }
}
