// Where the time of a create goes on PostgreSQL, and in a replica: npm run bench -- where. The server logs all that it
// is asked, which makes it slower; what is counted is what each create asks for, and what waits for what.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { Figures, Fleet } from '../fleet.mjs';
import { endOf, LOGGED, transactions } from '../postgres-log.mjs';
import { median, p99, SALE } from '../stage.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const READABLE = join(ROOT, 'node_modules/.bench/readable');
const WARM_SECONDS = 4;
const SAMPLE_MS = 20;
const MOST_TOLD = 25;
const CASES = [
  { count: 1, inFlight: 1 },
  { count: 1, inFlight: 32 },
  { count: 3, inFlight: 32 },
];

export async function where(stage) {
  const gateway = await stage.gateway();
  const postgres = await stage.postgres(LOGGED);
  const { seconds } = stage.sizes;
  execFileSync(process.execPath, [join(ROOT, 'scripts/build.mjs'), READABLE, '--readable']);
  const lines = [];
  for (const [i, { count, inFlight }] of CASES.entries()) {
    const name = `${count} replica${count > 1 ? 's' : ''}, ${inFlight} in flight`;
    const profiles = join(stage.folder, `profiles-${i}`);
    const node = ['--cpu-prof', `--cpu-prof-dir=${profiles}`];
    const ledger = await postgres.newDatabase();
    const fleet = await Fleet.start(stage, count, { ledger }, { main: join(READABLE, 'main.js'), node });
    const create = () => fleet.call('create-payment', SALE);
    await new Figures().add({}, inFlight, Math.min(seconds, WARM_SECONDS), create);
    const figures = new Figures();
    const classes = { replica: fleet.servers, PostgreSQL: [postgres], gateways: [gateway] };
    const watch = await Watch.start(ledger);
    const from = endOf(postgres.log);
    await figures.add(classes, inFlight, seconds, create);
    const to = endOf(postgres.log);
    const { samples, seen, wal } = await watch.end();
    await fleet.end();
    const all = transactions(postgres.log, from, to);
    lines.push(...counted(figures, all, wal).map((line) => ({ ...line, what: `${name}: ${line.what}` })));
    const list = (what, rows) => {
      stage.say(`${name}: ${what}`);
      for (const row of rows) stage.say(`  ${row.join(' ')}`);
    };
    list(
      `what the replicas' connections do or wait for, how many at a time:`,
      seen.map(([what, times]) => [(times / samples).toFixed(2), what]),
    );
    list(
      'the server at work for (ms a create, how often a create):',
      byStatement(all, figures.times.length).slice(0, MOST_TOLD),
    );
    list("a replica's own time (% of its samples):", hottest(profiles).slice(0, MOST_TOLD));
  }
  return lines;
}

/** What a create takes, from the transactions of so many. */
function counted({ times, perSecond, cpuMs }, all, wal) {
  const writes = all.filter((one) => one.writes);
  const sum = (some, what) => some.reduce((total, one) => total + one[what], 0);
  const per = (some, what) => sum(some, what) / times.length;
  const ofSteps = (isMeant) =>
    all.reduce((total, { by }) => total + by.filter(isMeant).reduce((ms, [, more]) => ms + more, 0), 0) /
    times.length;
  const steps = ['parse', 'bind', 'execute', 'statement'].map(
    (step) => `${step} ${ofSteps(([, , of]) => of === step).toFixed(2)}`,
  );
  const of = (some, what) =>
    `median ${median(some.map((one) => one[what])).toFixed(2)}, p99 ${p99(some.map((one) => one[what])).toFixed(1)}`;
  const costs = Object.entries(cpuMs).map(([name, ms]) => `${name} ${ms.toFixed(2)}`);
  const MS = 'ms a create';
  return [
    {
      ...{ what: 'creates', unit: 'per s', value: perSecond, p99: p99(times) },
      note: `p50 ${median(times).toFixed(1)}; ms of processor: ${costs.join(', ')}`,
    },
    {
      ...{ what: 'transactions that write, a create', unit: '', value: writes.length / times.length },
      note: `${((all.length - writes.length) / times.length).toFixed(2)} that read`,
    },
    {
      ...{ what: 'statements a create', unit: '', value: per(all, 'statements') },
      note: `${per(writes, 'statements').toFixed(1)} in transactions that write`,
    },
    {
      ...{ what: 'round trips a create', unit: '', value: per(all, 'trips') },
      note: `${per(writes, 'trips').toFixed(1)} in transactions that write`,
    },
    { what: 'a write waits to begin', unit: MS, value: per(writes, 'begin'), note: of(writes, 'begin') },
    {
      ...{ what: 'writes are open', unit: MS, value: per(writes, 'open') },
      note: `${of(writes, 'open')}; ${per(writes, 'commit').toFixed(2)} in commits; at a time ${((per(writes, 'open') * perSecond) / 1000).toFixed(2)}`,
    },
    {
      ...{ what: '… of which they ask for more locks', unit: MS },
      value: ofSteps(([sql]) => /_advisory_|FOR (NO KEY )?UPDATE/.test(sql)),
    },
    { what: 'the server is at work', unit: MS, value: per(all, 'work'), note: steps.join(', ') },
    {
      ...{ what: 'WAL', unit: 'bytes a create', value: wal.bytes / times.length },
      note: `${(wal.syncs / times.length).toFixed(2)} syncs, ${(wal.syncMs / Math.max(1, wal.syncs)).toFixed(2)} ms each`,
    },
  ];
}

