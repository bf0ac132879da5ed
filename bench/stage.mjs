// What a row has while it runs: a folder, and the processes that it starts, all gone when it ends.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { constants, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundled, filledDatabase, filledLedger, fillLedger } from './ledgers.mjs';
import { Postgres } from './postgres.mjs';
import { ECHO, freePort, HttpServer, MAIN, Process, StdioServer } from './processes.mjs';
import { GATEWAY_PORT, wallets } from './wallets.mjs';

const GATEWAY = fileURLToPath(new URL('./gateway.mjs', import.meta.url));
const VERIFIER = fileURLToPath(new URL('./verifier.mjs', import.meta.url));
const merchant = wallets();

export class Stage {
  #running = [];
  #postgres;

  /** @param sizes how large the rows are: `orders` of the large ledger, `equal` sales of a day, `seconds` of a burst … */
  constructor(sizes, say) {
    this.sizes = sizes;
    this.say = say;
    this.folder = mkdtempSync(join(tmpdir(), 'cashier-bench-'));
  }

  async end() {
    await Promise.all(this.#running.map((one) => one.end()));
    await this.#postgres?.end();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #keep(one) {
    this.#running.push(one);
    return one;
  }

  /** Another process, which ends with the row. */
  process(args, env) {
    return this.#keep(new Process(args, { env }));
  }

  /** Both gateways. */
  async gateway() {
    const gateway = this.#keep(new Process([GATEWAY], { stdin: JSON.stringify(merchant.gateway) }));
    await Promise.race([
      once(gateway.child.stdout, 'data'),
      gateway.ended.then(() => {
        throw new Error(gateway.errors);
      }),
    ]);
    return gateway;
  }

  /** What the gateways sign with. */
  get keys() {
    return merchant.gateway;
  }

  /** PostgreSQL, one for all that a row does. @param settings more of the command line of its first start */
  async postgres(settings) {
    this.#postgres ??= await Postgres.start(settings);
    return this.#postgres;
  }

  /** What is written in TypeScript because it is our own code that runs. */
  bundled(name) {
    return bundled(name);
  }

  /** What the gateways tell of what they were asked. */
  async asked(path = '/count') {
    const [response] = await once(get(`http://127.0.0.1:${GATEWAY_PORT}${path}`), 'response');
    return json(response);
  }

  /** The environment of a server or a command. @param ledger its file; a new one by default */
  env({ ledger = join(this.folder, `${randomBytes(4).toString('hex')}.db`), ...more } = {}) {
    return {
      ...merchant.env,
      HOME: this.folder,
      CASHIER_HOME: this.folder,
      CASHIER_LEDGER: ledger,
      CASHIER_LANG: 'en',
      ...more,
    };
  }

  /** The server as clients start it. */
  async server(options) {
    return this.#keep(await StdioServer.start([MAIN], this.env(options)));
  }

  /** So many callers' tokens, for services to be told of. */
  tokens(count) {
    const names = Array.from({ length: count }, () => `mcpc_${randomBytes(32).toString('base64url')}`);
    const entries = names.map((token, i) => ({
      ...{ name: `agent-${i}`, sha256: createHash('sha256').update(token).digest('hex'), orders: 'all' },
    }));
    const file = join(this.folder, `tokens-${randomBytes(4).toString('hex')}.json`);
    writeFileSync(file, JSON.stringify({ version: 1, tokens: entries }), { mode: 0o600 });
    return { names, file };
  }

  /** The service as a replica of others that know the same tokens. @param how its build, and what Node is told */
  async replica(options, { file }, { main = MAIN, node = [] } = {}) {
    const port = await freePort();
    const env = this.env({ ...options, CASHIER_TOKENS_FILE: file, CASHIER_HTTP_PORT: String(port) });
    return this.#keep(await HttpServer.start([...node, main, 'http'], env, port));
  }

  /** The service with so many tokens; `call` takes one. */
  async service(options, count = 1) {
    const tokens = this.tokens(count);
    return { service: await this.replica(options, tokens), tokens: tokens.names };
  }

  async echo(transport) {
    if (transport === 'stdio') return this.#keep(await StdioServer.start([ECHO], this.env()));
    return this.#served(ECHO);
  }

  /** What only verifies notifications. */
  verifier() {
    return this.#served(VERIFIER);
  }

  async #served(script) {
    const port = await freePort();
    return this.#keep(await HttpServer.start([script, String(port)], this.env(), port));
  }

