import type { PoolClient, QueryResult } from 'pg';
import { sha256 } from './audit-chain.ts';
import { postgresSql } from './postgres-dialect.ts';
import { isClash, isLost, isNameless } from './postgres-refusals.ts';
import type { Row, Tx } from './store.ts';
import { asSingle, inCommon, type Job } from './turns.ts';

/** What came of a transaction: whom to tell, and who has to come again. */
export interface Outcome {
  readonly told: readonly (() => void)[];
  readonly again: readonly Job[];
}

interface Begun {
  readonly client: PoolClient;
  /** Whether others may be writing, too. */
  readonly isBeside: boolean;
  /** Whether statements are parsed once by a connection. */
  readonly isNaming: boolean;
}

/**
 * Does the jobs that share a transaction which has begun, and what they have in common: all up to its commit, which
 * nobody may be told of before. Where nobody is to be told, it is to be undone. Throws what concerns all of them.
 */
export async function perform(
  jobs: readonly Job[],
  begun: Begun,
): Promise<Outcome & { readonly isNews: boolean }> {
  const { client } = begun;
  const told: (() => void)[] = [];
  const again: Job[] = [];
  const { common, end } = inCommon();
  const locks = new Locks(client, begun.isBeside);
  let isNews = false;
  const tell = () => {
    isNews = true;
  };
  const shared = { ...begun, common, locks, tell };
  if (jobs.length > 1) await client.query('SAVEPOINT job');
  for (const job of jobs) {
    locks.isPatient = told.length + again.length === 0;
    const done = await (jobs.length === 1 ? alone(shared, job) : apart(shared, job));
    if (done) told.push(done);
    else again.push(job);
  }
  if (told.length === 0) return { told, again, isNews };
  locks.isPatient = true;
  const { tx, over } = statements(shared);
  try {
    await end(tx);
  } catch (error) {
    if (jobs.length === 1 || isOfAll(error)) throw error;
    return { told: [], again: jobs.map(asSingle), isNews };
  } finally {
    await over();
  }
  return { told, again, isNews };
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

interface Shared extends Begun {
  readonly common: Tx['common'];
  readonly locks: Locks;
  readonly tell: () => void;
}

const KEY = "hashtextextended(current_schema() || ' ' || $1, 1835229283)";

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
    const named = isNaming && name !== undefined ? { name } : {};
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
