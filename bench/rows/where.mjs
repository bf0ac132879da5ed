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
    const profiles = join(stage.folder, `profiles-${i}`);
    const ledger = await postgres.newDatabase();
    const how = {
      main: join(READABLE, 'main.js'),
      node: ['--cpu-prof', `--cpu-prof-dir=${profiles}`],
    };
    const fleet = await Fleet.start(stage, count, { ledger }, how);
    const create = () => fleet.call('create-payment', SALE);
    await new Figures().add({}, inFlight, Math.min(seconds, WARM_SECONDS), create);
    const watch = await Watch.start(ledger);
    const from = endOf(postgres.log);
    const figures = new Figures();
    const classes = { replica: fleet.servers, PostgreSQL: [postgres], gateways: [gateway] };
    await figures.add(classes, inFlight, seconds, create);
    const to = endOf(postgres.log);
    const { waits, wal } = await watch.end();
    await fleet.end();
    const creates = figures.times.length;
    const all = transactions(postgres.log, from, to);
    const writes = all.filter(({ writes }) => writes);
    const sum = (some, what) => some.reduce((total, one) => total + one[what], 0);
    const per = (some, what) => sum(some, what) / creates;
    const name = `${count} replica${count > 1 ? 's' : ''}, ${inFlight} in flight`;
    const line = (what, unit, value, note) =>
      lines.push({ what: `${name}: ${what}`, unit, value, ...(note === undefined ? {} : { note }) });
    line(
      'creates',
      'per s',
      figures.perSecond,
      `p50 ${median(figures.times).toFixed(1)}, p99 ${p99(figures.times).toFixed(1)} ms; ms of processor ${Object.entries(
        figures.cpuMs,
      )
        .map(([of, ms]) => `${of} ${ms.toFixed(2)}`)
        .join(', ')}`,
    );
    line(
      'transactions that write, a create',
      '',
      writes.length / creates,
      `${((all.length - writes.length) / creates).toFixed(2)} that read`,
    );
    line(
      'statements a create',
      '',
      per(all, 'statements'),
      `${per(writes, 'statements').toFixed(1)} in transactions that write`,
    );
    line(
      'round trips a create',
      '',
      per(all, 'trips'),
      `${per(writes, 'trips').toFixed(1)} in transactions that write`,
    );
    line(
      'a write waits to begin',
      'ms a create',
      per(writes, 'begin'),
      `median of a write ${median(writes.map(({ begin }) => begin)).toFixed(2)}, p99 ${p99(writes.map(({ begin }) => begin)).toFixed(1)}`,
    );
    line(
      'writes are open',
      'ms a create',
      per(writes, 'open'),
      `median of a write ${median(writes.map(({ open }) => open)).toFixed(2)}; the server is at work for ${per(writes, 'work').toFixed(2)} of them, ${per(writes, 'commit').toFixed(2)} in commits; ${(((sum(writes, 'open') * 100) / (creates * 1000)) * figures.perSecond).toFixed(0)} % of the time some write is open, added up`,
    );
    const steps = ['parse', 'bind', 'execute', 'statement'].map((step) => {
      const ms = all.flatMap(({ by }) => by.flatMap(([, ms, of]) => (of === step ? [ms] : [])));
      return `${step} ${(ms.reduce((total, one) => total + one, 0) / creates).toFixed(2)}`;
    });
    line('the server is at work', 'ms a create', per(all, 'work'), steps.join(', '));
    line(
      'WAL',
      'bytes a create',
      wal.bytes / creates,
      `${(wal.syncs / creates).toFixed(2)} syncs, ${(wal.syncMs / Math.max(1, wal.syncs)).toFixed(2)} ms each; ${(wal.records / creates).toFixed(1)} records`,
    );
    stage.say(`${name}: connections of the replicas, of ${waits.samples} samples:`);
    for (const [what, seen] of waits.seen) stage.say(`  ${(seen / waits.samples).toFixed(2)} ${what}`);
    stage.say(`${name}: the server at work for (ms a create, how often a create):`);
    for (const [sql, ms, often] of byStatement(all))
      stage.say(`  ${(ms / creates).toFixed(3)} ${(often / creates).toFixed(2)} ${sql.slice(0, 150)}`);
    stage.say(`${name}: a replica's own time (% of its samples):`);
    for (const [what, percent] of hottest(profiles)) stage.say(`  ${percent.toFixed(1)} ${what}`);
  }
  return lines;
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
      `SELECT wal_records::float8 AS records, wal_bytes::float8 AS bytes,
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
      waits: { samples: this.#samples, seen: [...this.#seen].sort(([, a], [, b]) => b - a) },
      wal: Object.fromEntries(
        Object.entries(after).map(([name, value]) => [name, value - this.#before[name]]),
      ),
    };
  }
}

function byStatement(all) {
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
    .map(([sql, { ms, often }]) => [sql, ms, often])
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST_TOLD);
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
    .slice(0, MOST_TOLD)
    .map(([what, hits]) => [what, (hits * 100) / samples]);
}