  /** One of our commands. */
  command(args, options) {
    return this.#keep(new Process([MAIN, ...args], { env: this.env(options) }));
  }

  /** A filled ledger, shared by rows that leave it as it is, by and large. @param onto as for filledLedger */
  ledger(orders, kind = 'years', onto = 0) {
    return filledLedger(orders, kind, this.say, onto);
  }

  /** A filled ledger of this row's own. */
  async ownLedger(orders, kind, onto = 0) {
    const path = join(this.folder, `${kind}-${randomBytes(4).toString('hex')}.db`);
    if (kind === 'open') await fillLedger({ path, orders, kind }, this.say);
    else copyFileSync(await this.ledger(orders, kind, onto), path, constants.COPYFILE_FICLONE);
    return path;
  }

  /** The address of one in PostgreSQL. */
  async ownDatabase(orders, kind, onto = 0) {
    const postgres = await this.postgres();
    if (kind !== 'open')
      return postgres.newDatabase(await filledDatabase(postgres, orders, kind, this.say, onto));
    const url = await postgres.newDatabase();
    const { copyLedger } = await this.bundled('copy');
    await copyLedger(await this.ownLedger(orders, kind), url, join(postgres.folder, 'rows'));
    return url;
  }
}

const sorted = (values) => values.toSorted((a, b) => a - b);
export const quantile = (values, q) =>
  sorted(values)[Math.min(values.length - 1, Math.floor(values.length * q))];
export const median = (values) => quantile(values, 0.5);
export const p99 = (values) => quantile(values, 0.99);

/** How long (ms) something took, and its answer. */
export async function timed(work) {
  const startedAt = performance.now();
  const answer = await work();
  return { ms: performance.now() - startedAt, answer };
}

/** Calls one after another for so long: how long each took (ms), and what one cost the process on average (ms). */
export async function oneByOne(server, seconds, work, pauseMs = 0) {
  const times = [];
  const before = server.cpuMs();
  for (const until = performance.now() + seconds * 1000; performance.now() < until; ) {
    times.push((await timed(work)).ms);
    if (pauseMs > 0) await sleep(pauseMs);
  }
  return { times, cpuMs: (server.cpuMs() - before) / times.length };
}

/** What one call costs the process (ms), and a little of what it does afterwards. */
export async function costOf(server, work) {
  const before = server.cpuMs();
  await work();
  await sleep(5);
  return server.cpuMs() - before;
}

/** So many calls in flight for so long. Returns how many were answered in a second. */
export async function inFlight(count, seconds, work) {
  const startedAt = performance.now();
  const until = startedAt + seconds * 1000;
  let answered = 0;
  await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      while (performance.now() < until) {
        await work(i);
        answered += 1;
      }
    }),
  );
  return (answered * 1000) / (performance.now() - startedAt);
}

/** Pings at a steady pace while `work` runs (ms each). */
export async function pinging(ping, work, everyMs = 100) {
  const times = [];
  let isOver = false;
  async function pings() {
    while (!isOver) {
      times.push((await timed(ping)).ms);
      await sleep(everyMs);
    }
  }
  const working = work().finally(() => {
    isOver = true;
  });
  const [answer] = await Promise.all([working, pings()]);
  return { times, answer };
}

/** A sale whose number the server makes. */
export const SALE = { provider: 'alipay', amountYuan: '9.90', title: '菜谱 recipe' };

/**
 * A line of the table.
 * @param more `p99`; `beside`, what was measured for comparison in the same run, and `besideWhat` that is
 */
export const atMost = (what, unit, value, most, more = {}) => ({
  ...{ what, unit, value, reach: `≤ ${most}`, holds: value <= most, ...more },
});
export const atLeast = (what, unit, value, least, more = {}) => ({
  ...{ what, unit, value, reach: `≥ ${least}`, holds: value >= least, ...more },
});
/** One that is held against what was measured beside it only. */
export const timesAtMost = (what, unit, value, beside, besideWhat, most, more = {}) => ({
  ...{ what, unit, value, beside, besideWhat, reach: `≤ ${most} ×`, holds: value <= beside * most, ...more },
});