/** What the replicas' connections wait for, and what is written of the log, while it watches. */
class Watch {
  #client;
  #isOver = false;
  #seen = new Map();
  #samples = 0;
  #watching;
  #before;

  static async start(url) {
    const watch = new Watch();
    watch.#client = new pg.Client({ connectionString: url, application_name: 'bench' });
    await watch.#client.connect();
    watch.#before = await watch.#wal();
    watch.#watching = watch.#watch();
    return watch;
  }

  async #watch() {
    while (!this.#isOver) {
      const { rows } = await this.#client.query(
        `SELECT state || ', ' || COALESCE(wait_event_type || ' ' || wait_event, 'at work') AS what, count(*)::int AS seen
         FROM pg_stat_activity WHERE application_name = 'mcp-cashier' AND datname = current_database() GROUP BY 1`,
      );
      this.#samples += 1;
      for (const { what, seen } of rows) this.#seen.set(what, (this.#seen.get(what) ?? 0) + seen);
      await sleep(SAMPLE_MS);
    }
  }

  async #wal() {
    const { rows } = await this.#client.query(
      `SELECT wal_bytes::float8 AS bytes,
         (SELECT sum(fsyncs)::float8 FROM pg_stat_io WHERE object = 'wal') AS syncs,
         (SELECT sum(fsync_time)::float8 FROM pg_stat_io WHERE object = 'wal') AS "syncMs" FROM pg_stat_wal`,
    );
    return rows[0];
  }

  async end() {
    this.#isOver = true;
    await this.#watching;
    const after = await this.#wal();
    await this.#client.end();
    return {
      ...{ samples: this.#samples, seen: [...this.#seen].sort(([, a], [, b]) => b - a) },
      wal: Object.fromEntries(
        Object.entries(after).map(([name, value]) => [name, value - this.#before[name]]),
      ),
    };
  }
}

function byStatement(all, creates) {
  const found = new Map();
  for (const { by } of all) {
    for (const [sql, ms, step] of by) {
      const of = sql.replace(/'[0-9a-f]{32}'(, \d+)?/g, '…');
      const one = found.get(of) ?? { ms: 0, often: 0 };
      one.ms += ms;
      if (step === 'statement' || step === 'execute') one.often += 1;
      found.set(of, one);
    }
  }
  return [...found]
    .sort(([, a], [, b]) => b.ms - a.ms)
    .map(([sql, { ms, often }]) => [
      ...[(ms / creates).toFixed(3), (often / creates).toFixed(2), sql.slice(0, 150)],
    ]);
}

/** The functions that the samples of profiles have seen at work, idle time left out. */
function hottest(folder) {
  const found = new Map();
  let samples = 0;
  for (const name of readdirSync(folder)) {
    const { nodes } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    for (const { callFrame, hitCount = 0 } of nodes) {
      const { functionName, url } = callFrame;
      if (functionName === '(idle)' || hitCount === 0) continue;
      samples += hitCount;
      const what = `${functionName || '(anonymous)'} ${url.startsWith('node:') ? url : ''}`.trim();
      found.set(what, (found.get(what) ?? 0) + hitCount);
    }
  }
  return [...found]
    .sort(([, a], [, b]) => b - a)
    .map(([what, hits]) => [((hits * 100) / samples).toFixed(1), what]);
}
