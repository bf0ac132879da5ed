import { Socket } from 'node:net';
import type { Pool, PoolClient, QueryResult } from 'pg';
import type { Clock, RandomBytes } from '../domain/clock.ts';
import { schemaIn } from '../domain/ledger-address.ts';
import { sha256 } from './audit-chain.ts';
import { withTlsChecked } from './postgres-address.ts';
import { postgresSql, postgresValue } from './postgres-dialect.ts';
import { PostgresNews, tellOthers } from './postgres-news.ts';
import {
  inDoubt,
  isAway,
  isClash,
  isLost,
  isNameless,
  notUnicode,
  postgresRefusal,
  tooOld,
  unreachable,
} from './postgres-refusals.ts';
import type { Row, Store, Tx } from './store.ts';
import { asSingle, inCommon, inTurns, type Job, type Line } from './turns.ts';

const PATIENCE_MS = 15_000;
/** The same (ms) for the first connection of all, for whose failure somebody is waiting. */
const FIRST_PATIENCE_MS = 3_000;
/** How often a transaction is made again that has clashed with another. */
const MOST_CLASHES = 8;
const LOOK_AGAIN_MS = 250;
/** ms; longer than any statement of ours takes, so that a server which has gone without a word is found out. */
const ANSWER_MS = 300_000;
const CONNECT_MS = 5_000;
/** A process that was stopped in the midst of a transaction, or cut off, keeps nobody from writing for longer (s). */
const IDLE_SECONDS = 10;
const OLDEST = 14;

interface Ports {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  /** As for the SQLite store. */
  readonly turn?: () => Promise<void>;
  /** Where to listen for what others commit, if not at the ledger's own address. */
  readonly listenAt?: string | undefined;
  /** How long (ms) a transaction is asked for, its lock is waited for, and a commit without an answer asked about. */
  readonly patienceMs?: number;
  /** Whether the schema that the address names is made where it is missing. */
  readonly mayMake?: boolean;
}

/** Nobody else in this database takes a lock by these two numbers: ours, and the schema's. */
const ALONE = 'SELECT pg_advisory_xact_lock(1835229283, hashtext(current_schema()))';
/** Many may have it who write beside each other, while nobody is alone. */
const BESIDE = 'SELECT pg_advisory_xact_lock_shared(1835229283, hashtext(current_schema()))';
const KEY = "hashtextextended(current_schema() || ' ' || $1, 1835229283)";
const SET_IDLE = `SET LOCAL idle_in_transaction_session_timeout = '${IDLE_SECONDS}s'`;
const BEGIN_READ = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
/** Whatever the database's own setting is. */
const DURABLE = `SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'`;
const MAY_BE_UNDONE = 'SET LOCAL synchronous_commit = off';

/**
 * A ledger in a PostgreSQL database, in the schema that its address names, else its user's tables are made in. Writers of all processes come
 * one at a time. A commit whose answer is lost is found out: every transaction of this store numbers itself in
 * `ledger_writers`, with what else it writes. Throws CONFIGURATION where it cannot be reached or used, naming
 * `CASHIER_LEDGER`, never with its password.
 * @param url `postgres://…`, TLS as its `sslmode` says
 * @param name the same without its password, for people
 */
