import type { Clock, RandomBytes } from '../domain/clock.ts';
import type { Realm } from '../domain/order.ts';
import type { Actor } from './audit-trail.ts';
import { beside } from './beside.ts';
import { Book } from './book.ts';
import type { Fixed } from './history.ts';
import { News, type OrderListener } from './news.ts';
import { insistKnownSchema, type Opening, prepareSchema } from './schema.ts';
import { sealingOf } from './sealing.ts';
import type { Ear, Store, Tx } from './store.ts';

/** Who asks the gateways what and when, who guesses, who hears and who is told: of all that a book has, what is not recorded. */
export type Notes = Pick<Book, 'asking' | 'guesses' | 'sessions' | 'outbox' | 'trail' | 'meta' | 'setMeta'>;

/** Writes of a process that wait for their turn: whoever comes after these would wait for seconds. */
const MOST_QUEUED = 200;

export type { Opening } from './schema.ts';

/** Undoes a write that only had to read: what was to stand ahead of it then stands ahead of the first that does more. */
class NothingWritten extends Error {
  readonly result: unknown;

  constructor(result: unknown) {
    super();
    this.result = result;
  }
}

/** Once for all who share a transaction: nobody changes the schema beside them. */
function insistKnown(tx: Tx): Promise<void> {
  const sealing = sealingOf(tx);
  sealing.known ??= insistKnownSchema(tx);
  return sealing.known;
}

/**
 * What is known and what was intended, shared by every process on the same store. A write is durable and visible to
 * all of them when it resolves; listeners hear of it only then.
 */
export class Ledger {
  readonly realm: Realm;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #news: News;
  readonly #fixed: Fixed;
  readonly #actor: Actor;
  /** What the first write has to record before it does anything. */
  #opening: ((book: Book) => Promise<void>) | undefined;
  /** Ends with the last write that had the opening to record: it must stand once, and first. */
  #opened: Promise<unknown> = Promise.resolve();

  private constructor(
    store: Store,
    realm: Realm,
    clock: Clock,
    news: News,
    fixed: Fixed,
    actor: Actor,
    opening?: (book: Book) => Promise<void>,
  ) {
    this.#store = store;
    this.realm = realm;
    this.#clock = clock;
    this.#news = news;
    this.#fixed = fixed;
    this.#actor = actor;
    this.#opening = opening;
  }

  /** Opens, migrates and binds to `realm`. Throws CONFIGURATION for a ledger that is not ours to use. */
  static async open(
    store: Store,
    realm: Realm,
    ports: { readonly clock: Clock; readonly randomBytes: RandomBytes },
    how: Opening = {},
  ): Promise<Ledger> {
    const bound = await prepareSchema(store, realm, {
      now: ports.clock.now(),
      salt: () => ports.randomBytes(16).toString('hex'),
      ...how,
    });
    return new Ledger(store, bound, ports.clock, new News(store, ports.clock), {}, { actor: 'system' });
  }

  /**
   * The same ledger in the name of somebody, who then stands in every record. `opening` is recorded with the first
   * write that commits, ahead of what that one does.
   */
  as(actor: Actor, opening?: (book: Book) => Promise<void>): Ledger {
    return new Ledger(this.#store, this.realm, this.#clock, this.#news, this.#fixed, actor, opening);
  }

  read<T>(work: (book: Book) => Promise<T>): Promise<T> {
    return this.#store.read((tx) => work(this.#book(tx)));
  }

  /** The stored rows as one instant has them, for whoever checks the ledger itself. */
  inspect<T>(work: (tx: Pick<Tx, 'all'>) => Promise<T>): Promise<T> {
    return this.#store.read(work);
  }

  /** Runs `work` alone; nothing of it remains when it throws. */
  write<T>(work: (book: Book) => Promise<T>): Promise<T> {
    return this.#inTurn(() => this.#commit(work));
  }

  /** A write of what costs nobody anything where a power cut undoes it. */
  note<T>(work: (book: Notes) => Promise<T>): Promise<T> {
    return this.#store.note(async (tx) => {
      await insistKnown(tx);
      return work(this.#book(beside(tx)));
    });
  }

  /** Whether so much waits to be written that nobody should come to write more. */
  get isCrowded(): boolean {
    return (this.#store.queued?.() ?? 0) > MOST_QUEUED;
  }

  #inTurn<T>(commit: () => Promise<T>): Promise<T> {
    if (this.#opening === undefined) return commit();
    const mine = this.#opened.then(commit);
    this.#opened = mine.catch(() => undefined);
    return mine;
  }

  /** Records what stands ahead of everything that `as` was called for, if no write has done so yet. */
  async begin(): Promise<void> {
    if (this.#opening !== undefined) await this.#inTurn(() => this.#commit(async () => undefined, true));
  }

  async #commit<T>(work: (book: Book) => Promise<T>, isForced = false): Promise<T> {
    const opening = this.#opening;
    let writes = 0;
    const counted = (tx: Tx): Tx => ({
      ...tx,
      run(sql, ...values) {
        writes += 1;
        return tx.run(sql, ...values);
      },
    });
    try {
      const { book, result } = await this.#store.write(async (tx) => {
        await insistKnown(tx);
        const book = this.#book(opening ? counted(beside(tx)) : beside(tx));
        const done = () => writes + book.audit.recorded.length;
        await opening?.(book);
        const opened = done();
        const result = await work(book);
        if (opening && done() === opened && !isForced) throw new NothingWritten(result);
        book.end();
        return { book, result };
      }, 'beside');
      this.#opening = undefined;
      this.#news.committed(book);
      return result;
    } catch (error) {
      if (error instanceof NothingWritten) return error.result as T;
      throw error;
    }
  }

  #book(tx: Tx): Book {
    return new Book(tx, this.#clock.now(), this.#actor, this.#fixed);
  }

  /**
   * Calls `listener` for every order to which something has happened, after the commit: at once when this process
   * committed it, when another one did as soon as the database tells, else within a quarter of a second. Returns the way
   * to stop it.
   */
  onChange(listener: OrderListener): () => void {
    return this.#news.listen(listener);
  }

  /** How the database tells of what others commit; undefined where it does not, and is looked at. */
  get ear(): Ear | undefined {
    return this.#news.ear;
  }

  close(): Promise<void> {
    this.#news.close();
    return this.#store.close();
  }
}
