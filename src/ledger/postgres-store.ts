import { Socket } from 'node:net';
import type { Pool, PoolClient } from 'pg';
import { type Clock, type RandomBytes, stopwatch } from '../domain/clock.ts';
import { schemaIn } from '../domain/ledger-address.ts';
import { withTlsChecked } from './postgres-address.ts';
import { postgresValue } from './postgres-dialect.ts';
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
import { type Outcome, perform } from './postgres-transaction.ts';
import type { Store } from './store.ts';
import { inTurns, type Job, type Kind, type Line } from './turns.ts';

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
const SET_IDLE = `SET LOCAL idle_in_transaction_session_timeout = '${IDLE_SECONDS}s'`;
const BEGIN_READ = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
/** Whatever the database's own setting is. */
const DURABLE = `SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'`;
const MAY_BE_UNDONE = 'SET LOCAL synchronous_commit = off';

/**
 * A ledger in a PostgreSQL database, in the schema that its address names, else where its user's tables are made. Who
 * writes waits for whoever has one of its keys, or is alone, in whatever process. A commit whose answer is lost is
 * found out: every transaction of this store numbers itself in `ledger_writers`, with what else it writes. Throws
 * CONFIGURATION where it cannot be reached or used, naming `CASHIER_LEDGER`, never with its password.
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

  async function together(kind: Kind, line: Line): Promise<void> {
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
    kind: Kind,
    jobs: readonly Job[],
    isBeside: boolean,
  ): Promise<Outcome> {
    const { isNews, ...outcome } = await perform(jobs, { client, isBeside, isNaming });
    if (kind === 'read' || outcome.told.length === 0) {
      await client.query(kind === 'read' ? 'COMMIT' : 'ROLLBACK');
      return outcome;
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
    return outcome;
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
    const elapsed = stopwatch(clock);
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
        if (!isWorthIt || elapsed() > deadline) throw error;
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
  const refusal = (error: unknown) => postgresRefusal(error, name);
  const writers = inTurns(together, turn, refusal);
  // In a line, and on a connection, of their own: they wait for nobody who writes.
  const readers = inTurns(together, turn, refusal);
  return {
    dialect: 'postgres',
    ...writers,
    read: readers.read,
    listen(heard) {
      const ask = async (text: string, ...values: string[]) =>
        (await pool.query({ text, values, ...{ query_timeout: CONNECT_MS } })).rows;
      news = new PostgresNews({ url: ports.listenAt ?? url, schema, writer, clock, randomBytes, ask, heard });
      return news;
    },
    async close() {
      await Promise.all([writers.idle(), readers.idle()]);
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