export async function openPostgresStore(url: string, name: string, ports: Ports): Promise<Store> {
  const { clock, randomBytes, turn = async () => undefined, patienceMs = PATIENCE_MS } = ports;
  const schema = schemaIn(url);
  // For each transaction: behind a pooler the connection is somebody else's before and after it.
  const inSchema = schema === undefined ? '' : `; SET LOCAL search_path = ${schema}`;
  /** Whoever has a lock sees what the one before has committed under it: there is no older snapshot to clash with. */
  const beginWrite = (lock: typeof ALONE | typeof BESIDE, durability: string) =>
    `BEGIN ISOLATION LEVEL READ COMMITTED${inSchema}; SET LOCAL lock_timeout = ${patienceMs}; ${SET_IDLE}; ${lock}; ${durability}`;
  // CommonJS: once bundled, a lazily loaded one has nothing but its default.
  const { default: pg } = await import('pg');
  const sockets = new Set<Socket>();
  const pool: Pool = new pg.Pool({
    stream() {
      const socket = new Socket();
      sockets.add(socket);
      return socket.once('close', () => sockets.delete(socket));
    },
    connectionString: withTlsChecked(url),
    application_name: 'mcp-cashier',
    max: 4,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: ANSWER_MS,
    keepAlive: true,
    types: { getTypeParser: postgresValue as never },
  });
  // A connection that breaks, idle or between two statements: whoever uses it next is told. Unheard, it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));

  async function end(): Promise<void> {
    await pool.end();
    // The driver leaves one open on which it does not know how to go on, such as without a password.
    for (const socket of sockets) socket.destroy();
  }

  /** Connections that have failed: nobody is to have them after. */
  const broken = new WeakSet<PoolClient>();
  const writer = randomBytes(16).toString('hex');
  /** How many transactions have asked to be committed, and whether one that has is known to stand. */
  let numbered = 0;
  let isNumbering = false;
  /** Until a pooler that gives every transaction another connection has mixed the names up. */
  let isNaming = true;
  /** Says in the transaction itself which it is, and commits it, in one exchange. */
  const commit = (number: number, isNews: boolean) => ({
    text: `${isNumbering ? '' : WRITERS}${isNews ? `${tellOthers(writer, schema)};` : ''}
      INSERT INTO ledger_writers (writer, number) VALUES ('${writer}', ${number})
      ON CONFLICT (writer) DO UPDATE SET number = excluded.number, at = now(); COMMIT`,
    query_timeout: patienceMs,
  });

  async function together(kind: 'write' | 'read', line: Line): Promise<void> {
    let jobs: readonly Job[] | undefined;
    // With its first commit a store may have to make a table.
    const isBeside = line.isBeside && isNumbering;
    const begin =
      kind === 'read'
        ? `${BEGIN_READ}${inSchema}`
        : beginWrite(isBeside ? BESIDE : ALONE, line.isNote ? MAY_BE_UNDONE : DURABLE);
    let outcome: Outcome;
    try {
      outcome = await patiently(async (client) => {
        await client.query(begin);
        jobs ??= line.take(line.isNote);
        return transaction(client, kind, jobs, isBeside);
      }, patienceMs);
    } catch (error) {
      for (const { fail } of jobs ?? line.giveUp()) fail(error);
      return;
    }
    line.again(outcome.again);
    for (const tell of outcome.told) tell();
  }

  /** The rest of one transaction, to its end. Throws where nothing of it stands, or that cannot be found out. */
  async function transaction(
    client: PoolClient,
    kind: 'write' | 'read',
    jobs: readonly Job[],
    isBeside: boolean,
  ): Promise<Outcome> {
    const told: (() => void)[] = [];
    const again: Job[] = [];
    const { common, end } = inCommon();
    const locks = new Locks(client, isBeside);
    let isNews = false;
    const tell = () => {
      isNews = true;
    };
    const shared = { client, common, locks, tell, isNaming: () => isNaming };
    if (jobs.length > 1) await client.query('SAVEPOINT job');
    for (const job of jobs) {
      locks.isPatient = told.length + again.length === 0;
      const done = await (jobs.length === 1 ? alone(shared, job) : apart(shared, job));
      if (done) told.push(done);
      else again.push(job);
    }
    if (kind === 'read' || told.length === 0) {
      await client.query(kind === 'read' ? 'COMMIT' : 'ROLLBACK');
      return { told, again };
    }
    locks.isPatient = true;
    const { tx, over } = statements(shared);
    try {
      await end(tx);
    } catch (error) {
      if (jobs.length === 1 || isOfAll(error)) throw error;
      await client.query('ROLLBACK');
      return { told: [], again: jobs.map(asSingle) };
    } finally {
      await over();
    }
    numbered += 1;
    try {
      await client.query(commit(numbered, isNews));
    } catch (error) {
      if (!isLost(error)) throw error;
      broken.add(client);
      if (!(await stands(numbered))) throw error;
    }
    isNumbering = true;
    return { told, again };
  }

  /** One of several, between savepoints: what it has done when it fails is undone, and nothing of the others. */
  async function apart(shared: Shared, job: Job): Promise<(() => void) | undefined> {
    const { client, locks } = shared;
    const before = locks.held;
    const undo = async () => {
      await client.query('ROLLBACK TO job');
      locks.held = before;
    };
    try {
      const done = await alone(shared, job);
      if (done) await client.query('RELEASE job; SAVEPOINT job');
      else await undo();
      return done;
    } catch (error) {
      // What concerns all of them is tried again with all of them.
      if (isOfAll(error)) throw error;
      await undo();
      return () => job.fail(error);
    }
  }

  /** Whether a transaction whose commit was not answered stands. Who has the lock knows that it has ended. */
  async function stands(number: number): Promise<boolean> {
    try {
      return await patiently(async (client) => {
        await client.query(beginWrite(ALONE, DURABLE));
        const { rows } = await client.query('SELECT to_regclass($1) IS NOT NULL AS there', [
          'ledger_writers',
        ]);
        const found = rows[0].there
          ? await client.query('SELECT number FROM ledger_writers WHERE writer = $1', [writer])
          : { rows: [] };
        await client.query('ROLLBACK');
        return Number(found.rows[0]?.number ?? 0) >= number;
      }, patienceMs);
    } catch {
      throw inDoubt(name);
    }
  }

  /**
   * Does something with a connection, and again with another one while the server is away or others are in the way.
   * What is done must stand as a whole or not at all.
   */
  async function patiently<T>(work: (client: PoolClient) => Promise<T>, deadline: number): Promise<T> {
    const began = clock.now();
    for (let tried = 1, wait = 2; ; tried += 1, wait = Math.min(wait * 2, LOOK_AGAIN_MS)) {
      let client: PoolClient | undefined;
      try {
        client = await pool.connect();
        const result = await work(client);
        client.release(broken.has(client));
        return result;
      } catch (error) {
        if (client) await giveBack(client, isLost(error) || broken.has(client));
        if (isNameless(error)) isNaming = false;
        const isWorthIt = isClash(error) || isNameless(error) ? tried < MOST_CLASHES : isAway(error);
        if (!isWorthIt || clock.now() - began > deadline) throw error;
        await clock.sleep(wait + ((randomBytes(1)[0] ?? 0) % wait));
      }
    }
  }

  /** Undoes what its transaction has done, where it can still be talked to. */
  async function giveBack(client: PoolClient, isBroken: boolean): Promise<void> {
    const undone = !isBroken && (await client.query('ROLLBACK').catch(() => undefined));
    client.release(!undone);
  }

  try {
    await patiently(async (client) => {
      const setting = async (of: string) => String((await client.query(`SHOW ${of}`)).rows[0][of]);
      const version = await setting('server_version');
      if (Number.parseInt(version, 10) < OLDEST) throw tooOld(version, name);
      if ((await setting('server_encoding')) !== 'UTF8') throw notUnicode(name);
      if (schema !== undefined && ports.mayMake) await makeSchema(client, schema);
    }, FIRST_PATIENCE_MS);
  } catch (error) {
    await end();
    throw unreachable(error, name);
  }

  let news: PostgresNews | undefined;
  const { idle, ...turns } = inTurns(together, turn, (error) => postgresRefusal(error, name));
  return {
    dialect: 'postgres',
    ...turns,
    listen(heard) {
      const ask = async (text: string, ...values: string[]) =>
        (await pool.query({ text, values, ...{ query_timeout: CONNECT_MS } })).rows;
      news = new PostgresNews({ url: ports.listenAt ?? url, schema, writer, clock, randomBytes, ask, heard });
      return news;
    },
    async close() {
      await idle();
      await news?.close();
      if (isNumbering) {
        // One that is left behind is removed by others in a week.
        const writers = schema === undefined ? 'ledger_writers' : `${schema}.ledger_writers`;
        await pool.query(`DELETE FROM ${writers} WHERE writer = $1`, [writer]).catch(() => undefined);
      }
      await end();
    },
  };
}

