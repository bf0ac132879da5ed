import type { Clock } from '../domain/clock.ts';
import type { Book } from './book.ts';
import { readMeta } from './meta.ts';
import type { SqlValue, Store } from './store.ts';

/** How often (ms) the ledger is looked at for what other processes have committed, while anybody listens. */
const LOOK_EVERY_MS = 250;
/** How many records are taken in at one look. */
const PAGE = 500;

type Listener = (outTradeNo: string) => void;

/**
 * Who hears of orders to which something has happened, once for every record of it: at once of what this process
 * commits, within a quarter of a second of what others do. One look serves everybody who listens.
 */
export class News {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #listeners = new Set<Listener>();
  #following = false;
  /** The newest record that was told of; undefined while nobody listens, or the ledger cannot be read. */
  #seen: number | undefined;
  /** What this process has committed, and told, behind what others have and nobody here has looked at yet. */
  #own: NonNullable<Book['audit']['span']>[] = [];
  readonly #closing = new AbortController();

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** What the listener reads of the ledger after this call, or hears from now on, misses nothing. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (!this.#following) void this.#follow();
    return () => this.#listeners.delete(listener);
  }

  /** This process has committed something, and says so from memory. */
  committed({ changed, audit: { span } }: Pick<Book, 'changed' | 'audit'>): void {
    if (span === undefined || !this.#following) return;
    if (span.after === this.#seen) this.#seen = span.last;
    else this.#own.push(span);
    this.#tell(changed);
  }

  close(): void {
    this.#closing.abort('closed');
  }

  async #follow(): Promise<void> {
    this.#following = true;
    const { signal } = this.#closing;
    // Asked for before the listener can ask for anything, and reads are served in order.
    this.#seen = await this.#head().catch(() => undefined);
    while (this.#listeners.size > 0 && !signal.aborted) {
      await this.#clock.sleep(LOOK_EVERY_MS, signal);
      try {
        const head = await this.#head();
        this.#seen ??= head;
        while (this.#seen < head && !signal.aborted) await this.#page(this.#seen, head);
      } catch {
        // A ledger that cannot be read just now is looked at again; those who move money say what is wrong with it.
      }
    }
    this.#seen = undefined;
    this.#own = [];
    this.#following = false;
  }

  async #page(after: number, head: number): Promise<void> {
    const rows = await this.#store.read((tx) =>
      tx.all(`SELECT seq, out_trade_no FROM audit WHERE seq > ? ORDER BY seq LIMIT ${PAGE}`, after),
    );
    const before = this.#seen ?? after;
    const isTold = (seq: number) =>
      seq <= before || this.#own.some((span) => seq > span.after && seq <= span.last);
    const others = rows.filter(({ seq }) => !isTold(Number(seq)));
    const seen = Math.max(before, Number(rows.at(-1)?.seq ?? head));
    this.#seen = seen;
    this.#own = this.#own.filter(({ last }) => last > seen);
    this.#tell(others.map((row) => row.out_trade_no));
  }

  #tell(outTradeNos: Iterable<SqlValue | undefined>): void {
    for (const number of new Set(outTradeNos)) {
      if (typeof number === 'string') for (const listener of this.#listeners) listener(number);
    }
  }

  /** The number of the newest record. */
  async #head(): Promise<number> {
    const head = await this.#store.read((tx) => readMeta(tx, 'audit_head'));
    return Number(head?.split(' ')[0] ?? 0);
  }
}
