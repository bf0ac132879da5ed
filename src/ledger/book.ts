import type { Subject } from '../domain/subject.ts';
import { Approvals } from './approvals.ts';
import { Asking } from './asking.ts';
import type { AuditDetails, AuditKind } from './audit-kinds.ts';
import type { Actor, AuditTrail } from './audit-trail.ts';
import { GuessCount } from './guess-count.ts';
import { History } from './history.ts';
import { readMeta, writeMeta } from './meta.ts';
import { OperatorBook } from './operator-book.ts';
import { Orders } from './orders.ts';
import { Quotas } from './quotas.ts';
import { Refunds } from './refunds.ts';
import type { Tx } from './store.ts';
import { Tallies } from './tallies.ts';

/** The ledger inside one transaction; everything that happens to an order also lands in its history. */
export class Book {
  readonly #tx: Tx;
  readonly #history: History;
  readonly #tallies: Tallies;
  readonly orders: Orders;
  readonly refunds: Refunds;
  readonly approvals: Approvals;
  readonly quotas: Quotas;
  readonly operator: OperatorBook;
  readonly asking: Asking;
  readonly guesses: GuessCount;

  constructor(tx: Tx, now: number, actor: Actor) {
    this.#tx = tx;
    this.#history = new History(tx, now, actor);
    this.#tallies = new Tallies(tx);
    this.orders = new Orders(tx, now, this.#history, this.#tallies);
    this.refunds = new Refunds(tx, now, this.#history, this.#tallies);
    this.approvals = new Approvals(tx, now, this.#history);
    this.quotas = new Quotas(tx, now, this.#tallies);
    this.operator = new OperatorBook(tx, now);
    this.asking = new Asking(tx, now);
    this.guesses = new GuessCount(tx, now);
  }

  get audit(): AuditTrail {
    return this.#history.audit;
  }

  /** Orders touched by this transaction, for those who wait for news. */
  get changed(): ReadonlySet<string> {
    return this.#history.changed;
  }

  /** The last thing that a transaction which writes has to do. */
  async end(): Promise<void> {
    await this.#tallies.flush();
    await this.audit.end();
    if (this.changed.size > 0) this.#tx.tell?.();
  }

  /** Appends to the order's history. */
  event<Kind extends AuditKind>(subject: Subject, kind: Kind, detail: AuditDetails[Kind]): Promise<void> {
    return this.#history.event(subject, kind, detail);
  }

  meta(key: string): Promise<string | undefined> {
    return readMeta(this.#tx, key);
  }

  setMeta(key: string, value: string): Promise<void> {
    return writeMeta(this.#tx, key, value);
  }
}