/** Another process may make it at the same time. */
async function makeSchema(client: PoolClient, schema: string): Promise<void> {
  const isThere = async () =>
    (await client.query('SELECT to_regnamespace($1) IS NOT NULL AS there', [schema])).rows[0].there === 1;
  if (await isThere()) return;
  await client.query(`CREATE SCHEMA ${schema}`).catch(async (error: unknown) => {
    if (!(await isThere())) throw error;
  });
}

/** Made with the first commit of a ledger; what killed processes have left goes with the first of another. */
const WRITERS = `DO $$ BEGIN IF to_regclass('ledger_writers') IS NULL THEN CREATE TABLE ledger_writers (
    writer TEXT PRIMARY KEY, number BIGINT NOT NULL, at TIMESTAMPTZ NOT NULL DEFAULT now()); END IF; END $$;
  DELETE FROM ledger_writers WHERE at < now() - INTERVAL '7 days';`;

/** As texts are long and few, each is put into PostgreSQL's words once, and by its name is parsed once by a connection. */
const inItsWords = new Map<string, { readonly text: string; readonly name?: string }>();
/** Of more texts than this a connection would have to remember too many. */
const MOST_NAMES = 500;

function inWords(sql: string): { readonly text: string; readonly name?: string } {
  const known = inItsWords.get(sql);
  if (known) return known;
  const text = postgresSql(sql);
  const named = inItsWords.size < MOST_NAMES && /^\s*(?:SELECT|INSERT|UPDATE|DELETE)/.test(text);
  // Behind a pooler a name may be another process's, and then it must mean the same.
  const made = named ? { text, name: `cashier_${sha256(text).slice(0, 40)}` } : { text };
  inItsWords.set(sql, made);
  return made;
}

