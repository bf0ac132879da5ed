import { Socket } from 'node:net';
import type { Client } from 'pg';
import type { Clock, RandomBytes } from '../domain/clock.ts';
import { withTlsChecked } from './postgres-address.ts';
import type { Ear } from './store.ts';

const CONNECT_MS = 5_000;
/** How often (ms) the connection is tried with a word of our own, and for how long that is waited for. */
const BEAT_MS = 10_000;
const HEARD_MS = 5_000;
/** How long (ms) until the next connection; doubled each time that one hears nothing, to the longest. */
const FIRST_REST_MS = 100;
const LONGEST_REST_MS = 60_000;

/** In SQL: a channel for each ledger, since a database may hold several in several schemas. */
const channelOf = (schema: string | undefined) =>
  `'mcp_cashier_' || md5(${schema === undefined ? 'current_schema()' : `'${schema}'`})`;

/** In SQL, for whoever commits something that others want to hear of. @param writer so that it does not wake itself */
export function tellOthers(writer: string, schema: string | undefined): string {
  return `SELECT pg_notify(${channelOf(schema)}, '${writer}')`;
}

export interface PostgresNewsOptions {
  /** Where to listen: not through a pooler. */
  readonly url: string;
  /** The ledger's, where its address names one. */
  readonly schema: string | undefined;
  /** Who says our own words. */
  readonly writer: string;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  /** A statement on the ledger's own way, which may be another one. */
  ask(sql: string, ...values: string[]): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Another has committed something, or may have. */
  heard(): void;
}

/**
 * Hears of what others commit to a ledger in PostgreSQL, on a connection of its own. It counts as hearing only while
 * it hears what we say on the ledger's own way: a pooler takes a LISTEN and never delivers, an address may lead to
 * another database, a socket may be dead without a word. Nothing that is said is more than a hint, and after every gap
 * `heard` is called, so that whoever reads on from where they were misses nothing.
 */
export class PostgresNews implements Ear {
  readonly #options: PostgresNewsOptions;
  readonly #closing = new AbortController();
  readonly #kept: Promise<void>;
  #tried: (error: unknown) => void = () => undefined;
  readonly tried = new Promise<unknown>((resolve) => {
    this.#tried = resolve;
  });
  #isLive = false;

  constructor(options: PostgresNewsOptions) {
    this.#options = options;
    this.#kept = this.#keep();
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#kept;
  }

  async #keep(): Promise<void> {
    const { clock, randomBytes } = this.#options;
    const { signal } = this.#closing;
    for (let rest = FIRST_REST_MS; !signal.aborted; rest = Math.min(rest * 2, LONGEST_REST_MS)) {
      const connection = new Connection(this.#options);
      const end = () => connection.end();
      signal.addEventListener('abort', end);
      const error = await connection.hear(() => {
        rest = FIRST_REST_MS;
        this.#turn(true);
      });
      signal.removeEventListener('abort', end);
      this.#tried(error);
      if (this.#isLive) this.#turn(false);
      await clock.sleep(rest * (1 + (randomBytes(1)[0] ?? 0) / 256), signal);
    }
  }

  #turn(isLive: boolean): void {
    this.#isLive = isLive;
    if (isLive) this.#tried(undefined);
    this.#options.heard();
  }
}

/** One connection, from its beginning to its end. */
class Connection {
  readonly #options: PostgresNewsOptions;
  /** Ours, so that it can be ended although nobody answers at its other end. */
  readonly #socket = new Socket();
  readonly #over = new AbortController();
  #beats = 0;
  #beatHeard: () => void = () => undefined;

  constructor(options: PostgresNewsOptions) {
    this.#options = options;
  }

  end(): void {
    this.#over.abort();
    this.#socket.destroy();
  }

  /** Resolves when it hears no more, with the reason. @param live called once, as soon as it does hear */
  async hear(live: () => void): Promise<unknown> {
    const { schema, clock, ask } = this.#options;
    try {
      const [row] = await ask(`SELECT ${channelOf(schema)} AS channel`);
      const client = await this.#client();
      await client.connect();
      await client.query(`LISTEN ${String(row?.channel)}`);
      await this.#beat();
      live();
      for (;;) {
        await clock.sleep(BEAT_MS, this.#over.signal);
        await this.#beat();
      }
    } catch (error) {
      return error;
    } finally {
      this.end();
    }
  }

  /** Throws for an address that cannot be used, such as one with a certificate that is not there. */
  async #client(): Promise<Client> {
    // CommonJS: once bundled, a lazily loaded one has nothing but its default.
    const { default: pg } = await import('pg');
    const client = new pg.Client({
      connectionString: withTlsChecked(this.#options.url),
      application_name: 'mcp-cashier news',
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: HEARD_MS,
      keepAlive: true,
      stream: () => this.#socket,
    });
    client.on('error', () => this.end());
    client.on('end', () => this.end());
    client.on('notification', ({ payload = '' }) => this.#said(payload));
    return client;
  }

  /** Throws where nothing is heard of what is said. */
  async #beat(): Promise<void> {
    const { writer, schema, clock, ask } = this.#options;
    const over = this.#over.signal;
    const answered = new AbortController();
    const answer = () => answered.abort();
    this.#beats += 1;
    this.#beatHeard = answer;
    over.addEventListener('abort', answer);
    if (!over.aborted) {
      await ask(`SELECT pg_notify(${channelOf(schema)}, $1)`, `${writer} ${this.#beats}`);
      await clock.sleep(HEARD_MS, answered.signal);
    }
    over.removeEventListener('abort', answer);
    if (!answered.signal.aborted || over.aborted) throw new NothingHeard();
  }

  #said(payload: string): void {
    const { writer, heard } = this.#options;
    if (payload === `${writer} ${this.#beats}`) this.#beatHeard();
    // Other words with a number are others' beats, and our own commits are told of from memory.
    else if (!payload.includes(' ') && payload !== writer) heard();
  }
}

/** A connection on which LISTEN is accepted, and that delivers nothing, or has ended. */
export class NothingHeard extends Error {}
