import type { Subject } from '../domain/subject.ts';
import { Approvals } from './approvals.ts';
import { Asking } from './asking.ts';
import type { AuditDetails, AuditKind } from './audit-kinds.ts';
import type { Actor, AuditTrail } from './audit-trail.ts';
import { metaKey } from './beside.ts';
import { GuessCount } from './guess-count.ts';
import { type Fixed, History } from './history.ts';
import { readMeta, writeMeta } from './meta.ts';
import { Offers } from './offers.ts';
import { OperatorBook } from './operator-book.ts';
import { Orders } from './orders.ts';
import { Outbox } from './outbox.ts';
import { Owed, trialDebt } from './owed.ts';
import { PaidCalls } from './paid-calls.ts';
import { PersonBook, rosterDigest } from './person-book.ts';
import { Promises } from './promises.ts';
import { Quotas } from './quotas.ts';
import type { OrderRecord } from './records.ts';
import { Refunds } from './refunds.ts';
import { sealingOf } from './sealing.ts';
import { SessionBook } from './session-book.ts';
import type { Tx } from './store.ts';
import { Subscriptions } from './subscriptions.ts';
import { Takings } from './takings.ts';
import { Tallies } from './tallies.ts';
import { TrailPages } from './trail-pages.ts';

/** The ledger inside one transaction; everything that happens to an order also lands in its history. */
export class Book {
  readonly #tx: Tx;
  readonly #now: number;
  readonly #history: History;
  readonly #tallies: Tallies;
  readonly orders: Orders;
  readonly refunds: Refunds;
  readonly offers: Offers;
  readonly owed: Owed;
  readonly paidCalls: PaidCalls;
  readonly promises: Promises;
  readonly subscriptions: Subscriptions;
  readonly approvals: Approvals;
  readonly quotas: Quotas;
  readonly operator: OperatorBook;
  readonly persons: PersonBook;
  readonly asking: Asking;
  readonly guesses: GuessCount;
  readonly sessions: SessionBook;
  readonly outbox: Outbox;
  readonly trail: TrailPages;
  readonly takings: Takings;

  constructor(tx: Tx, now: number, actor: Actor, fixed: Fixed = {}) {
    this.#tx = tx;
    this.#now = now;
    this.#history = new History(tx, now, actor, fixed);
    this.#tallies = new Tallies(tx);
    this.orders = new Orders(tx, now, this.#history, this.#tallies, (order) => this.#paid(order));
    this.refunds = new Refunds(tx, now, this.#history, this.#tallies);
    this.offers = new Offers(tx, this.#history);
    this.owed = new Owed(tx, now, this.#history);
    this.paidCalls = new PaidCalls(tx, now, this.#history);
    this.promises = new Promises(tx, now, this.#history);
    this.subscriptions = new Subscriptions(tx, now, this.#history, this.#tallies);
    this.approvals = new Approvals(tx, now, this.#history);
    this.quotas = new Quotas(tx, now, this.#tallies);
    this.operator = new OperatorBook(tx, now);
    this.persons = new PersonBook(tx, now);
    this.asking = new Asking(tx, now);
    this.guesses = new GuessCount(tx, now);
    this.sessions = new SessionBook(tx, now);
    this.outbox = new Outbox(tx, now);
    this.trail = new TrailPages(tx);
    this.takings = new Takings(tx);
  }

  get audit(): AuditTrail {
    return this.#history.audit;
  }

  /** Orders touched by this transaction, for those who wait for news. */
  get changed(): ReadonlySet<string> {
    return this.#history.changed;
  }

  /** The last thing that whoever writes has to do. */
  end(): void {
    sealingOf(this.#tx).add(this.audit, this.#tallies.added);
    if (this.changed.size > 0) this.#tx.tell?.();
  }

  /** Appends to the order's history. */
  event<Kind extends AuditKind>(subject: Subject, kind: Kind, detail: AuditDetails[Kind]): Promise<void> {
    return this.#history.event(subject, kind, detail);
  }

  /** What a record tells of all persons and passkeys as they stand now. */
  async roster(): Promise<string> {
    return rosterDigest(this.#tx, await this.salt());
  }

  /** With it go digests of what nobody is to find again by trying. */
  salt(): Promise<string> {
    return this.#history.salt();
  }

  /** What follows from a payment, in its transaction. */
  async #paid(order: OrderRecord): Promise<void> {
    const { adopted, deliverWithinMs, period } = order.terms;
    if (period !== undefined) await this.subscriptions.paid(order);
    if (deliverWithinMs !== undefined) await this.promises.make(order);
    // The trial edition keeps nothing that it is paid; of what another system sold it gives nothing away.
    if (adopted || (await this.#history.realm()) !== 'trial') return;
    await this.owed.owe(trialDebt(order, await this.salt(), this.#now));
  }

  /** Nobody else reads it to change it until this transaction ends. */
  async meta(key: string): Promise<string | undefined> {
    await this.#tx.lock(metaKey(key));
    return readMeta(this.#tx, key);
  }

  async setMeta(key: string, value: string): Promise<void> {
    await this.#tx.lock(metaKey(key));
    await writeMeta(this.#tx, key, value);
  }
}