/** Whether an error is no more one's than the others' who share a transaction. */
const isOfAll = (error: unknown) => isLost(error) || isClash(error) || isNameless(error);

/** What came of a transaction: whom to tell, and who has to come again. */
interface Outcome {
  readonly told: readonly (() => void)[];
  readonly again: readonly Job[];
}

interface Shared {
  readonly client: PoolClient;
  readonly common: Tx['common'];
  readonly locks: Locks;
  readonly tell: () => void;
  /** Whether this connection is the same server's from one statement to the next transaction's. */
  readonly isNaming: () => boolean;
}

/** Somebody else has the key, or nobody else may write: what asked for it comes again. */
class NotNow extends Error {}

/** The keys that a transaction has. Who writes alone has all. */
class Locks {
  readonly #client: PoolClient;
  readonly isBeside: boolean;
  held: ReadonlySet<string> = new Set();
  /** Whether keys are waited for. Who has some already could be waited for by whom it waits for. */
  isPatient = true;

  constructor(client: PoolClient, isBeside: boolean) {
    this.#client = client;
    this.isBeside = isBeside;
  }

  holds(key: string): boolean {
    return !this.isBeside || this.held.has(key);
  }

  /** Throws {@link NotNow}. */
  async take(key: string): Promise<void> {
    if (this.holds(key)) return;
    if (this.isPatient) {
      await this.#client.query(`SELECT pg_advisory_xact_lock(${KEY})`, [key]);
    } else {
      const { rows } = await this.#client.query(`SELECT pg_try_advisory_xact_lock(${KEY}) AS got`, [key]);
      if (!rows[0]?.got) throw new NotNow(key);
    }
    this.held = new Set([...this.held, key]);
  }
}

/** Ends with the last statement of the job: one that it had begun beside one that failed must not stand in the next's. */
async function alone(shared: Shared, job: Job): Promise<(() => void) | undefined> {
  const { tx, over } = statements(shared);
  let notNow = false;
  const waits =
    <A extends unknown[]>(work: (...args: A) => Promise<void>) =>
    async (...args: A) => {
      try {
        await work(...args);
      } catch (error) {
        notNow ||= error instanceof NotNow;
        throw error;
      }
    };
  try {
    const done = await job.run({
      ...tx,
      common(make) {
        // What is undone has no part in how it ends, whoever may have caught the error.
        if (notNow) throw new NotNow('again');
        return tx.common(make);
      },
      lock: waits(tx.lock),
      alone: waits(async () => {
        if (!shared.locks.isBeside) return;
        job.isBeside = false;
        throw new NotNow('alone');
      }),
    });
    // Whoever has made nothing of it must not have.
    return notNow ? undefined : done;
  } catch (error) {
    if (notNow) return undefined;
    throw error;
  } finally {
    await over();
  }
}

/** One statement after the other, until it is over. */
function statements({ client, common, locks, tell, isNaming }: Shared): {
  readonly tx: Tx;
  over(): Promise<unknown>;
} {
  let last: Promise<unknown> = Promise.resolve();
  let isOver = false;
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (isOver) return Promise.reject(new Error('a statement after its transaction'));
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  }
  function query(sql: string, values: readonly unknown[]): Promise<QueryResult<Row>> {
    const { text, name } = inWords(sql);
    const named = isNaming() && name !== undefined ? { name } : {};
    return inTurn(() => client.query<Row>({ text, values: [...values], ...named }));
  }
  return {
    tx: {
      all: async (sql, ...values) => (await query(sql, values)).rows,
      run: async (sql, ...values) => (await query(sql, values)).rowCount ?? 0,
      lock: (key) => inTurn(() => locks.take(key)),
      holds: (key) => locks.holds(key),
      alone: async () => undefined,
      common,
      tell,
    },
    over() {
      isOver = true;
      return last;
    },
  };
}
