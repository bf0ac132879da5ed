import type { Clock } from '../domain/clock.ts';
import type { AuditKind } from './audit-kinds.ts';
import { DEEDS } from './audit-trail.ts';
import type { Book } from './book.ts';
import { readMeta } from './meta.ts';
import type { Ear, SqlValue, Store } from './store.ts';

/** How often (ms) the ledger is looked at for what other processes have committed, while anybody listens. */
const LOOK_EVERY_MS = 250;
/** The same where the database says when there is something to look at. */
const LOOK_ANYWAY_MS = 2_000;
/** How long (ms) news is let gather after a look, so that a busy ledger is not looked at for every record. */
const GATHER_MS = 50;
/** How many records are taken in at one look. */
const PAGE = 500;

/** The record with which an order begins. */
const MADE: AuditKind = 'order-created';

/** @param isNew whether the order was made by what it is told of */
export type OrderListener = (outTradeNo: string, isNew: boolean) => void;

/**
 * Who hears of orders to which something has happened, once for every record of it: at once of what this process
 * commits; of what others do as soon as the database tells, else within a quarter of a second. One look serves
 * everybody who listens, and reads on from the last record that was told of.
 */
export class News {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #listeners = new Set<OrderListener>();
  #following = false;
  /** The newest record that was told of; undefined while nobody listens, or the ledger cannot be read. */
  #seen: number | undefined;
  /** What this process has committed, and told, behind what others have and nobody here has looked at yet. */
  #own: NonNullable<Book['audit']['span']>[] = [];
  #ear: Ear | undefined;
  /** Ends the rest before the next look. */
  #rest = new AbortController();
  readonly #closing = new AbortController();

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** What the listener reads of the ledger after this call, or hears from now on, misses nothing. */
  listen(listener: OrderListener): () => void {
    this.#listeners.add(listener);
    if (!this.#following) void this.#follow();
    return () => this.#listeners.delete(listener);
  }

  /** This process has committed something, and says so from memory. */
  committed({ changed, audit: { span, recorded } }: Pick<Book, 'changed' | 'audit'>): void {
    if (span === undefined || !this.#following) return;
    if (span.after === this.#seen) this.#seen = span.last;
    else this.#own.push(span);
    const made = recorded.filter(({ kind }) => kind === MADE).map(({ outTradeNo }) => outTradeNo);
    this.#tell([...changed].map((number) => [number, made.includes(number)]));
  }

  /** Hears what the database says of others' commits, as far as it says anything; undefined where it has no way to. */
  get ear(): Ear | undefined {
    this.#ear ??= this.#store.listen?.(() => this.#rest.abort('heard'));
    return this.#ear;
  }

  close(): void {
    this.#closing.abort('closed');
    this.#rest.abort('closed');
  }

  async #follow(): Promise<void> {
    this.#following = true;
    const { ear } = this;
    const { signal } = this.#closing;
    // Asked for before the listener can ask for anything, and reads are served in order.
    this.#seen = await this.#head().catch(() => undefined);
    while (this.#listeners.size > 0 && !signal.aborted) {
      await this.#clock.sleep((ear?.isLive ? LOOK_ANYWAY_MS : LOOK_EVERY_MS) - GATHER_MS, this.#rest.signal);
      // What is heard from now on may not be in what is read now.
      this.#rest = new AbortController();
      try {
        this.#seen ??= await this.#head();
        while (!signal.aborted && (await this.#page(this.#seen)));
      } catch {
        // A ledger that cannot be read just now is looked at again; those who move money say what is wrong with it.
      }
      await this.#clock.sleep(GATHER_MS, signal);
    }
    this.#seen = undefined;
    this.#own = [];
    this.#following = false;
  }

  /** Tells of the next records of others. Whether there may be more. */
  async #page(after: number): Promise<boolean> {
    const rows = await this.#store.read((tx) =>
      tx.all(
        `SELECT seq, CASE WHEN ${DEEDS} THEN out_trade_no END AS changed, kind = (SELECT id FROM words WHERE word = ?) AS made
         FROM audit WHERE seq > ? ORDER BY seq LIMIT ${PAGE}`,
        ...[MADE, after],
      ),
    );
    const before = this.#seen ?? after;
    const isTold = (seq: number) =>
      seq <= before || this.#own.some((span) => seq > span.after && seq <= span.last);
    const others = rows.filter(({ seq }) => !isTold(Number(seq)));
    const seen = Math.max(before, Number(rows.at(-1)?.seq ?? 0));
    this.#seen = seen;
    this.#own = this.#own.filter(({ last }) => last > seen);
    this.#tell(others.map(({ changed, made }) => [changed, made === 1]));
    return rows.length === PAGE;
  }

  #tell(happened: readonly (readonly [outTradeNo: SqlValue | undefined, isNew: boolean])[]): void {
    const news = new Map<string, boolean>();
    for (const [number, isNew] of happened) {
      if (typeof number === 'string') news.set(number, isNew || news.get(number) === true);
    }
    for (const [number, isNew] of news) for (const listener of this.#listeners) listener(number, isNew);
  }

  /** The number of the newest record. */
  async #head(): Promise<number> {
    const head = await this.#store.read((tx) => readMeta(tx, 'audit_head'));
    return Number(head?.split(' ')[0] ?? 0);
  }
}
